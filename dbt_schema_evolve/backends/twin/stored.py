"""Keeps a view's rows in a table, or a table's query in a view, without moving what reads it.

A view that would be stored gets a table of its own in a hidden schema, sized by the planner's
estimate for the view's query. To price the change, the view is redefined to read that table: the
planner looks through such a view, and whatever reads it stays as it is.

A table that would be a view moves out of the way, a view takes its name, and the views that read
it are redefined under the names they have.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import psycopg

from dbt_schema_evolve.backends.postgres.explain import first_line
from dbt_schema_evolve.backends.twin.build import Builder, view_ddl
from dbt_schema_evolve.backends.twin.sizes.btree import heap_pages
from dbt_schema_evolve.backends.twin.sizes.shapes import own_statistics, stored_values
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.records.catalog import ColumnStatistics, TableShape, ViewShape
from dbt_schema_evolve.records.relations import (
    Column,
    ColumnName,
    RelationKind,
    RelationName,
    quoted,
)

HIDDEN_SCHEMA = "schema_evolve_twin"
Ask = Callable[[str], tuple[float, int]]
"""The planner's row count and row width for a query."""

_READERS = """
select distinct n.nspname, c.relname
from pg_catalog.pg_depend as d
inner join pg_catalog.pg_rewrite as r on d.objid = r.oid
inner join pg_catalog.pg_class as c on r.ev_class = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where d.classid = 'pg_catalog.pg_rewrite'::regclass
    and d.refclassid = 'pg_catalog.pg_class'::regclass
    and d.refobjid = %s and r.ev_class <> %s
"""


class StoredViews:
    """Makes the hidden tables when first asked, and remembers them."""

    def __init__(
        self,
        builder: Builder,
        ask: Ask,
        definitions: Mapping[RelationName, str],
        origins: Mapping[ColumnName, ColumnName],
    ) -> None:
        self._builder, self._ask = builder, ask
        self._definitions, self._origins = definitions, origins
        self._tables: dict[RelationName, RelationName] = {}

    def original(self, relation: RelationName) -> RelationName:
        """Return the view that a hidden table stands for; any other relation is itself."""
        return next((view for view, table in self._tables.items() if table == relation), relation)

    def table_of(self, view: RelationName) -> RelationName:
        """Return the hidden table with this view's rows."""
        if view not in self._tables:
            self._tables[view] = self._make(self._builder.views[view])
        return self._tables[view]

    def _make(self, view: ViewShape) -> RelationName:
        connection = self._builder.connection
        hidden = RelationName(HIDDEN_SCHEMA, f"stored_{len(self._tables) + 1}")
        rows, _ = self._ask(f"select * from {view.relation.sql}")
        statistics = tuple(self._statistics(view, column, rows) for column in view.columns)
        connection.execute(f"create schema if not exists {HIDDEN_SCHEMA}".encode())
        with connection.transaction(force_rollback=True):
            # Only the server knows how each type is laid out.
            connection.execute(
                f"create table {hidden.sql} as select * from {view.relation.sql}"
                " with no data".encode()
            )
            values = stored_values(connection, self._builder.oid_of(hidden), statistics)
        pages = heap_pages(rows, values)
        visible = round(pages * self._visible_ratio())
        shape = TableShape(
            hidden, RelationKind.TABLE, view.columns, rows, pages, visible, statistics
        )
        self._builder.add_table(shape)
        self._builder.finish_table(self._builder.tables[hidden])
        return hidden

    def _statistics(self, view: ViewShape, column: Column, rows: float) -> ColumnStatistics:
        """What the planner expects of the column, with the values of the column it comes from."""
        name, source = quoted(column.name), view.relation.sql
        distinct, _ = self._ask(f"select {name} from {source} group by {name}")
        nulls, _ = self._ask(f"select 1 from {source} where {name} is null")
        _, width = self._ask(f"select {name} from {source}")
        expected = ColumnStatistics(
            column.name,
            inherited=False,
            # The planner never expects less than one row, so one row says nothing.
            null_fraction=min(nulls / rows, 1.0) if nulls > 1 and rows else 0.0,
            average_width=width,
            n_distinct=-1.0 if distinct >= rows else distinct,
        )
        known = self._origin(ColumnName(view.relation, column.name))
        if known is None or rows <= len(known.histogram_bounds or ()):
            return expected
        return replace(
            expected,
            null_fraction=known.null_fraction,
            average_width=known.average_width,
            most_common_values=known.most_common_values,
            most_common_frequencies=known.most_common_frequencies,
            histogram_bounds=known.histogram_bounds,
        )

    def _origin(self, column: ColumnName) -> ColumnStatistics | None:
        origin = self._origins.get(column)
        table = self._builder.tables.get(origin.relation) if origin else None
        if origin is None or table is None:
            return None
        return own_statistics(table.shape.statistics).get(origin.column)

    def _visible_ratio(self) -> float:
        """How much of a table is known to be visible to all, as vacuum keeps it here."""
        shapes = [table.shape for table in self._builder.tables.values()]
        pages = sum(shape.pages for shape in shapes)
        return sum(shape.all_visible_pages for shape in shapes) / pages if pages else 0.0

    def ddl(self, stored: Sequence[RelationName], unstored: Sequence[RelationName]) -> list[bytes]:
        """Return the statements that put both lists in force; to be rolled back."""
        statements: list[str] = []
        for number, table in enumerate(unstored, start=1):
            statements += self._as_view(table, f"schema_evolve_was_{number}", frozenset(stored))
        for view in stored:
            shape = self._builder.views[view]
            table = self.table_of(view)
            columns = ", ".join(quoted(column.name) for column in shape.columns)
            plain = replace(shape, options=())
            statements.append(view_ddl(plain, f"select {columns} from {table.sql}"))
        return [statement.encode() for statement in statements]

    def _as_view(
        self, relation: RelationName, hidden: str, stored: frozenset[RelationName]
    ) -> list[str]:
        built = self._builder.tables[relation]
        definition = self._definitions.get(relation) or built.shape.definition
        if not definition:
            raise TwinError(
                f"{relation} cannot be priced as a view: its query is not known",
                at=str(relation),
                remedy="compile the dbt project, so that the model's SQL is at hand",
            )
        columns = ", ".join(
            f"q.{quoted(c.name)}::{c.type} as {quoted(c.name)}" for c in built.shape.columns
        )
        view = ViewShape(relation, built.shape.columns, "")
        readers = self._builder.connection.execute(_READERS, (built.oid, built.oid)).fetchall()
        affected = {RelationName(*row) for row in readers} - stored
        return [
            f"alter table {relation.sql} rename to {quoted(hidden)}",
            # A definition may end in a comment.
            view_ddl(view, f"select {columns} from ({definition.rstrip().rstrip(';')}\n) as q"),
            *(
                view_ddl(shape, shape.definition)
                for name, shape in self._builder.views.items()
                if name in affected
            ),
        ]

    def check(self, error: psycopg.Error, about: str) -> TwinError:
        """Say why a materialization cannot be priced."""
        return TwinError(
            f"the materialization cannot be: {first_line(error)}",
            at=about,
            remedy="check that the model's SQL runs, and gives the columns that the relation has",
        )
