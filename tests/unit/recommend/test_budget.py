"""Space, build time, the price of writing, and time to search: each bound is kept, and named."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.recommend.selection import select
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    IndexKey,
    IndexSpec,
    Selection,
)
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.workflows.recommend import as_they_were, by_forecast
from tests.fakes.evidence import evidence_of, named
from tests.fakes.planner import DictPlanner

ORDERS = named("marts.orders")
BY_A, BY_B = (IndexSpec(ORDERS, (IndexKey(column),)) for column in ("a", "b"))
COSTS: dict[str, Any] = {
    "q": {(): 1000.0, (BY_A,): 100.0},
    "r": {(): 1000.0, (BY_B,): 200.0},
    "build": {(): 5000.0},
}


def shop(materialized: str) -> dict[str, Any]:
    return {
        "relations": {
            "marts.orders": {
                "materialized": materialized,
                "rows": 1_000_000,
                "builds": 10,
                "bytes": 200_000_000,
                "inserted": 100_000,
                "columns": {"a": {"distinct": 1000}, "b": {"distinct": 1000}},
            }
        },
        "queries": {
            "q": {"equality": ["marts.orders/a"], "calls": 100_000, "consumers": ["dashboard"]},
            "r": {"equality": ["marts.orders/b"], "calls": 100_000, "consumers": ["dashboard"]},
        },
        "model_queries": {"orders": {"sql": "build", "calls": 10, "base": ["raw.orders"]}},
    }


def choose(budget: Budget, materialized: str = "table", **more: Any) -> Selection:
    candidates = [
        Candidate("index", spec, frozenset({"q", "r"}), "because") for spec in (BY_A, BY_B)
    ]
    evidence = evidence_of(shop(materialized))
    return select(evidence, candidates, DictPlanner(COSTS), budget, **more)


def chosen(selection: Selection) -> set[Any]:
    return {each.spec for each in selection.recommendations}


def why_not(selection: Selection, spec: IndexSpec) -> str:
    return next(each.reason for each in selection.rejected if each.candidate.spec == spec)


def test_without_bounds_both_indexes_pay() -> None:
    assert chosen(choose(Budget())) == {BY_A, BY_B}


def test_a_budget_of_zero_bytes_takes_no_index() -> None:
    selection = choose(Budget(bytes=0))
    assert not chosen(selection)
    assert "where 0 of the budget are left" in why_not(selection, BY_A)


def test_what_one_dbt_run_may_take_longer_is_not_exceeded() -> None:
    free = choose(Budget())
    each_us = max(item.estimated_build_us for item in free.recommendations)
    selection = choose(Budget(build_us=round(1.5 * each_us)))
    assert chosen(selection) == {BY_A}
    assert "to each dbt run where" in why_not(selection, BY_B)


def test_an_incremental_does_not_write_more_indexes_than_its_runs_bear() -> None:
    selection = choose(Budget(write_ratio=0.01), "incremental")
    assert not chosen(selection)
    assert "would make the runs of orders" in why_not(selection, BY_A)
    assert chosen(choose(Budget(write_ratio=0.01), "table")) == {BY_A, BY_B}


def test_when_the_time_is_up_the_rest_is_named_as_not_looked_at() -> None:
    seconds: Iterator[int] = itertools.count()
    selection = choose(Budget(seconds=1), clock=lambda: float(next(seconds)))
    assert not chosen(selection)
    assert why_not(selection, BY_B) == "the time was up before it was looked at"


def test_a_change_whose_gain_the_judge_doubts_is_not_chosen() -> None:
    class Doubter:
        def regression_risk(self, before: Estimate, after: Estimate) -> float:  # noqa: ARG002
            return 0.9 if after.cost == 100 else 0.0

    selection = choose(Budget(), judge=Doubter())
    assert chosen(selection) == {BY_B}
    assert why_not(selection, BY_A) == (
        "query q would be slower, as plans like its new one were (90% likely)"
    )


def test_who_gains_and_who_pays_is_told() -> None:
    first = choose(Budget()).recommendations[0]
    (gain,) = first.consumer_benefits
    assert (gain.consumer, gain.calls) == ("dashboard", 100_000)
    assert gain.estimated_saved_ratio == 0.45
    (payer,) = first.payers
    assert payer.model_id == "model.shop.orders"
    assert payer.estimated_us == first.estimated_build_us > 0


def test_in_a_large_warehouse_a_relation_s_own_gain_counts() -> None:
    case = shop("incremental")
    case["relations"]["marts.events"] = {**case["relations"]["marts.orders"], "builds": 0}
    case["queries"]["s"] = {"equality": ["marts.events/z"], "calls": 100_000}
    costs = {**COSTS, "s": {(): 1_000_000.0}}
    candidates = [Candidate("index", BY_A, frozenset({"q"}), "because")]
    selection = select(evidence_of(case), candidates, DictPlanner(costs), Budget())
    (item,) = selection.recommendations
    assert item.estimated_benefit_ratio < 0.003


def test_an_exchange_keeps_the_bounds_that_a_first_choice_keeps() -> None:
    by_c = IndexSpec(ORDERS, (IndexKey("c"),))
    case = shop("table")
    case["relations"]["marts.orders"]["columns"] |= {"b": {"width": 40}, "c": {"distinct": 1000}}
    case["queries"] = {
        "q": {"equality": ["marts.orders/a", "marts.orders/b"], "calls": 100_000},
        "r": {"equality": ["marts.orders/c"], "calls": 100_000},
    }
    costs = {
        **COSTS,
        "q": {(): 1000.0, (BY_A,): 500.0, (BY_B,): 100.0},
        "r": {(): 1000.0, (by_c,): 100.0},
    }
    candidates = [
        Candidate("index", spec, frozenset({"q", "r"}), "because") for spec in (BY_A, BY_B, by_c)
    ]
    sizes = {BY_A: 1_000_000, BY_B: 10_000_000, by_c: 1_000_000}

    def choose_within(build_us: int | None) -> dict[Any, int]:
        planner = DictPlanner(costs, sizes)
        budget = Budget(build_us=build_us)
        found = select(evidence_of(case), candidates, planner, budget).recommendations
        return {each.spec: each.estimated_build_us for each in found}

    free = choose_within(None)
    assert free.keys() == {BY_B, by_c}
    assert free[BY_B] > free[by_c]
    assert choose_within(free[BY_B] + free[by_c] // 2).keys() == {BY_A, by_c}


def test_a_query_that_will_take_longer_goes_before_one_that_saves_more_today() -> None:
    evidence = evidence_of(shop("table"))
    candidates = [
        Candidate("index", spec, frozenset({"q", "r"}), "because") for spec in (BY_A, BY_B)
    ]
    of_one = Budget(bytes=DictPlanner(COSTS).size_bytes(BY_A))

    def best(evidence: Evidence) -> set[Any]:
        return chosen(select(evidence, candidates, DictPlanner(COSTS), of_one))

    slower = forecast("r", now_us=1_000.0, then_us=3_000.0)
    assert best(evidence) == {BY_A}
    assert best(by_forecast(replace(evidence, forecasts=(slower,)))) == {BY_B}
    assert best(as_they_were(replace(evidence, forecasts=(slower,)))) == {BY_A}


def forecast(subject: str, now_us: float, then_us: float) -> Forecast:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Forecast(subject, now, 30.0, now_us, then_us, then_us, then_us, 0.9, "", "it grows")
