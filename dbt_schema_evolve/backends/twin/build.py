"""Creates a catalog's relations on the twin; what cannot be created is a Skip, and costs itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors

from dbt_schema_evolve.backends.postgres.explain import first_line
from dbt_schema_evolve.backends.twin.btree_pages import set_height
from dbt_schema_evolve.backends.twin.built import BuiltIndex, BuiltTable
from dbt_schema_evolve.backends.twin.confined import RIGHTS
from dbt_schema_evolve.backends.twin.extended_statistics import restore_extended
from dbt_schema_evolve.backends.twin.files import pages_on_disk, set_pages
from dbt_schema_evolve.backends.twin.fillers import write_ends
from dbt_schema_evolve.backends.twin.first_pages import write_existing
from dbt_schema_evolve.backends.twin.known_types import with_known_types
from dbt_schema_evolve.backends.twin.sizes.btree import btree_height
from dbt_schema_evolve.backends.twin.sizes.shapes import own_statistics, stored_values
from dbt_schema_evolve.backends.twin.statistics import restore_columns, restore_sizes
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnStatistics,
    FunctionShape,
    IndexShape,
    StatisticsShape,
    TableShape,
    ViewShape,
)
from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName, quoted
from dbt_schema_evolve.records.workload import Skip

Connection = psycopg.Connection[Any]
DATA_ERRORS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    errors.ProgramLimitExceeded,
    errors.RaiseException,  # by a function that stands in for another
)
"""What the two rows of ends can cause, and their absence cures."""

# Extensions that watch or mend a server; some need rights that nothing here has.
NOTHING_TO_PLAN_WITH = frozenset(
    [
        "adminpack",
        "amcheck",
        "auto_explain",
        "hypopg",
        "pageinspect",
        "pg_buffercache",
        "pg_cron",
        "pg_freespacemap",
        "pg_prewarm",
        "pg_repack",
        "pg_stat_kcache",
        "pg_stat_statements",
        "pg_surgery",
        "pg_visibility",
        "pg_walinspect",
        "pg_wait_sampling",
        "pgaudit",
        "pgrowlocks",
        "pgstattuple",
    ]
)

_ENDS = 2  # rows of smallest and largest values


class Builder:
    """Holds what was built so far."""

    def __init__(self, connection: Connection, data: Path) -> None:
        self.connection, self.data = connection, data
        self.tables: dict[RelationName, BuiltTable] = {}
        self.views: dict[RelationName, ViewShape] = {}
        self.indexes: list[BuiltIndex] = []
        self.extended: defaultdict[RelationName, list[StatisticsShape]] = defaultdict(list)
        self._alike: dict[IndexSpec, list[BuiltIndex]] = {}
        self.skips: list[Skip] = []

    def build(self, catalog: Catalog) -> None:
        """Create everything, in the order in which one thing needs another."""
        self._namespaces(catalog)
        later = self._functions(catalog.functions)
        tables, skips = with_known_types(self.connection, catalog.tables)
        self.skips += skips
        by_relation: defaultdict[RelationName, list[IndexShape]] = defaultdict(list)
        for index in catalog.indexes:
            by_relation[index.spec.relation].append(index)
        for table in tables:
            if table.kind is not RelationKind.PARTITIONED_TABLE:
                self.add_table(table, by_relation[table.relation])
        self._partitioned(tables, by_relation)
        for relation, name, definition in catalog.foreign_keys:
            self._foreign_key(relation, name, definition)
        for built in self.tables.values():
            self.finish_table(built)
        for statistics in catalog.extended_statistics:
            if statistics.relation in self.tables:
                self._extended(statistics)
        for function, problem in self._functions(each for each, _ in later):
            self.skips.append(Skip(f"function {function.name}", f"not on the twin: {problem}"))
        for view in catalog.views:
            self._view(view)

    @contextmanager
    def _or_skip(self, subject: str) -> Iterator[None]:
        try:
            with self.connection.transaction():
                yield
        except psycopg.Error as error:
            if self.connection.broken:
                raise
            self.skips.append(Skip(subject, f"not on the twin: {first_line(error)}"))

    def _namespaces(self, catalog: Catalog) -> None:
        names = {table.relation.schema for table in catalog.tables}
        names |= {view.relation.schema for view in catalog.views}
        names |= {schema for _, schema in catalog.extensions} | {*catalog.type_schemas}
        names |= {function.schema for function in catalog.functions}
        for schema in sorted(names - {"pg_catalog"}):
            self.connection.execute(f"create schema if not exists {quoted(schema)}".encode())
        for name, schema in catalog.extensions:
            if name in NOTHING_TO_PLAN_WITH:
                continue
            with self._or_skip(f"extension {name}"):
                self.connection.execute(
                    f"create extension if not exists {quoted(name)}"
                    f" with schema {quoted(schema)} cascade".encode()
                )
        for ddl in catalog.types:
            with self._or_skip(ddl.split(" as ")[0].removeprefix("create ")):
                self.connection.execute(ddl.encode())

    def _functions(self, functions: Iterable[FunctionShape]) -> list[tuple[FunctionShape, str]]:
        """Create functions; return those that need something which is not there yet, and what."""
        self.connection.execute("set check_function_bodies = off")
        left = []
        for function in functions:
            try:
                with self.connection.transaction():
                    self.connection.execute(function.create_sql.encode())
            except psycopg.Error as error:
                if self.connection.broken:
                    raise
                left.append((function, first_line(error)))
        return left

    def add_table(self, table: TableShape, indexes: Sequence[IndexShape] = ()) -> None:
        """Create a table with its rows of ends and its indexes.

        Where two rows break a unique index or an expression, one may not; none never does.
        """
        skips = len(self.skips)
        for rows in range(_ENDS, -1, -1):
            del self.skips[skips:]
            try:
                with self.connection.transaction():
                    built = self._create_table(table)
                    write_ends(
                        self.connection, table, {c.name: c.type for c in table.columns}, rows
                    )
                    added = [self._create_index(built, i, last=not rows) for i in indexes]
            except psycopg.Error as error:
                if self.connection.broken:
                    raise
                problem = error
                continue
            built.written_pages = pages_on_disk(built.path) if built.path else 0
            self.tables[table.relation] = built
            self._remember(added)
            return
        self.skips.append(Skip(str(table.relation), f"not on the twin: {first_line(problem)}"))

    def _create_table(self, table: TableShape) -> BuiltTable:
        columns = ", ".join(_column_ddl(column) for column in table.columns)
        if table.partition_key:
            tail = f"partition by {table.partition_key}"
        else:
            # A vacuum would cut the file, and an index build would count the rows.
            options = ["autovacuum_enabled = false"]
            if table.parallel_workers is not None:
                options.append(f"parallel_workers = {table.parallel_workers}")
            tail = f"with ({', '.join(options)})"
        self.connection.execute(f"create table {table.relation.sql} ({columns}) {tail}".encode())
        oid = self.oid_of(table.relation)
        return BuiltTable(table, oid, None if table.partition_key else self.path_of(oid))

    def oid_of(self, relation: RelationName) -> int:
        """Return the oid of a table, view or index."""
        row = self.connection.execute("select %s::regclass::oid::bigint", (relation.sql,))
        return int(row.fetchall()[0][0])

    def path_of(self, oid: int) -> Path:
        """Return the first file of a table or an index."""
        row = self.connection.execute("select pg_relation_filepath(%s)", (oid,))
        return self.data / str(row.fetchall()[0][0])

    def _create_index(
        self, table: BuiltTable, index: IndexShape, *, last: bool
    ) -> BuiltIndex | None:
        if not index.is_valid and table.path:
            return BuiltIndex(index, 0)
        name = RelationName(index.spec.relation.schema, index.name)
        try:
            with self.connection.transaction():
                self.connection.execute(index.create_sql.encode())
                if index.is_primary and table.path:
                    self.connection.execute(
                        f"alter table {table.shape.relation.sql} add constraint"
                        f" {quoted(index.constraint)} primary key using index"
                        f" {quoted(index.name)}".encode()
                    )
                    name = RelationName(name.schema, index.constraint)
        except psycopg.Error as error:
            if self.connection.broken or (not last and isinstance(error, DATA_ERRORS)):
                raise
            self.skips.append(Skip(str(index.spec), f"not on the twin: {first_line(error)}"))
            return None
        oid = self.oid_of(name)
        if table.path:
            self._give_length(table, index, oid)
        else:
            # Without its partitions' indexes attached it would count as not yet built.
            self.connection.execute(
                f"select {RIGHTS}.mark(%s, is_valid => true, is_unique => %s)".encode(),
                (oid, index.spec.unique),
            )
        return BuiltIndex(index, oid)

    def _give_length(self, table: BuiltTable, index: IndexShape, oid: int) -> None:
        path = self.path_of(oid)
        if index.spec.method == "btree":
            by_column = own_statistics(table.shape.statistics)
            terms = (*(key.term for key in index.spec.keys), *index.spec.include)
            values = stored_values(self.connection, oid, [by_column.get(term) for term in terms])
            set_height(path, btree_height(index.current_pages, values))
        set_pages(path, max(index.current_pages, pages_on_disk(path)))

    def _partitioned(
        self,
        tables: Sequence[TableShape],
        indexes: Mapping[RelationName, Sequence[IndexShape]],
    ) -> None:
        parents = [t for t in tables if t.kind is RelationKind.PARTITIONED_TABLE]
        for table in parents:
            with self._or_skip(str(table.relation)):
                self.tables[table.relation] = self._create_table(table)
        for table in tables:
            parent = self.tables.get(table.partition_of) if table.partition_of else None
            child = self.tables.get(table.relation)
            if parent and child:
                self._attach(parent, child)
        for table in parents:
            if built := self.tables.get(table.relation):
                with self.connection.transaction():
                    added = [
                        self._create_index(built, i, last=True) for i in indexes[table.relation]
                    ]
                self._remember(added)

    def _attach(self, parent: BuiltTable, child: BuiltTable) -> None:
        statement = (
            f"alter table {parent.shape.relation.sql} attach partition"
            f" {child.shape.relation.sql} {child.shape.partition_bound}"
        )
        with self._or_skip(f"{child.shape.relation} as a partition"):
            try:
                with self.connection.transaction():
                    self.connection.execute(statement.encode())
            except errors.CheckViolation:
                # The ends of several columns together need not be a row of this partition.
                self.connection.execute(f"delete from {child.shape.relation.sql}".encode())
                self.connection.execute(statement.encode())
            parent.partitions.append(child.shape.relation)

    def _foreign_key(self, relation: RelationName, name: str, definition: str) -> None:
        if relation not in self.tables:
            return
        # The planner trusts it either way, and there are no rows to check.
        unchecked = definition.removesuffix(" NOT VALID") + " not valid"
        with self._or_skip(f"{relation}: foreign key {name}"):
            self.connection.execute(
                f"alter table {relation.sql} add constraint {quoted(name)} {unchecked}".encode()
            )

    def finish_table(self, built: BuiltTable) -> None:
        """Restore statistics, then give the file its length: nothing reads the table after."""
        table = built.shape
        with self.connection.transaction():
            required = [column.name for column in table.columns if column.not_null]
            # ALTER TABLE would look for nulls in the rows.
            self.connection.execute(
                f"select {RIGHTS}.require(%s, %s::text[])".encode(), (built.oid, required)
            )
        with self._or_skip(f"statistics of {table.relation}"):
            restore_sizes(
                self.connection, table.relation, table.pages, table.rows, table.all_visible_pages
            )
            self._restore(table.relation, table.relation, table.statistics)
        for index in built.indexes:
            name = RelationName(table.relation.schema, index.shape.name)
            with self._or_skip(f"statistics of {index.shape.spec}"):
                restore_sizes(self.connection, name, index.shape.pages, index.shape.rows)
                self._restore(index.shape.spec, name, index.shape.statistics)
            write_existing(self.connection, index.oid, self.path_of(index.oid), index.shape, table)
        built.stretch()

    def _restore(
        self,
        subject: RelationName | IndexSpec,
        relation: RelationName,
        statistics: Sequence[ColumnStatistics],
    ) -> None:
        for column in restore_columns(self.connection, relation, statistics):
            self.skips.append(
                Skip(f"{subject}.{column}", "not all of its statistics can be restored")
            )

    def _extended(self, statistics: StatisticsShape) -> None:
        with self._or_skip(f"statistics {statistics.name}"):
            restore_extended(self.connection, statistics)
        self.extended[statistics.relation].append(statistics)

    def leaves(self, relation: RelationName) -> tuple[RelationName, ...]:
        """Return the tables that hold the rows: itself, or its partitions and theirs."""
        table = self.tables[relation]
        if table.path:
            return (relation,)
        return tuple(leaf for part in table.partitions for leaf in self.leaves(part))

    def existing(self, spec: IndexSpec) -> tuple[BuiltIndex, ...]:
        """Return one index of this structure, on each partition where there are some.

        Of two with the same structure it is the one that backs no constraint.
        """
        found = []
        for leaf in self.leaves(spec.relation):
            alike = self._alike.get(replace(spec, relation=leaf), [])
            found += sorted(alike, key=lambda index: bool(index.shape.constraint))[:1]
        return tuple(found)

    def _remember(self, indexes: Sequence[BuiltIndex | None]) -> None:
        for index in indexes:
            if index:
                self.indexes.append(index)
                if index.oid:
                    self.tables[index.shape.spec.relation].indexes.append(index)
                self._alike.setdefault(index.shape.spec, []).append(index)

    def _view(self, view: ViewShape) -> None:
        with self._or_skip(str(view.relation)):
            self.connection.execute(view_ddl(view, view.definition).encode())
            self.views[view.relation] = view


def _column_ddl(column: Column) -> str:
    collation = f" collate {column.collation}" if column.collation else ""
    expression = f" generated always as ({column.expression}) virtual" if column.expression else ""
    return f"{quoted(column.name)} {column.type}{collation}{expression}"


def view_ddl(view: ViewShape, definition: str) -> str:
    """Return DDL that makes a view, or gives one a new query under the same name and columns."""
    columns = ", ".join(quoted(column.name) for column in view.columns)
    names = f" ({columns})" if columns else ""
    options = f" with ({', '.join(view.options)})" if view.options else ""
    return f"create or replace view {view.relation.sql}{names}{options} as {definition}"
