"""What the parts of the walk over a statement ask of the whole."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.notes import PLAIN, Detail, Notes
from dbt_schema_evolve.lineage.sql.rows import Entry, Found, Rows, Sources
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import UseKind

Ctes = Mapping[str, Callable[[], Rows]]
"""The WITH queries in sight; each is resolved when it is first read."""


class Walk(Protocol):
    """The walk over one statement, as its clauses and expressions see it."""

    schema: LineageSchema
    expand: bool
    notes: Notes
    writes: RelationName | None
    put: Rows | None

    def query(self, node: exp.Expr, scope: Scope) -> Rows:
        """Resolve a query that stands inside an expression, or is LATERAL."""
        ...

    def rows(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Rows:
        """Resolve a query of any form."""
        ...

    def combined(self, left: Rows, right: Rows, node: exp.SetOperation) -> Rows:
        """Return the rows of two arms of a set operation."""
        ...

    def values(self, node: exp.Values, scope: Scope) -> Rows:
        """Resolve a list of rows."""
        ...

    def column(self, node: exp.Column, scope: Scope) -> Found:
        """Find out what a column reference means."""
        ...

    def relation(self, node: exp.Table) -> RelationName:
        """Return the relation that a table reference means."""
        ...

    def read(self, relation: RelationName) -> Entry:
        """Return a relation as something in FROM, and note that it is read."""
        ...

    def forget(self, node: exp.Expr) -> None:
        """Let the columns of a part mean something else in the next round of a recursion."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """Take no notes of what is resolved inside."""
        ...

    def heading(self, node: exp.Expr) -> str:
        """Return what Postgres calls an output column."""
        ...

    def condition(self, node: exp.Expr, scope: Scope) -> None:
        """Note the uses of a predicate."""
        ...

    def mark(
        self,
        sources: Sources,
        kind: UseKind,
        detail: Detail = PLAIN,
        decides: IndirectKind | None = None,
    ) -> None:
        """Note what the statement does with some columns."""
        ...
