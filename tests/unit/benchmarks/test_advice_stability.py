"""How advice for jittered workloads is compared."""

from random import Random
from typing import Any

from benchmarks.advice_stability import Comparison, moved, stability, wavering
from dbt_schema_evolve.records.changes import Budget, IndexKey, IndexSpec
from tests.fakes.evidence import evidence_of, named
from tests.fakes.planner import RulePlanner

CALLS = {"a": 1_000, "b": 50_000, "c": 1_000_000}
ONE, TWO, THREE = (IndexSpec(named("marts.orders"), (IndexKey(column),)) for column in "abc")


def test_wavering_leaves_each_query_within_five_percent() -> None:
    jittered = wavering(CALLS, Random(1))
    assert jittered != CALLS
    assert all(abs(jittered[name] - n) <= 0.05 * n + 1 for name, n in CALLS.items())


def test_moving_calls_leaves_their_sum() -> None:
    jittered = moved(CALLS, Random(1))
    assert jittered["a"] > CALLS["a"], "the rarest query gains most"
    assert abs(sum(jittered.values()) - sum(CALLS.values())) <= len(CALLS)


def test_what_carries_little_may_change() -> None:
    comparison = Comparison()
    comparison.add({"seed": 1, "jitter": "moved"}, {ONE: 0.6, TWO: 0.01}, {THREE: 0.5}, 0.99)
    figures = comparison.figures
    assert [(each["index"], each["only"]) for each in figures["changed"]] == [
        (str(ONE), "before"),
        (str(THREE), "after"),
    ]
    assert (figures["changed_indexes"], figures["benefit_ratio_worst"]) == (2, 0.99)


def test_advice_without_alternatives_does_not_change() -> None:
    table = {"materialized": "incremental", "rows": 1_000_000, "builds": 0, "bytes": 200_000_000}
    case: dict[str, Any] = {
        "relations": {"marts.orders": table | {"columns": {"a": {"distinct": 1_000_000}}}},
        "queries": {"q": {"equality": ["marts.orders/a"]}},
    }
    evidence = evidence_of(case)
    figures = stability(evidence, RulePlanner(evidence), Budget(10_000_000), seeds=[1, 2])
    assert (figures["indexes"], figures["jittered_workloads"]) == ([1, 1], 4)
    assert (figures["changed_indexes"], figures["benefit_ratio_worst"]) == (0, 1.0)
    assert figures["once_proven"]["changed_indexes"] == 0
