"""Which bound of the budget a change would break: space, build time, or the price of writing."""

from collections.abc import Callable, Collection, Iterator

from dbt_schema_evolve.recommend.cost import AS_IT_IS
from dbt_schema_evolve.recommend.ownership import owner
from dbt_schema_evolve.recommend.pricing import Pricer
from dbt_schema_evolve.recommend.upkeep import table_write_cost
from dbt_schema_evolve.recommend.worth import Worth
from dbt_schema_evolve.records.changes import Budget, IndexSpec, Spec
from dbt_schema_evolve.records.evidence import Evidence


class Limits:
    """Holds a budget against what is chosen; what drops free is not spent again, for the drop may
    be rejected later and the rest must fit.
    """

    def __init__(self, evidence: Evidence, pricer: Pricer, worth: Worth, budget: Budget) -> None:
        self._evidence, self._pricer, self._worth = evidence, pricer, worth
        self.budget = budget

    def broken(self, spec: Spec, kept: Collection[Spec]) -> str:
        """Say which bound a spec breaks beside those that are kept; empty where it fits."""
        return self._space(spec, kept) or self._build_time(spec, kept) or self._writes(spec, kept)

    def sums(self, kept: Collection[Spec]) -> Iterator[tuple[Callable[[IndexSpec], float], float]]:
        """Yield what indexes take of each bound that is a sum, and what is left of it."""
        if self.budget.bytes is not None:
            yield self._pricer.size_bytes, self.free_bytes(kept)
        if self.budget.build_us is not None:
            us = self._pricer.us_per_cost()
            yield lambda spec: us * self._worth.build_cost(spec), self.budget.build_us

    def free_bytes(self, kept: Collection[Spec]) -> float:
        """Return the space that is left."""
        if self.budget.bytes is None:
            return float("inf")
        spent = sum(max(self._pricer.size_bytes(each), 0) for each in kept)
        return max(self.budget.bytes - spent, 0)

    def _space(self, spec: Spec, kept: Collection[Spec]) -> str:
        extra, left = self._pricer.size_bytes(spec), self.free_bytes(kept)
        if extra <= left or extra <= 0:
            return ""
        return f"needs {extra:,} bytes where {left:,.0f} of the budget are left"

    def _build_time(self, spec: Spec, kept: Collection[Spec]) -> str:
        if self.budget.build_us is None or not isinstance(spec, IndexSpec):
            return ""
        us = self._pricer.us_per_cost()
        spent = sum(us * self._worth.build_cost(each) for each in kept if _is_index(each))
        extra, left = us * self._worth.build_cost(spec), max(self.budget.build_us - spent, 0.0)
        if extra <= left:
            return ""
        left_s = f"{left / 1e6:.1f} s of the budget"
        return f"adds {extra / 1e6:.1f} s to each dbt run where {left_s} are left"

    def _writes(self, spec: Spec, kept: Collection[Spec]) -> str:
        """An incremental pays for its indexes with each row that it writes."""
        node = owner(self._evidence, spec.relation)
        own = self._pricer.own_query(spec.relation)
        if self.budget.write_ratio is None or not isinstance(spec, IndexSpec) or own is None:
            return ""
        if node is None or node.materialized != "incremental":
            return ""
        estimate = self._pricer.estimate(own, AS_IT_IS)
        run = estimate.cost + table_write_cost(estimate.rows, estimate.width_bytes)
        alike = [each for each in kept if _is_index(each) and each.relation == spec.relation]
        extra = sum(self._worth.build_cost(each) for each in (*alike, spec))
        if extra <= self.budget.write_ratio * run:
            return ""
        return (
            f"would make the runs of {node.name} {extra / run:.0%} dearer by writing indexes, "
            f"more than {self.budget.write_ratio:.0%}"
        )


def _is_index(spec: Spec) -> bool:
    return isinstance(spec, IndexSpec)
