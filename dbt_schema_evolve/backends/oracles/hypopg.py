"""Prices indexes that do not exist through the HypoPG extension, on a database that may be lost."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg

from dbt_schema_evolve.backends.oracles.expendable import check_expendable
from dbt_schema_evolve.backends.oracles.known_indexes import KnownIndexes, refuse_kind
from dbt_schema_evolve.backends.postgres.catalog_sql import query_text
from dbt_schema_evolve.backends.postgres.explain import first_line, plan_of
from dbt_schema_evolve.backends.postgres.plans import IndexUse, read_plan
from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.cost import AS_IT_IS, Estimate, Unpriced
from dbt_schema_evolve.records.changes import Configuration, IndexSpec, Spec
from dbt_schema_evolve.records.relations import RelationName

# HypoPG 1.3.1; its own list has bloom too, whose operator classes nobody proposes.
METHODS = frozenset({"btree", "brin", "hash"})

EXPLAIN_TIMEOUT = "30s"


@dataclass(frozen=True, slots=True)
class _Made:
    """A hypothetical index of this session."""

    oid: int
    name: str  # `<oid>btree_...`, as plans call it


class HypoPgOracle:
    """A cost oracle for indexes of three methods, sized without deduplication.

    `expendable` is the name of the connection's database: the word of whoever asks that it is not
    production and may crash. The connection has to be in autocommit mode and is the oracle's
    alone, for hypothetical indexes live in its session until the `with` block ends.
    """

    def __init__(self, connection: psycopg.Connection[Any], *, expendable: str) -> None:
        self._connection, self._expendable = connection, expendable
        self._made: dict[RelationName, dict[IndexSpec, _Made]] = {}
        self._sizes: dict[IndexSpec, int] = {}

    def __enter__(self) -> Self:
        check_expendable(self._connection, self._expendable)
        try:
            self._reset()
        except psycopg.Error as error:
            raise OracleError(
                f"HypoPG is not in this database: {first_line(error)}",
                at=self._expendable,
                remedy="`create extension hypopg`, from Debian's postgresql-15-hypopg for instance",
            ) from error
        # What is prepared once would be analysed once, under one configuration.
        self._connection.prepare_threshold = None
        self._connection.execute(f"set statement_timeout = '{EXPLAIN_TIMEOUT}'")
        self._known = KnownIndexes(self._connection)
        self._structures = self._known.structures
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._connection.closed:
            self._reset()

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price each query, in order, as if the configuration stood."""
        self._put_in_force(configuration)
        requested = {
            (relation, made.name): spec
            for relation, indexes in self._made.items()
            for spec, made in indexes.items()
        }
        return tuple(self._price(query, requested) for query in queries)

    def size_bytes(self, spec: Spec) -> int:
        """Return HypoPG's estimate; an index that is there takes no more space."""
        if spec not in self._sizes:
            self._put_in_force(frozenset({spec}))
        return self._sizes.get(spec, 0) if isinstance(spec, IndexSpec) else 0

    def _price(self, query: str, requested: dict[IndexUse, IndexSpec]) -> Estimate | Unpriced:
        try:
            plan = plan_of(self._connection, query)
        except psycopg.Error as error:
            if self._connection.broken:
                raise OracleError(
                    f"the server is gone: {first_line(error)}",
                    at=self._expendable,
                    remedy="HypoPG may have crashed it: look into its log, or use the planner twin",
                ) from error
            return Unpriced(first_line(error))
        if isinstance(plan, Unpriced):
            return plan
        return read_plan(plan, self._structures | requested, requested)

    def _put_in_force(self, configuration: Configuration) -> None:
        """Make the session's hypothetical indexes those of the configuration."""
        wanted: dict[RelationName, list[IndexSpec]] = defaultdict(list)
        for spec in sorted(configuration, key=repr):
            if not isinstance(spec, IndexSpec) or spec.method not in METHODS or _crashes(spec):
                raise refuse_kind(spec, "HypoPG")
            if self._known.find(spec) is None:
                wanted[spec.relation].append(spec)
        # Of two indexes of equal cost the planner takes one by their order, so a relation's are
        # made afresh in ours where any is new or gone.
        stale = [name for name in self._made if list(self._made[name]) != wanted.get(name)]
        gone = [made.oid for name in stale for made in self._made.pop(name).values()]
        if gone:
            drop = "select /* schema_evolve */ hypopg_drop_index(o) from unnest(%s::oid[]) as o"
            self._connection.execute(drop, (gone,))
        self._make([spec for name in wanted if name not in self._made for spec in wanted[name]])

    def _make(self, specs: Sequence[IndexSpec]) -> None:
        if not specs:
            return
        texts = [spec.create_sql for spec in specs]
        try:
            rows = self._connection.execute(
                query_text("hypothetical_indexes").encode(), {"texts": texts}
            ).fetchall()
        except psycopg.Error as error:
            self._reset()  # an index made before the one that failed is still there
            raise OracleError(
                f"HypoPG refuses: {first_line(error)}",
                at="; ".join(str(spec) for spec in specs),
                remedy="name tables and columns that exist, or ask the planner twin",
            ) from error
        for spec, (oid, name, size) in zip(specs, rows, strict=True):
            self._made.setdefault(spec.relation, {})[spec] = _Made(oid, name)
            self._sizes[spec] = size

    def _reset(self) -> None:
        self._made.clear()
        self._connection.execute("select /* schema_evolve */ hypopg_reset()")


def _crashes(spec: IndexSpec) -> bool:
    """HypoPG #116: a partial index on an expression takes the server down with some queries."""
    return bool(spec.where) and any(key.is_expression for key in spec.keys)
