"""Planners for tests: one that reads its prices from a dict, one that follows a few rules."""

from collections.abc import Callable, Collection, Mapping, Sequence
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
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import UseKind


@dataclass
class DictPlanner:
    """A query costs the least of what its configured subsets cost; drops multiply."""

    costs: Mapping[str, Mapping[Collection[Spec], float]]  # by SQL, then by the specs that it needs
    sizes: Mapping[Spec, int] = field(default_factory=dict)
    dearer: Mapping[tuple[str, Spec], float] = field(default_factory=dict)
    refused: Collection[str] = ()
    impossible: Collection[Spec] = ()
    rows: float = 1.0
    calls: int = 0
    priced: int = 0

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price from the dict."""
        self.calls += 1
        self.priced += len(queries)
        for spec in self.impossible:
            if spec in configuration:
                raise TwinError(f"{spec} cannot be", remedy="leave it out")
        return tuple(self._one(query, configuration) for query in queries)

    def size_bytes(self, spec: Spec) -> int:
        """Return the size from the dict, a million bytes unless it says otherwise."""
        return self.sizes.get(spec, -1_000_000 if isinstance(spec, DropIndexSpec) else 1_000_000)

    def _one(self, query: str, configuration: Configuration) -> Estimate | Unpriced:
        if query in self.refused:
            return Unpriced("syntax error")
        cost, needs = min(
            ((price, needs) for needs, price in self.costs[query].items()
             if set(needs) <= configuration),
            key=lambda pair: pair[0],
        )  # fmt: skip
        for spec in configuration:
            cost *= self.dearer.get((query, spec), 1.0)
        return Estimate(cost, self.rows, 8, (), _indexes(needs))


class RulePlanner:
    """Prices any workload by rules of thumb: never dearer with one index more.

    A relation costs a unit for each 100 rows. An index divides that by ten for each leading key
    that the query compares for equality, by three for a range or join after them, and by two more
    when it holds every column that the query needs.
    """

    def __init__(self, evidence: Evidence, bytes_per_column: int = 500_000) -> None:
        self._facts = {q.sql: q for q in (*evidence.queries, *evidence.model_queries)}
        self._rows: Callable[[RelationName], float] = lambda name: float(
            (profile.estimated_rows or 0) if (profile := evidence.relations.get(name)) else 0
        )
        self._bytes = bytes_per_column
        self._indexes = {
            name: [index.spec for index in indexes if index.is_valid]
            for name, indexes in evidence.indexes.items()
        }
        self.calls = 0
        self.priced = 0

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price by the rules."""
        self.calls += 1
        self.priced += len(queries)
        return tuple(self._one(self._facts[query], configuration) for query in queries)

    def size_bytes(self, spec: Spec) -> int:
        """Return a size that grows with the columns held."""
        if isinstance(spec, DropIndexSpec):
            return -self.size_bytes(spec.index)
        if isinstance(spec, MaterializationSpec):
            return 10 * self._bytes
        return self._bytes * (1 + len(spec.keys) + len(spec.include))

    def _one(self, facts: QueryFacts, configuration: Configuration) -> Estimate:
        dropped = {spec.index for spec in configuration if isinstance(spec, DropIndexSpec)}
        total, used = 10.0, set[IndexSpec]()
        for relation in sorted(facts.uses.base_relations):
            indexes = {spec for spec in configuration if isinstance(spec, IndexSpec)}
            indexes |= set(self._indexes.get(relation, ())) - dropped
            factors = {i: self._factor(facts, i) for i in indexes if i.relation == relation}
            best = max(sorted(factors), key=lambda i: factors[i], default=None)
            factor = factors[best] if best is not None else 1.0
            if best is not None and factor > 1:
                used.add(best)
            total += self._rows(relation) / 100 / factor
        return Estimate(total, 1.0, 8, (), frozenset(used) & _indexes(configuration))

    def _factor(self, facts: QueryFacts, index: IndexSpec) -> float:
        kinds: dict[str, set[UseKind]] = {}
        for use in facts.uses.uses:
            if use.column.relation == index.relation:
                kinds.setdefault(use.column.column, set()).add(use.kind)
        factor = 1.0
        for key in index.keys:
            of = kinds.get(key.term, set())
            if UseKind.EQUALITY in of:
                factor *= 10
            elif of & {UseKind.RANGE, UseKind.JOIN, UseKind.ORDER}:
                factor *= 3
                break
            else:
                break
        held = {key.term for key in index.keys} | set(index.include)
        return factor * 2 if factor > 1 and set(kinds) <= held else factor


def _indexes(specs: Collection[Spec]) -> frozenset[IndexSpec]:
    return frozenset(spec for spec in specs if isinstance(spec, IndexSpec))
