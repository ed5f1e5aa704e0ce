"""Prices indexes by building them, in a transaction that is rolled back: slow, and exact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import psycopg

from dbt_schema_evolve.backends.oracles.expendable import check_expendable, check_shadow
from dbt_schema_evolve.backends.oracles.known_indexes import KnownIndexes, refuse_kind
from dbt_schema_evolve.backends.postgres.catalog_sql import Row, rows_of
from dbt_schema_evolve.backends.postgres.explain import first_line, plan_of
from dbt_schema_evolve.backends.postgres.plans import IndexUse, read_plan
from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.cost import AS_IT_IS, Estimate, Unpriced
from dbt_schema_evolve.records.changes import Configuration, DropIndexSpec, IndexSpec, Spec
from dbt_schema_evolve.records.relations import RelationName, quoted

LOCK_TIMEOUT = "5s"  # whoever uses the tables goes first
BUILD_TIMEOUT = "15min"  # for an index on the largest table that a shadow should hold


@dataclass(slots=True)
class _InForce:
    """A configuration that stands until the transaction ends."""

    structures: dict[IndexUse, IndexSpec]
    requested: dict[IndexUse, IndexSpec] = field(default_factory=dict)


class RealIndexOracle:
    """A cost oracle for indexes of any method and for drops, on a shadow.

    Without `expendable` it touches relations of schemas only that carry our shadow's mark. With it,
    the name of the connection's database, any: somebody's word that nothing there is production.
    Writers wait while it works. The connection is the oracle's alone, in autocommit mode.

    A build notes the true number of rows of its table, and that outlives the rollback: relations
    should have been vacuumed since they changed, or the first build changes later prices.
    """

    def __init__(
        self,
        connection: psycopg.Connection[Any],
        *,
        expendable: str | None = None,
        lock_timeout: str = LOCK_TIMEOUT,
    ) -> None:
        self._connection, self._expendable = connection, expendable
        self._timeouts = {"lock_timeout": lock_timeout, "statement_timeout": BUILD_TIMEOUT}
        self._sizes: dict[IndexSpec, int] = {}

    def __enter__(self) -> Self:
        if self._expendable is not None:
            check_expendable(self._connection, self._expendable)
        self._known = KnownIndexes(self._connection)
        # What is prepared once would be analysed once, under one configuration.
        self._connection.prepare_threshold = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing to undo: every configuration was rolled back when its prices were known."""

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price each query, in order, with the configuration built."""
        with self._connection.transaction(force_rollback=True):
            in_force = self._put_in_force(configuration)
            return tuple(self._price(query, in_force) for query in queries)

    def size_bytes(self, spec: Spec) -> int:
        """Return what the index takes once it is built, or what its drop frees."""
        if isinstance(spec, DropIndexSpec):
            return -self._bytes(self._name_to_drop(spec))
        if not isinstance(spec, IndexSpec):
            raise refuse_kind(spec, "building indexes")
        if spec not in self._sizes and self._known.find(spec) is None:
            self.price((), frozenset({spec}))
        return self._sizes.get(spec, 0)

    def _price(self, query: str, in_force: _InForce) -> Estimate | Unpriced:
        try:
            with self._connection.transaction():
                plan = plan_of(self._connection, query)
        except psycopg.Error as error:
            if self._connection.broken:
                raise OracleError(
                    f"the server is gone: {first_line(error)}",
                    at=self._connection.info.dbname,
                    remedy="check its log, its memory and its disk",
                ) from error
            return Unpriced(first_line(error))
        if isinstance(plan, Unpriced):
            return plan
        return read_plan(plan, in_force.structures, in_force.requested)

    def _put_in_force(self, configuration: Configuration) -> _InForce:
        for spec in configuration:
            if not isinstance(spec, IndexSpec | DropIndexSpec):
                raise refuse_kind(spec, "building indexes")
            if isinstance(spec, DropIndexSpec) and spec.index in configuration:
                raise OracleError(
                    f"{spec.index} is both wanted and dropped",
                    at=str(spec),
                    remedy="leave one of the two out",
                )
            if self._expendable is None:
                check_shadow(self._connection, spec.relation)
        for setting, value in self._timeouts.items():
            self._connection.execute(f"set /* schema_evolve */ local {setting} = '{value}'")
        in_force = _InForce(self._known.structures)
        for number, spec in enumerate(sorted(configuration, key=repr)):
            try:
                self._change(spec, number, in_force)
            except psycopg.Error as error:
                raise OracleError(
                    f"the server refuses: {first_line(error)}",
                    at=str(spec),
                    remedy="name a table and columns that exist; wait where others hold locks",
                ) from error
        return in_force

    def _change(self, spec: Spec, number: int, in_force: _InForce) -> None:
        if isinstance(spec, DropIndexSpec):
            name = self._name_to_drop(spec)
            self._connection.execute(f"drop /* schema_evolve */ index {name.sql}".encode())
        elif isinstance(spec, IndexSpec) and self._known.find(spec) is None:
            name = RelationName(spec.relation.schema, f"schema_evolve_trial_{number}")
            ddl = spec.create_sql.replace(" on", f" {quoted(name.name)} on", 1)
            # `binary` selects the protocol that takes one statement only.
            self._connection.execute(ddl.encode(), binary=True)
            self._sizes[spec] = self._bytes(name)
            for row in self._leaves(name):
                relation = RelationName(row["schema"], row["relation"])
                in_force.requested[relation, row["name"]] = spec
                in_force.structures[relation, row["name"]] = spec.on(relation)

    def _name_to_drop(self, spec: DropIndexSpec) -> RelationName:
        shape = self._known.find(spec.index)
        if shape is None:
            raise OracleError(
                f"there is no index {spec.index}",
                at=str(spec),
                remedy="name an index that exists, by its structure",
            )
        return RelationName(spec.relation.schema, shape.name)

    def _bytes(self, index: RelationName) -> int:
        return sum(int(row["bytes"]) for row in self._leaves(index))

    def _leaves(self, index: RelationName) -> list[Row]:
        return rows_of(self._connection, "index_leaves", {"index": index.sql})
