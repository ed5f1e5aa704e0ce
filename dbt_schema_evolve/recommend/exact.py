"""The best set of indexes by the plans that were priced, found by integer programming.

Dash, Polyzotis, Ailamaki: "CoPhy: A Scalable, Portable, and Interactive Index Advisor for Large
Workloads", PVLDB 4(6), 2011. Needs OR-Tools, the extra `exact`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

# What the whole problem is worth to the solver, which counts in integers.
_GRAIN = 10**9

# The solver's own seconds, which are the same on every machine.
_DETERMINISTIC_SECONDS = 0.5

# An answer this near to the best is the best: what is still to be had is within a price's error.
_GAP = 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to run one query, and the indexes that it needs."""

    query: int
    saves: float
    needs: frozenset[int]
    is_unwelcome: bool = False  # it must not come to that, though it would be run for what it saves


@dataclass(frozen=True, slots=True)
class Bound:
    """What the chosen items may take together."""

    takes: Sequence[int]  # by item
    capacity: int


@dataclass(frozen=True, slots=True)
class Problem:
    """Items to choose among, known by their numbers."""

    prices: Sequence[float]  # by item: what having it costs, in the unit of what plans save
    plans: Sequence[Plan]
    bounds: Sequence[Bound]
    exclusive: Sequence[tuple[int, int]] = ()  # of these, one at most
    forced: frozenset[int] = frozenset()
    start: frozenset[int] = frozenset()  # a choice that is known to be good


def is_there() -> bool:
    """Tell whether the solver is installed."""
    return find_spec("ortools") is not None


def solve(problem: Problem, seconds: float | None = None) -> frozenset[int] | None:
    """Return the items whose plans save most, each query using one; None if there was no time.

    The same problem has the same answer: one worker, one seed, and a limit in the solver's own
    time. `seconds` is a limit by the clock beside it.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415 - an extra, slow to import

    model = cp_model.CpModel()
    items = [model.new_bool_var(f"item {n}") for n in range(len(problem.prices))]
    grain = _GRAIN / max(sum(each.saves for each in problem.plans), 1e-300)
    by_query: dict[int, list[tuple[Plan, Any]]] = defaultdict(list)
    gain = []
    for number, plan in enumerate(problem.plans):
        if plan.is_unwelcome:
            continue
        runs = model.new_bool_var(f"plan {number}")
        by_query[plan.query].append((plan, runs))
        for item in sorted(plan.needs):
            model.add_implication(runs, items[item])
        gain.append(round(grain * plan.saves) * runs)
    for alternatives in by_query.values():
        model.add_at_most_one(runs for _, runs in alternatives)
    for plan in problem.plans:
        if plan.is_unwelcome:
            instead = [runs for other, runs in by_query[plan.query] if other.saves > plan.saves]
            there = [items[item] for item in sorted(plan.needs)]
            model.add(sum(there) < len(there) + sum(instead))
    for bound in problem.bounds:
        model.add(
            sum(takes * item for takes, item in zip(bound.takes, items, strict=True))
            <= bound.capacity
        )
    for one, other in problem.exclusive:
        model.add_at_most_one((items[one], items[other]))
    for number, variable in enumerate(items):
        if number in problem.forced:
            model.add(variable == 1)
        model.add_hint(variable, number in problem.start)
    costs = (round(grain * price) * item for price, item in zip(problem.prices, items, strict=True))
    model.maximize(sum(gain) - sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = _DETERMINISTIC_SECONDS
    solver.parameters.relative_gap_limit = _GAP
    if seconds is not None:
        solver.parameters.max_time_in_seconds = seconds
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return frozenset(n for n, item in enumerate(items) if solver.boolean_value(item))
