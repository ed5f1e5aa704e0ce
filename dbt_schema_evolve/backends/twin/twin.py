"""Prices queries under designs that do not exist, on a server of our own that holds no rows."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.explain import first_line, plan_of
from dbt_schema_evolve.backends.postgres.plans import IndexUse, read_plan
from dbt_schema_evolve.backends.twin.build import Builder
from dbt_schema_evolve.backends.twin.change import Change, Changes, words
from dbt_schema_evolve.backends.twin.confined import RIGHTS, STATEMENT_TIMEOUT, Confined
from dbt_schema_evolve.backends.twin.files import PAGE_BYTES
from dbt_schema_evolve.backends.twin.hypothetical import HypotheticalIndexes
from dbt_schema_evolve.backends.twin.locale import create_database
from dbt_schema_evolve.backends.twin.planner_settings import planner_settings
from dbt_schema_evolve.backends.twin.stored import StoredViews
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.recommend.cost import AS_IT_IS, Estimate, Unpriced
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import (
    Configuration,
    DropIndexSpec,
    IndexSpec,
    Spec,
)
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.twin_file import Standing
from dbt_schema_evolve.records.workload import Skip

SERVER = {
    "autovacuum": "off",
    # With less, making a database waits for the one before to be written.
    "shared_buffers": "128MB",
    "max_connections": "10",
    "shared_preload_libraries": "",
    # Planning locks every index of a table, the hidden ones too.
    "max_locks_per_transaction": "1024",
    "temp_file_limit": "1GB",
}
_SUPERUSER_SETTINGS = {
    # Inner pages of our making carry no checksum.
    "ignore_checksum_failure": "on",
}
_SESSION = {
    "client_min_messages": "error",
    # Otherwise a small new file is read back into the server's memory when it is committed.
    "wal_skip_threshold": "0",
    "search_path": "",
}
_databases = itertools.count(1)


class PlannerTwin:
    """A cost oracle: the warehouse's schema and statistics under Postgres's own planner.

    `home` is a folder, in which a server of its own is started, or a running server, in which a
    database of its own is made. Neither outlives the `with` block.

    `definitions` are the queries of dbt models that are tables today; `origins` say from which
    stored column a view's column comes unchanged; `search_path` resolves unqualified names.
    """

    def __init__(
        self,
        home: Path | Cluster,
        catalog: Catalog,
        *,
        database: str | None = None,
        search_path: Sequence[str] = ("public",),
        definitions: Mapping[RelationName, str] | None = None,
        origins: Mapping[ColumnName, ColumnName] | None = None,
    ) -> None:
        self._home, self.catalog = home, catalog
        self._database = database or f"schema_evolve_twin_{next(_databases)}"
        self._search_path = tuple(search_path)
        self._definitions, self._origins = definitions or {}, origins or {}
        self._open = ExitStack()
        self.skips: tuple[Skip, ...] = ()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if isinstance(self._home, Cluster):
                cluster = self._home
            else:
                cluster = stack.enter_context(Cluster(self._home, SERVER))
            self._start(cluster, stack)
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def _start(self, cluster: Cluster, stack: ExitStack) -> None:
        skips = list(self.catalog.skips)
        confined = Confined(cluster, self._database)
        stack.callback(confined.drop)
        with cluster.connect() as admin:
            confined.create_role(admin)
            skips += create_database(admin, self._database, self.catalog, confined.role)
        confined.prepare(_SUPERUSER_SETTINGS)
        building = stack.enter_context(confined.session(one_statement=True))
        self._planning = stack.enter_context(confined.session(one_statement=False))
        # What is prepared once would be analysed once, under one configuration.
        self._planning.prepare_threshold = None
        for connection in (building, self._planning):
            for name, value in _SESSION.items():
                _set(connection, name, value)
        self._builder = Builder(building, cluster.data)
        self._builder.build(self.catalog)
        skips += self._builder.skips
        for name, value in planner_settings(self.catalog):
            try:
                _set(self._planning, name, value)
            except psycopg.Error as error:
                skips.append(Skip(f"setting {name}", first_line(error)))
        _set(self._planning, "statement_timeout", STATEMENT_TIMEOUT)
        _set(self._planning, "search_path", *self._search_path)
        self._hypothetical = HypotheticalIndexes(self._builder, lambda query: self._ask(query)[0])
        self._stored = StoredViews(self._builder, self._ask, self._definitions, self._origins)
        self._structures: dict[IndexUse, IndexSpec] = {
            (index.shape.spec.relation, index.shape.name): index.shape.spec
            for index in self._builder.indexes
        }
        self.skips = tuple(sorted(set(skips), key=lambda skip: (skip.subject, skip.reason)))
        self._changes = Changes(self._builder, self._hypothetical, self._stored, self.skips)

    @property
    def standing(self) -> Standing:
        """How much stands here."""
        built = self._builder
        return Standing(len(built.tables), len(built.views), len(built.indexes))

    def _ask(self, query: str) -> tuple[float, int]:
        """Return the planner's row count and row width for a query of ours."""
        plan = plan_of(self._planning, query)
        if isinstance(plan, Unpriced):
            raise TwinError(plan.reason, at=query, remedy="report this: the query is our own")
        return plan["Plan Rows"], plan["Plan Width"]

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price each query, in order, as if the configuration stood; nothing stays changed."""
        change = self._changes.of(configuration)
        with self._in_force(change, configuration):
            return tuple(self._price(query, change) for query in queries)

    @contextmanager
    def _in_force(self, change: Change, configuration: Configuration) -> Iterator[None]:
        connection = self._planning
        statements = [b"begin"]
        if change.flipped:
            oids = ", ".join(str(oid) for oid in sorted(change.flipped))
            # The planner leaves out an index that is not valid; nothing else about it changes.
            statements.append(f"select {RIGHTS}.flip(array[{oids}]::oid[])".encode())
        statements += self._stored.ddl(change.stored, change.unstored)
        statements.append(b"savepoint configured")
        try:
            try:
                # One message: a round trip takes as long as the planning of a small query.
                connection.execute(b";\n".join(statements))
            except psycopg.Error as error:
                raise self._stored.check(error, words(configuration)) from error
            yield
        finally:
            if not connection.closed:
                connection.execute(b"rollback")

    def _price(self, query: str, change: Change) -> Estimate | Unpriced:
        try:
            plan = plan_of(self._planning, query)
        except psycopg.Error as error:
            if self._planning.broken:
                raise TwinError(
                    f"the twin's server is gone: {first_line(error)}",
                    remedy="check memory and disk space, then start the twin again",
                ) from error
            self._planning.execute("rollback to savepoint configured")
            return Unpriced(first_line(error))
        if isinstance(plan, Unpriced):
            return plan
        structures = self._structures | change.structures
        return read_plan(plan, structures, change.requested, self._stored.original)

    def size_bytes(self, spec: Spec) -> int:
        """Return the extra space of a spec, negative for what it frees."""
        if isinstance(spec, DropIndexSpec):
            return (
                -sum(index.shape.current_pages for index in self._changes.dropped(spec))
                * PAGE_BYTES
            )
        if isinstance(spec, IndexSpec):
            if self._changes.exists(spec):
                return 0
            indexes = self._hypothetical.on(spec, self._changes.storage_of(spec, stored=True))
            return sum(index.pages for index in indexes) * PAGE_BYTES
        change = self._changes.of(frozenset({spec}))
        gained = (self._stored.table_of(relation) for relation in change.stored)
        return sum(self._table_bytes(table) for table in gained) - sum(
            self._table_bytes(table) for table in change.unstored
        )

    def _table_bytes(self, relation: RelationName) -> int:
        built = self._builder.tables[relation]
        pages = built.shape.current_pages + sum(
            index.shape.current_pages
            for index in self._builder.indexes
            if index.shape.spec.relation == relation
        )
        return pages * PAGE_BYTES + sum(self._table_bytes(part) for part in built.partitions)


def _set(connection: psycopg.Connection[Any], name: str, *values: str) -> None:
    # A list, such as search_path, is one quoted name after the other.
    literals = sql.SQL(", ").join(sql.Literal(value) for value in values)
    connection.execute(sql.SQL("set {} to {}").format(sql.Identifier(name), literals))
