"""What was proven stays where another set does about as well."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from dbt_schema_evolve.recommend import finish
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

MB = 1_000_000


def index(*columns: str) -> IndexSpec:
    return IndexSpec(named("marts.orders"), tuple(IndexKey(column) for column in columns))


ONE, ALIKE, OTHER = index("a", "c"), index("b", "a"), index("c")
KEYS = {spec: Candidate("index", spec, frozenset(), "").number_key for spec in (ONE, ALIKE, OTHER)}


def advise(
    proven: Collection[Spec], alike: float, budget_mb: int = 5, sizes: Any = None
) -> Selection:
    """Choose for one query that two indexes serve, and one that a third serves."""
    table = {"materialized": "incremental", "rows": 1_000_000, "builds": 0, "bytes": 200 * MB}
    case: dict[str, Any] = {
        "relations": {"marts.orders": table},
        "queries": {"q": {"equality": ["marts.orders/a"]}, "r": {"equality": ["marts.orders/c"]}},
    }
    costs = {
        "q": {(): 1000, (ONE,): 500, (ALIKE,): alike},
        "r": {(): 1000, (OTHER,): 900},
    }
    candidates = [
        Candidate("index", spec, frozenset({"q", "r"}), "because") for spec in (ONE, ALIKE, OTHER)
    ]
    evidence = replace(evidence_of(case), proven=frozenset(KEYS[spec] for spec in proven))
    planner = DictPlanner(costs, sizes=sizes or {})
    return select(evidence, candidates, planner, Budget(budget_mb * MB))


def chosen(selection: Selection) -> set[Spec]:
    return {each.spec for each in selection.recommendations}


@pytest.fixture(params=[True, False], ids=["exact", "greedy"], autouse=True)
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        pytest.importorskip("ortools")
    else:
        monkeypatch.setattr(finish, "is_there", lambda: False)


def test_without_a_proven_one_the_better_estimate_decides() -> None:
    assert chosen(advise([], alike=510)) == {ONE, OTHER}


def test_a_proven_one_stays_where_another_saves_little_more() -> None:
    selection = advise([ALIKE, OTHER], alike=510)
    assert chosen(selection) == {ALIKE, OTHER}
    reasons = {each.candidate.spec: each.reason for each in selection.rejected}
    assert reasons[ONE] == "what was proven does about as well without it"


def test_a_proven_one_goes_where_another_saves_much_more() -> None:
    assert chosen(advise([ALIKE], alike=600)) == {ONE, OTHER}


def test_proven_ones_that_no_longer_fit_are_chosen_anew() -> None:
    sizes = {ALIKE: 6 * MB}
    assert chosen(advise([ALIKE], alike=510, sizes=sizes)) == {ONE, OTHER}


def test_a_proven_set_may_grow_when_there_is_room() -> None:
    assert chosen(advise([ONE], alike=510)) == {ONE, OTHER}
