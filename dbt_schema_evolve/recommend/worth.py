"""What a change is worth: the cost of the window's queries and builds before, minus after."""

from collections.abc import Iterator, Sequence

from dbt_schema_evolve.recommend.cost import AS_IT_IS, Estimate
from dbt_schema_evolve.recommend.judge import MAX_REGRESSION_RISK, TRUSTING, Judge
from dbt_schema_evolve.recommend.ownership import STORED, builds, owner
from dbt_schema_evolve.recommend.pricing import Pricer, Query
from dbt_schema_evolve.recommend.upkeep import index_build_cost, spec_build_cost
from dbt_schema_evolve.records.changes import (
    ColumnTypeSpec,
    Configuration,
    DropIndexSpec,
    IndexSpec,
    Spec,
)
from dbt_schema_evolve.records.evidence import Evidence

# A consumer's query that gets dearer by more than this fails validation, so we do not propose it.
MAX_WORSE_RATIO = 1.10


class Worth:
    """Weighs what queries gain against what builds pay, in the planner's units."""

    def __init__(self, evidence: Evidence, pricer: Pricer, judge: Judge = TRUSTING) -> None:
        self._evidence, self._pricer, self._judge = evidence, pricer, judge
        self.base_cost = pricer.weighted_cost(pricer.queries, AS_IT_IS)

    def saving(self, before: Configuration, after: Configuration) -> float:
        """Return what the window's cost falls by between two configurations."""
        queries: dict[int, Query] = {}
        for spec in before ^ after:
            for query in self._pricer.affected(spec, before & after):
                queries[query.number] = query
        ordered = tuple(queries[number] for number in sorted(queries))
        return self.saving_of(ordered, before, after)

    def saving_of(
        self, queries: Sequence[Query], before: Configuration, after: Configuration
    ) -> float:
        """Return what these queries save, and with them the upkeep of what changes."""
        cost = self._pricer.weighted_cost
        saved = cost(queries, before) - cost(queries, after)
        return saved + self._upkeep(before - after) - self._upkeep(after - before)

    def upkeep(self, spec: Spec) -> float:
        """Return what the builds of the window pay for a spec."""
        return builds(self._evidence, spec.relation) * self.build_cost(spec)

    def _upkeep(self, specs: Configuration) -> float:
        return sum(self.upkeep(spec) for spec in sorted(specs, key=repr))

    def worse(
        self,
        queries: Sequence[Query],
        before: Configuration,
        after: Configuration,
        limit: float,
    ) -> str:
        """Name the consumer's query that a change makes too dear; empty when there is none."""
        pairs = self._readers(queries, before, after)
        ratio, name = max(
            ((new.cost / old.cost, query.facts.fingerprint) for query, old, new in pairs),
            default=(1.0, ""),
        )
        if ratio <= limit:
            return ""
        return f"query {name} would cost {100 * (ratio - 1):.0f} % more"

    def objection(
        self, queries: Sequence[Query], before: Configuration, after: Configuration
    ) -> str:
        """Say why a change must not be made for a consumer's query; empty where none objects."""
        worse = self.worse(queries, before, after, MAX_WORSE_RATIO)
        return worse or self._doubted(queries, before, after)

    def is_unwelcome(self, query: Query, old: Estimate, new: Estimate) -> bool:
        """Tell whether a consumer's query must not come from one plan to another."""
        if query.facts.node_id is not None:
            return False
        if new.cost >= old.cost:
            return new.cost > MAX_WORSE_RATIO * old.cost
        return self._judge.regression_risk(old, new) > MAX_REGRESSION_RISK

    def _doubted(
        self, queries: Sequence[Query], before: Configuration, after: Configuration
    ) -> str:
        """Name the consumer's query whose gain the judge does not believe; empty for none."""
        risk, name = max(
            (
                (self._judge.regression_risk(old, new), query.facts.fingerprint)
                for query, old, new in self._readers(queries, before, after)
                if new.cost < old.cost
            ),
            default=(0.0, ""),
        )
        if risk <= MAX_REGRESSION_RISK:
            return ""
        return f"query {name} would be slower, as plans like its new one were ({risk:.0%} likely)"

    def _readers(
        self, queries: Sequence[Query], before: Configuration, after: Configuration
    ) -> Iterator[tuple[Query, Estimate, Estimate]]:
        readers = [query for query in queries if query.facts.node_id is None]
        return zip(
            readers,
            self._pricer.estimates(readers, before),
            self._pricer.estimates(readers, after),
            strict=True,
        )

    def build_cost(self, spec: Spec) -> float:
        """Return what one dbt run pays for keeping a spec; a model's own SELECT not included."""
        if isinstance(spec, DropIndexSpec):
            return spec_build_cost(self._evidence, spec)
        own = self._pricer.own_query(spec.relation)
        if isinstance(spec, IndexSpec):
            rows = None
            node = owner(self._evidence, spec.relation)
            if node is not None and node.materialized == "view" and own is not None:
                rows = self._pricer.estimate(own, AS_IT_IS).rows
            return index_build_cost(self._evidence, spec, rows)
        if isinstance(spec, ColumnTypeSpec) or spec.materialized in STORED:
            return 0.0
        existing = self._evidence.indexes.get(spec.relation, ())
        return -sum(index_build_cost(self._evidence, index.spec) for index in existing)
