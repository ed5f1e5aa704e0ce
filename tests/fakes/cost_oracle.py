"""A cost oracle of a few formulas, for tests that need a planner but no server.

It reads one kind of query: `select ... from <relation> [where <column> = <value> [and ...]]`.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.recommend.cost import AS_IT_IS, Estimate, Unpriced
from dbt_schema_evolve.records.changes import (
    Configuration,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Spec,
)
from dbt_schema_evolve.records.relations import RelationName, quoted

_ROWS_PER_PAGE = 100
_ENTRIES_PER_PAGE = 400
_PAGE_BYTES = 8192
_RANDOM_PAGE_COST = 4.0
_QUERY = re.compile(r'select .+? from (?P<relation>"[^"]+"\."[^"]+")(?: where (?P<where>.+))?')
_EQUALITY = re.compile(r'"(?P<column>[^"]+)" = ')


@dataclass(frozen=True)
class FakeTable:
    """A relation: its rows, the distinct values of each column, and what has to be computed."""

    rows: int
    distinct: Mapping[str, int]
    base_cost: float = 0.0  # of a view: what it costs to compute its rows
    indexes: tuple[IndexSpec, ...] = ()

    @property
    def is_view(self) -> bool:
        """Whether the rows are computed at each read."""
        return self.base_cost > 0

    @property
    def pages(self) -> int:
        """The pages of the rows, where they are stored."""
        return math.ceil(self.rows / _ROWS_PER_PAGE)


@dataclass(frozen=True)
class FakeOracle:
    """Prices by pages read."""

    tables: Mapping[RelationName, FakeTable] = field(default_factory=dict)

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price each query; the configuration is checked first, as the twin does."""
        for spec in configuration:
            self._check(spec, configuration)
        return tuple(self._one(query, configuration) for query in queries)

    def size_bytes(self, spec: Spec) -> int:
        """Count entries or rows; a narrow index of few values is no smaller here."""
        table = self._table(spec)
        if isinstance(spec, DropIndexSpec):
            return -self._index_bytes(spec.index, table)
        if isinstance(spec, IndexSpec):
            return 0 if spec in table.indexes else self._index_bytes(spec, table)
        stored = spec.materialized != "view"
        if stored == (not table.is_view):
            return 0
        return table.pages * _PAGE_BYTES * (1 if stored else -1)

    def _index_bytes(self, spec: IndexSpec, table: FakeTable) -> int:
        width = len(spec.keys) + len(spec.include)
        return math.ceil(table.rows * width / _ENTRIES_PER_PAGE) * _PAGE_BYTES

    def _table(self, spec: Spec) -> FakeTable:
        if spec.relation not in self.tables:
            raise TwinError(f"no relation {spec.relation}", remedy="name one that exists")
        return self.tables[spec.relation]

    def _check(self, spec: Spec, configuration: Configuration) -> None:
        table = self._table(spec)
        if isinstance(spec, DropIndexSpec):
            if spec.index not in table.indexes or spec.index in configuration:
                raise TwinError(f"{spec} cannot be", remedy="drop an index that exists")
        elif isinstance(spec, IndexSpec):
            if not {key.term for key in spec.keys} <= set(table.distinct):
                raise TwinError(f"{spec} has unknown columns", remedy="name columns that exist")
            if table.is_view and not _stored(spec.relation, configuration):
                raise TwinError(f"{spec.relation} is a view", remedy="materialize it as well")

    def _one(self, query: str, configuration: Configuration) -> Estimate | Unpriced:
        match = _QUERY.fullmatch(query)
        names = {relation.sql: relation for relation in self.tables}
        if not match or match["relation"] not in names:
            return Unpriced("not a query that the fake reads")
        relation = names[match["relation"]]
        table = self.tables[relation]
        filtered = [m["column"] for m in _EQUALITY.finditer(match["where"] or "")]
        if not set(filtered) <= set(table.distinct):
            return Unpriced(f"unknown column of {relation}")
        selectivity = math.prod(1 / table.distinct[column] for column in filtered)
        rows = max(table.rows * selectivity, 1.0)
        scan = table.pages + table.base_cost
        if table.is_view and _stored(relation, configuration):
            scan = float(table.pages)
        best = Estimate(scan, rows, 8, (f"Seq Scan {relation}",))
        for index in sorted(self._visible(table, relation, configuration), key=str):
            leading = _leading(index, filtered)
            found = table.rows * math.prod(1 / table.distinct[column] for column in leading)
            cost = math.log2(max(table.rows, 2)) + found * _RANDOM_PAGE_COST
            if leading and cost < best.cost:
                used = frozenset({index} - set(table.indexes))
                best = Estimate(cost, rows, 8, (f"Index Scan {index}",), used)
        return best

    def _visible(
        self, table: FakeTable, relation: RelationName, configuration: Configuration
    ) -> set[IndexSpec]:
        dropped = {spec.index for spec in configuration if isinstance(spec, DropIndexSpec)}
        wanted = {
            spec
            for spec in configuration
            if isinstance(spec, IndexSpec) and spec.relation == relation
        }
        return (set(table.indexes) - dropped) | wanted


def _stored(relation: RelationName, configuration: Configuration) -> bool:
    return any(
        isinstance(spec, MaterializationSpec)
        and spec.relation == relation
        and spec.materialized != "view"
        for spec in configuration
    )


def _leading(index: IndexSpec, filtered: Sequence[str]) -> list[str]:
    columns = []
    for key in index.keys:
        if key.term not in filtered:
            break
        columns.append(key.term)
    return columns


def lookup(relation: RelationName, *columns: str) -> str:
    """Return a query that the fake and Postgres both read."""
    where = " and ".join(f"{quoted(column)} = 7" for column in columns)
    return f"select * from {relation.sql}" + (f" where {where}" if where else "")
