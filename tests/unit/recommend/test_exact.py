"""The exact finish: the best set by the plans that were priced, confirmed by the oracle."""

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.recommend import finish
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.recommend.exact import Bound, Plan, Problem, solve
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.recommend.selection import select
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    IndexKey,
    IndexSpec,
    Selection,
    Spec,
)
from tests.fakes.evidence import evidence_of, named
from tests.fakes.planner import DictPlanner

pytest.importorskip("ortools")

MB = 1_000_000
ITEMS = 5

plans = st.builds(
    Plan,
    query=st.integers(0, 3),
    saves=st.integers(1, 100).map(float),
    needs=st.frozensets(st.integers(0, ITEMS - 1), min_size=1, max_size=3),
    is_unwelcome=st.booleans(),
)
problems = st.builds(
    Problem,
    prices=st.lists(st.integers(0, 30).map(float), min_size=ITEMS, max_size=ITEMS),
    plans=st.lists(plans, min_size=1, max_size=8),
    bounds=st.lists(
        st.builds(
            Bound,
            takes=st.lists(st.integers(0, 9), min_size=ITEMS, max_size=ITEMS),
            capacity=st.integers(0, 30),
        ),
        max_size=2,
    ),
    exclusive=st.lists(st.sampled_from(list(combinations(range(ITEMS), 2))), max_size=2),
)


def worth(problem: Problem, chosen: frozenset[int]) -> float:
    """Let each query run its best plan among those that the chosen items allow."""
    best: dict[int, float] = {}
    for plan in problem.plans:
        if plan.needs <= chosen and not plan.is_unwelcome:
            best[plan.query] = max(best.get(plan.query, 0.0), plan.saves)
    return sum(best.values()) - sum(problem.prices[item] for item in chosen)


def fits(problem: Problem, chosen: frozenset[int]) -> bool:
    return (
        all(sum(bound.takes[item] for item in chosen) <= bound.capacity for bound in problem.bounds)
        and not any({*pair} <= chosen for pair in problem.exclusive)
        and not any(is_run(plan, problem, chosen) for plan in problem.plans if plan.is_unwelcome)
    )


def is_run(plan: Plan, problem: Problem, chosen: frozenset[int]) -> bool:
    """A query runs a plan that it can, unless it can run a welcome one that saves more."""
    return plan.needs <= chosen and not any(
        other.query == plan.query and other.needs <= chosen and other.saves > plan.saves
        for other in problem.plans
        if not other.is_unwelcome
    )


@settings(max_examples=60, deadline=None)
@given(problems)
def test_no_set_that_fits_is_better_than_the_one_found(problem: Problem) -> None:
    found = solve(problem)
    assert found is not None
    assert fits(problem, found)
    everything = (
        frozenset(some) for size in range(ITEMS + 1) for some in combinations(range(ITEMS), size)
    )
    best = max(worth(problem, some) for some in everything if fits(problem, some))
    # Within the thousandth of what all plans save that the solver is allowed.
    assert worth(problem, found) >= best - 0.002 * sum(plan.saves for plan in problem.plans)


def test_what_is_forced_is_chosen_though_it_saves_nothing() -> None:
    problem = Problem([5.0, 1.0], [Plan(0, 9.0, frozenset({1}))], [], forced=frozenset({0}))
    assert solve(problem) == {0, 1}


def index(*columns: str, of: str = "marts.orders") -> IndexSpec:
    return IndexSpec(named(of), tuple(IndexKey(column) for column in columns))


ONE, TWO, OTHER = index("a"), index("b"), index("c", of="marts.lines")
INSTEAD = index("b", "d")  # of the second
SIZES: dict[Spec, int] = {ONE: 5 * MB, TWO: 5 * MB, INSTEAD: 5 * MB, OTHER: 6 * MB}


def advise(costs: Any, said: list[str] | None = None, judge: Judge = TRUSTING) -> Selection:
    """Choose for three queries under ten megabytes."""
    table = {"materialized": "incremental", "rows": 1_000_000, "builds": 0, "bytes": 200 * MB}
    case: dict[str, Any] = {
        "relations": {"marts.orders": table, "marts.lines": table},
        "queries": {
            "q": {"equality": ["marts.orders/a"]},
            "r": {"equality": ["marts.orders/b"]},
            "s": {"equality": ["marts.lines/c"]},
        },
    }
    candidates = [
        Candidate("index", spec, frozenset({"q", "r", "s"}), "because")
        for spec in (ONE, TWO, INSTEAD, OTHER)
    ]
    say = said.append if said is not None else lambda _: None
    planner = DictPlanner(costs, sizes=SIZES)
    return select(evidence_of(case), candidates, planner, Budget(10 * MB), judge=judge, say=say)


# By the byte the third is best, but leaves no room for the others, which save more together.
TRAP = {
    "q": {(): 1000, (ONE,): 500},
    "r": {(): 1000, (TWO,): 500},
    "s": {(): 1000, (OTHER,): 300},
}


def chosen(selection: Selection) -> set[Spec]:
    return {each.spec for each in selection.recommendations}


def test_two_that_fill_the_budget_take_the_place_of_the_best_by_the_byte() -> None:
    selection = advise(TRAP)
    assert chosen(selection) == {ONE, TWO}
    reasons = {each.candidate.spec: each.reason for each in selection.rejected}
    assert reasons[OTHER] == "a set without it saves more"


def test_without_the_solver_the_greedy_choice_stands_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finish, "is_there", lambda: False)
    said: list[str] = []
    assert chosen(advise(TRAP, said)) == {OTHER}
    assert any("extra `exact`" in text for text in said)


class Doubts:
    """Believes in no plan that uses the second index."""

    def regression_risk(self, before: Estimate, after: Estimate) -> float:
        return 0.9 if TWO in after.used - before.used else 0.0


def test_a_set_with_an_index_that_the_judge_doubts_is_not_taken() -> None:
    assert chosen(advise(TRAP, judge=Doubts())) == {OTHER}


def test_the_best_set_without_a_doubted_plan_is_taken() -> None:
    costs = TRAP | {"r": {(): 1000, (TWO,): 500, (INSTEAD,): 510}}
    assert chosen(advise(costs)) == {ONE, TWO}
    assert chosen(advise(costs, judge=Doubts())) == {ONE, INSTEAD}
