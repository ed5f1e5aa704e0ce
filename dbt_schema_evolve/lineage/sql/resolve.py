"""Walks one statement as Postgres would read it: what it reads, how, and what comes out."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlglot import exp

from dbt_schema_evolve.lineage.sql import clauses, foreign, from_items
from dbt_schema_evolve.lineage.sql.conditions import condition
from dbt_schema_evolve.lineage.sql.ctes import with_clause
from dbt_schema_evolve.lineage.sql.flow import sources
from dbt_schema_evolve.lineage.sql.headings import UNNAMED, heading
from dbt_schema_evolve.lineage.sql.notes import PLAIN, Detail, Notes
from dbt_schema_evolve.lineage.sql.parsing import (
    MARK,
    TEXT,
    TOO_DEEP,
    DoubtError,
    Parse,
    UnreadableError,
    identifier,
    marked,
    parse,
)
from dbt_schema_evolve.lineage.sql.rows import (
    NOTHING,
    Anything,
    Entry,
    Found,
    Output,
    Rows,
    Sources,
    merged,
    united,
    whole,
)
from dbt_schema_evolve.lineage.sql.schema import SYSTEM_SCHEMAS, LineageSchema, ViewFacts
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Ctes
from dbt_schema_evolve.lineage.sql.writing import TRANSIENT, changed, created, target
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import UseKind

_NO_COLUMNS = frozenset(
    ["current_catalog", "current_role", "current_schema", "default", "system_user", "user"]
)


class Resolver:
    """The walk over one statement; ask `statement`, then read the notes.

    With `expand`, views are looked through, so that every column is one of a stored relation;
    without, relations are taken as written, and dbt's inlined ephemeral models as relations.
    """

    def __init__(self, schema: LineageSchema, text: str, *, expand: bool) -> None:
        self.schema, self.text, self.expand = schema, text, expand
        self.notes = Notes()
        self.writes: RelationName | None = None
        self.put: Rows | None = None  # what INSERT, UPDATE or MERGE puts into its columns
        self.meanings: dict[int, Found] = {}  # by the id() of a Column node

    def statement(self, tree: exp.Expr) -> Rows:
        """Resolve a whole statement; what it returns, or what it creates a relation from."""
        if isinstance(tree, exp.Create):
            rows = created(tree, self)
        else:
            rows = self.rows(tree, None, {})
            into = tree.args.get("into")
            if isinstance(into, exp.Into):
                self.writes = target(into.this, self)
        for output in rows.outputs:
            self.mark(output.sources, UseKind.OUTPUT)
        return rows

    def query(self, node: exp.Expr, scope: Scope) -> Rows:
        """Resolve a query that stands inside an expression, or is LATERAL."""
        return self.rows(node, scope, scope.ctes)

    def rows(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Rows:
        """Resolve a query of any form."""
        foreign.check(node)
        ctes = with_clause(node, parent, ctes, self)
        if isinstance(node, exp.Subquery | exp.Paren):
            rows = self.rows(node.this, parent, ctes)
            self._sorted(node, rows, parent, ctes)
            return rows
        if isinstance(node, exp.Select):
            return clauses.select(node, Scope(parent, ctes), self)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, ctes)
        if isinstance(node, exp.Values):
            return self.values(node, Scope(parent, ctes))
        if isinstance(node, exp.Table):
            scope = Scope(parent, ctes)
            return from_items.item(node, scope, self)
        if isinstance(node, exp.DML):
            return changed(node, parent, ctes, self)
        raise UnreadableError(f"{type(node).__name__} is not a query that we know")

    def values(self, node: exp.Values, scope: Scope) -> Rows:
        """Resolve a list of rows; its columns are column1, column2, ..."""
        width = 0
        columns: list[list[Sources]] = []
        for row in node.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            width = max(width, len(cells))
            columns.append([sources(cell, scope, self) for cell in cells])
        return Rows(
            [
                Output(f"column{at + 1}", merged(row[at] for row in columns if at < len(row)))
                for at in range(width)
            ]
        )

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None, ctes: Ctes) -> Rows:
        # A union of hundreds of arms nests to the left: climb down without recursion.
        arms: list[exp.SetOperation] = []
        first: exp.Expr = node
        while isinstance(first, exp.SetOperation) and (
            first is node or not (first.args.get("with_") or first.args.get("order"))
        ):
            foreign.check(first)
            arms.append(first)
            first = first.this
        rows = self.rows(first, parent, ctes)
        for arm in reversed(arms):
            rows = self.combined(rows, self.rows(arm.expression, parent, ctes), arm)
        self._sorted(node, rows, parent, ctes)
        return rows

    def combined(self, left: Rows, right: Rows, node: exp.SetOperation) -> Rows:
        """Return the rows of two arms; unless all are kept, whole rows are compared."""
        if isinstance(node, exp.Union):
            rows = united(left, right)
            if node.args.get("distinct"):
                self._compared(rows, IndirectKind.GROUP)
            return rows
        self._compared(left, IndirectKind.JOIN)
        self._compared(right, IndirectKind.JOIN)
        if right.rests or not left.rests:
            return left
        return united(left, right.without_sources())  # which spells out what the left one has

    def _compared(self, rows: Rows, decides: IndirectKind) -> None:
        for output in rows.outputs:
            self.mark(output.sources, UseKind.OUTPUT, decides=decides)

    def _sorted(self, node: exp.Expr, rows: Rows, parent: Scope | None, ctes: Ctes) -> None:
        """Note the ORDER BY of a set operation or of a query in parentheses."""
        order = node.args.get("order")
        if order is not None:
            scope = Scope(parent, ctes)
            scope.add("", rows)
            clauses.order_by(order, rows.outputs, scope, self)

    def column(self, node: exp.Column, scope: Scope) -> Found:
        """Find out what a column reference means."""
        found = self.meanings.get(id(node))
        if found is None:
            found = self.meanings[id(node)] = self._meaning(node, scope)
        return found

    def _meaning(self, node: exp.Column, scope: Scope) -> Found:
        table = node.args.get("table")
        if isinstance(node.this, exp.Star):
            entry = scope.entry(identifier(table))
            return Found(Output("*", whole(entry)), None)
        name = identifier(node.this)
        if not table and (
            name.startswith(MARK) or (name in _NO_COLUMNS and not node.this.args.get("quoted"))
        ):
            return Found(Output(name, NOTHING), None)
        try:
            return scope.qualified(identifier(table), name) if table else scope.column(name)
        except DoubtError as doubt:
            if self.expand:  # who asks for uses must not miss one
                raise
            self.notes.doubts.add(doubt.reason)
            return Found(Output(name, NOTHING), None)

    def forget(self, node: exp.Expr) -> None:
        """Let the columns of a part mean something else in the next round of a recursion."""
        for column in node.find_all(exp.Column):
            self.meanings.pop(id(column), None)

    def mark(
        self,
        sources: Sources,
        kind: UseKind,
        detail: Detail = PLAIN,
        decides: IndirectKind | None = None,
    ) -> None:
        """Note what the statement does with some columns."""
        self.notes.mark(sources, kind, detail, decides)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take no notes of what is resolved inside."""
        kept, self.notes = self.notes, Notes()
        yield
        self.notes = kept

    def relation(self, node: exp.Table) -> RelationName:
        """Return the relation that a table reference means."""
        return self.schema.relation(identifier(node.args.get("db")), identifier(node.this))

    def read(self, relation: RelationName) -> Entry:
        """Return a relation as something in FROM, views looked through."""
        if relation.schema in SYSTEM_SCHEMAS:
            self.notes.reads.add(relation)
            return Anything(NOTHING)
        if TRANSIENT.search(relation.name) and relation not in self.schema.columns:
            return Anything(NOTHING)  # what dbt builds on the way lives for one run
        self.notes.reads.add(relation)
        facts = expanded(self.schema, relation) if self.expand else None
        if facts is None:
            self.notes.base.add(relation)
            return self.schema.leaf(relation)
        self.notes.base |= facts.base_relations
        self.notes.views |= facts.views
        self.notes.inherited |= facts.uses
        return facts.rows

    def heading(self, node: exp.Expr) -> str:
        """Return what Postgres calls an output column."""
        return heading(node, self.text) or UNNAMED

    def condition(self, node: exp.Expr, scope: Scope) -> None:
        """Note the uses of a predicate."""
        condition(node, scope, self)


def expanded(schema: LineageSchema, relation: RelationName) -> ViewFacts | None:
    """Return what executing a view amounts to; None for what is no view, or cannot be read."""
    if relation not in schema.expanded:
        schema.expanded[relation] = None  # a view that reads itself, in a manifest made by hand
        definition = schema.views.get(relation)
        if definition is not None:
            schema.expanded[relation] = _expanded(schema, relation, definition)
    return schema.expanded[relation]


def resolved(
    sql: str,
    schema: LineageSchema,
    *,
    expand: bool,
    parsed: Parse = parse,
) -> tuple[exp.Expr, Resolver, Rows]:
    """Parse and walk a statement; raise UnreadableError, and nothing else, where that fails."""
    tree = parsed(marked(sql))
    resolver = Resolver(schema, tree.meta[TEXT], expand=expand)
    try:
        return tree, resolver, resolver.statement(tree)
    except RecursionError:
        raise UnreadableError(TOO_DEEP) from None


def _expanded(schema: LineageSchema, relation: RelationName, sql: str) -> ViewFacts | None:
    try:
        tree = parse(marked(sql))
        resolver = Resolver(schema, tree.meta[TEXT], expand=True)
        # Not `statement`: which of its columns are output is for the query that reads it to say.
        rows = resolver.rows(tree, None, {})
    except (UnreadableError, RecursionError):
        return None
    columns = schema.columns.get(relation, ())
    if len(columns) == len(rows.outputs) and not rows.rests:
        pairs = zip(columns, rows.outputs, strict=True)
        rows = Rows([Output(column.name, output.sources, column.type) for column, output in pairs])
    return ViewFacts(
        rows,
        frozenset(resolver.notes.base),
        frozenset(resolver.notes.views | {relation}),
        resolver.notes.uses,
    )
