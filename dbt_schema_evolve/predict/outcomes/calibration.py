"""Planner cost settings for the machine at hand, from changes of plan that were measured on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import log

from dbt_schema_evolve.predict.outcomes.features import class_of, own_costs
from dbt_schema_evolve.records.outcomes import Outcome, Plan

_SEQUENTIAL, _RANDOM, _CPU = range(3)
_PLACE = {"sequential": _SEQUENTIAL, "index": _RANDOM, "bitmap": _RANDOM}

# Postgres's defaults; seq_page_cost stays 1, so that costs keep their unit.
RANDOM_PAGE_COST = 4.0
CPU_COSTS: Mapping[str, float] = {
    "cpu_tuple_cost": 0.01,
    "cpu_index_tuple_cost": 0.005,
    "cpu_operator_cost": 0.0025,
}
# A random page never costs less than a sequential one, and a spinning disk's rarely more than this.
_RANDOM_FACTORS = tuple(step / 8 for step in range(2, 25))  # random_page_cost 1 to 12
_CPU_FACTORS = tuple(2 ** (step / 4) for step in range(-8, 13))  # a quarter to eightfold
MIN_OUTCOMES = 20  # for two unknowns
_MOST = 1.5  # a gain beyond 4.5 times says no more of prices than one of 4.5


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a random page and a row cost here, in sequential pages of the defaults."""

    random_factor: float
    cpu_factor: float

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """The planner's settings by name, as Catalog.settings holds them."""
        cpu = {name: cost * self.cpu_factor for name, cost in CPU_COSTS.items()}
        costs = {"random_page_cost": RANDOM_PAGE_COST * self.random_factor, **cpu}
        return tuple((name, f"{cost:.6g}") for name, cost in sorted(costs.items()))

    def cost(self, plan: Plan) -> float:
        """Return what a plan would cost under these settings, roughly: no node is planned anew."""
        return _weighed(_parts(plan), self)


UNCHANGED = Calibration(1.0, 1.0)


def calibrate(outcomes: Sequence[Outcome]) -> Calibration:
    """Fit costs to what changes of plan were measured to do: least deviations in logs, bounded.

    A node's own cost counts as random pages where it fetches rows by an index, as sequential where
    it scans, and as work of the processor elsewhere. Ratios within a query are compared, so the
    unit of cost is not needed; an outlier counts by its size, not its square. With few outcomes
    the defaults stay.
    """
    if len(outcomes) < MIN_OUTCOMES:
        return UNCHANGED
    known = [
        (_parts(each.before), _parts(each.after), max(-_MOST, min(_MOST, log(each.measured_ratio))))
        for each in outcomes
    ]

    def error(tried: Calibration) -> float:
        return sum(
            abs(log(_weighed(after, tried) / _weighed(before, tried)) - measured)
            for before, after, measured in known
        )

    tried = (Calibration(*factors) for factors in product(_RANDOM_FACTORS, _CPU_FACTORS))
    return min(tried, key=lambda each: (error(each), each.random_factor, each.cpu_factor))


def _parts(plan: Plan) -> tuple[float, float, float]:
    found = [0.0, 0.0, 0.0]
    for node, cost in zip(plan, own_costs(plan), strict=True):
        found[_PLACE.get(class_of(node), _CPU)] += cost
    return found[0], found[1], found[2]


def _weighed(parts: tuple[float, float, float], by: Calibration) -> float:
    sequential, random, cpu = parts
    return max(sequential + by.random_factor * random + by.cpu_factor * cpu, 0.01)
