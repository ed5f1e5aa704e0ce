"""Changes are chosen together, by what they save per byte, builds included."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.recommend.selection import select
from dbt_schema_evolve.records.changes import (
    Budget,
    Candidate,
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
    Selection,
    Spec,
)
from tests.fakes.evidence import evidence_of, named
from tests.fakes.planner import DictPlanner

ORDERS = named("marts.orders")
LINES = named("marts.lines")
SALES = named("marts.sales")
MB = 1_000_000


def index(*columns: str, of: Any = ORDERS, **more: Any) -> IndexSpec:
    return IndexSpec(of, tuple(IndexKey(column) for column in columns), **more)


def candidates(*specs: Spec) -> list[Candidate]:
    kinds = {MaterializationSpec: "materialization", DropIndexSpec: "redundant_index"}
    return [
        Candidate(kinds.get(type(spec), "index"), spec, frozenset({"q", "r"}), "because")
        for spec in specs
    ]


def chosen(selection: Selection) -> set[Spec]:
    return {each.spec for each in selection.recommendations}


def why_not(selection: Selection, spec: Spec) -> str:
    return next(each.reason for each in selection.rejected if each.candidate.spec == spec)


def shop(**more: Any) -> dict[str, Any]:
    """Two incremental tables without builds, so that only queries count."""
    table = {"materialized": "incremental", "rows": 1_000_000, "builds": 0, "bytes": 200 * MB}
    return {
        "relations": {"marts.orders": table, "marts.lines": table},
        "queries": {
            "q": {"equality": ["marts.orders/a", "marts.orders/b"], "consumers": ["dashboard"]},
            "r": {"equality": ["marts.orders/a", "marts.lines/c"], "consumers": ["route"]},
        },
    } | more


def run(
    case: Mapping[str, Any],
    costs: Mapping[str, Mapping[Collection[Spec], float]],
    *specs: Spec,
    budget: int = 100 * MB,
    **planner: Any,
) -> Selection:
    oracle = DictPlanner(costs, **planner)
    return select(evidence_of(case), candidates(*specs), oracle, Budget(budget))


def test_the_most_useful_byte_comes_first_when_not_all_fits() -> None:
    small, large = index("a"), index("c", of=LINES)
    selection = run(
        shop(),
        {"q": {(): 1000, (small,): 500}, "r": {(): 1000, (large,): 550}},
        small,
        large,
        sizes={small: 1 * MB, large: 10 * MB},
        budget=10 * MB,
    )
    assert chosen(selection) == {small}
    assert (
        why_not(selection, large) == "needs 10,000,000 bytes where 9,000,000 of the budget are left"
    )


def test_the_draws_of_a_query_are_priced_apart_and_told_as_one() -> None:
    spec = index("a")
    facts = shop()
    facts["queries"]["q"] |= {"draws": ["q rare", "q"], "calls": 300}
    costs = {"q": {(): 1000, (spec,): 1000}, "q rare": {(): 1000, (spec,): 10}, "r": {(): 1000}}
    selection = run(facts, costs, spec)
    (recommendation,) = selection.recommendations
    (benefit,) = recommendation.benefits
    assert (benefit.fingerprint, benefit.calls) == ("q", 300)
    assert benefit.estimated_cost_before == 1000
    assert benefit.estimated_cost_after == pytest.approx((200 * 1000 + 100 * 10) / 300)
    assert any("1 query with 30 calls a day" in line for line in recommendation.evidence)


def test_a_larger_index_takes_the_place_of_a_smaller_one_that_saves_less() -> None:
    small, large = index("a"), index("b")
    selection = run(
        shop(),
        {"q": {(): 1000, (small,): 500, (large,): 100}, "r": {(): 1000}},
        small,
        large,
        sizes={small: 1 * MB, large: 10 * MB},
        budget=10 * MB,
    )
    assert chosen(selection) == {large}


def test_of_two_indexes_for_the_same_query_one_is_enough() -> None:
    one, other = index("a"), index("b")
    costs = {"q": {(): 1000, (one,): 100, (other,): 110}, "r": {(): 1000}}
    selection = run(shop(), costs, one, other)
    assert chosen(selection) == {one}
    assert why_not(selection, other) == (
        "could save 0.00 % of the workload's estimated cost at most"
    )


def test_a_wider_index_replaces_the_one_that_it_serves() -> None:
    narrow, wide = index("a"), index("a", "b")
    selection = run(
        shop(),
        {
            "q": {(): 1000, (narrow,): 500, (wide,): 50},
            "r": {(): 1000, (narrow,): 400, (wide,): 410},
        },
        narrow,
        wide,
        sizes={narrow: 1 * MB, wide: 3 * MB},
    )
    assert chosen(selection) == {wide}
    assert why_not(selection, narrow) == "marts.orders (a, b) was chosen and serves it"


def test_an_index_that_helps_only_beside_another_is_found() -> None:
    # A nested loop over the filtered orders: worth nothing until the filter has its index.
    outer, inner = index("a"), index("c", of=LINES)
    costs = {"q": {(): 1000}, "r": {(): 1000, (outer,): 600, (outer, inner): 50}}
    sizes = {outer: 50 * MB, inner: 1 * MB}
    assert chosen(run(shop(), costs, outer, inner, sizes=sizes)) == {outer, inner}


def test_an_index_that_later_choices_make_superfluous_goes() -> None:
    cheap, both = index("a"), index("b", "a")
    selection = run(
        shop(),
        {"q": {(): 1000, (cheap,): 600, (both,): 10}, "r": {(): 1000, (both,): 10, (cheap,): 900}},
        cheap,
        both,
        sizes={cheap: 1 * MB, both: 30 * MB},
    )
    assert chosen(selection) == {both}
    assert why_not(selection, cheap) == "superfluous beside the other changes"


def test_an_index_that_no_query_uses_to_speak_of_is_not_priced_by_itself() -> None:
    spec = index("a")
    selection = run(shop(), {"q": {(): 1000, (spec,): 998}, "r": {(): 1000}}, spec)
    assert why_not(selection, spec) == "no query would use it for 1 % of its cost"


def test_a_step_too_small_to_matter_is_named_with_its_share() -> None:
    spec = index("a")
    selection = run(shop(), {"q": {(): 1000, (spec,): 980}, "r": {(): 19_000}}, spec)
    assert not chosen(selection)
    assert why_not(selection, spec) == (
        "could save 0.10 % of the workload's estimated cost at most"
    )


def test_a_gain_for_one_that_costs_another_more_than_a_tenth_is_refused() -> None:
    spec = MaterializationSpec(SALES, "table")
    case = shop(
        relations={
            "marts.orders": {"materialized": "incremental", "rows": 10},
            "marts.sales": {"materialized": "view", "builds": 1},
        },
        queries={
            name: {"views": ["marts.sales"], "output": ["marts.orders/a"]} for name in ("q", "r")
        },
    )
    selection = run(case, {"q": {(): 1000, (spec,): 10}, "r": {(): 100}}, spec)
    assert chosen(selection) == {spec}
    worse = run(
        case, {"q": {(): 1000, (spec,): 10}, "r": {(): 100}}, spec, dearer={("r", spec): 1.2}
    )
    assert why_not(worse, spec) == "query r would cost 20 % more"


def test_nothing_is_added_under_a_budget_of_zero_but_drops_are() -> None:
    spec, gone = index("a"), DropIndexSpec(index("z"))
    costs = {"q": {(): 1000, (spec,): 1}, "r": {(): 1000}}
    selection = run(shop(), costs, spec, gone, budget=0)
    assert chosen(selection) == {gone}
    assert selection.estimated_bytes < 0


def test_bytes_that_a_drop_frees_are_not_spent() -> None:
    # The drop may be rejected on the shadow target; the index must fit without it.
    spec, gone = index("a"), DropIndexSpec(index("z"))
    costs = {"q": {(): 1000, (spec,): 1}, "r": {(): 1000}}
    selection = run(shop(), costs, spec, gone, sizes={spec: 6 * MB, gone: -90 * MB}, budget=5 * MB)
    assert chosen(selection) == {gone}


def test_an_index_that_a_query_needs_is_not_dropped() -> None:
    gone = DropIndexSpec(index("a"))
    selection = run(shop(), {"q": {(): 10}, "r": {(): 10}}, gone, dearer={("r", gone): 3.0})
    assert why_not(selection, gone) == "query r would cost 200 % more"


def test_a_build_at_each_run_can_eat_what_queries_gain() -> None:
    spec = index("a")
    costs = {"q": {(): 1000, (spec,): 10}, "r": {(): 1000}}
    daily = shop(relations={"marts.orders": {"rows": 100_000, "builds": 1}})
    hourly = shop(relations={"marts.orders": {"rows": 100_000, "builds": 240}})
    assert chosen(run(daily, costs, spec)) == {spec}
    assert why_not(run(hourly, costs, spec), spec) == "saves nothing more, its builds included"


def test_a_model_that_reads_the_table_counts_once_per_build() -> None:
    spec = index("a")
    case = shop(
        queries={},
        relations={
            "marts.orders": {"materialized": "incremental", "rows": 1000, "builds": 0},
            "marts.sales": {"materialized": "table", "builds": 20},
        },
        model_queries={"sales": {"calls": 20, "equality": ["marts.orders/a"]}},
    )
    selection = run(case, {"sales": {(): 1000, (spec,): 10}}, spec)
    (only,) = selection.recommendations
    assert only.benefits[0].calls == 20
    assert "Each build of marts.sales goes from estimated cost 1,000 to 10." in only.evidence


def test_a_view_is_stored_when_calls_save_more_than_builds_cost() -> None:
    spec = MaterializationSpec(SALES, "table")

    def case(calls: int) -> dict[str, Any]:
        return shop(
            relations={
                "marts.orders": {"materialized": "incremental", "rows": 1000},
                "marts.sales": {"materialized": "view", "builds": 100},
            },
            queries={"q": {"calls": calls, "views": ["marts.sales"], "output": ["marts.orders/a"]}},
            model_queries={"sales": {"calls": 100, "output": ["marts.orders/a"]}},
        )

    costs = {"q": {(): 1000, (spec,): 10}, "sales": {(): 990}}
    assert chosen(run(case(150), costs, spec)) == {spec}
    assert not chosen(run(case(90), costs, spec))


def test_of_a_chain_the_view_that_most_executions_share_is_stored() -> None:
    shared, last = (
        MaterializationSpec(named("staging.clean"), "table"),
        MaterializationSpec(SALES, "table"),
    )
    views = {"materialized": "view", "builds": 1}
    case = shop(
        relations={
            "marts.orders": {"materialized": "incremental", "rows": 1000},
            "staging.clean": views,
            "marts.sales": views,
        },
        queries={
            "q": {"views": ["staging.clean", "marts.sales"], "output": ["marts.orders/a"]},
            "r": {"views": ["staging.clean"], "output": ["marts.orders/a"]},
        },
        model_queries={
            "clean": {"calls": 1, "output": ["marts.orders/a"]},
            "sales": {"calls": 1, "views": ["staging.clean"], "output": ["marts.orders/a"]},
        },
    )
    costs = {
        "q": {(): 1000, (shared,): 102, (last,): 100},
        "r": {(): 1000, (shared,): 100},
        "clean": {(): 900},
        "sales": {(): 1000, (shared,): 100},
    }
    assert chosen(run(case, costs, shared, last)) == {shared}


def test_a_table_that_nobody_reads_is_no_longer_built() -> None:
    spec = MaterializationSpec(SALES, "view")
    case = shop(
        relations={
            "marts.orders": {"materialized": "incremental", "rows": 1000},
            "marts.sales": {"materialized": "table", "builds": 10, "build_us": 2_000_000},
        },
        queries={"q": {"output": ["marts.orders/a"]}},
        model_queries={"sales": {"calls": 10, "output": ["marts.orders/a"]}},
    )
    selection = run(
        case, {"q": {(): 10}, "sales": {(): 500}}, spec, sizes={spec: -5 * MB}, budget=0
    )
    (only,) = selection.recommendations
    assert only.spec == spec
    assert only.estimated_build_us == -2_000_000
    assert only.estimated_benefit_ratio == pytest.approx(5060 / 6060)  # a page written each time
    assert only.undo == "Set materialized='table' for sales again and build it once."


def test_a_refused_query_is_named_and_the_others_are_served() -> None:
    spec = index("a")
    selection = run(shop(), {"q": {(): 1000, (spec,): 1}, "r": {(): 1000}}, spec, refused={"r"})
    assert [(skip.subject, skip.reason) for skip in selection.unpriced] == [("r", "syntax error")]
    assert selection.priced == {"q"}
    assert chosen(selection) == {spec}


def test_a_candidate_that_cannot_be_is_rejected_and_the_others_go_on() -> None:
    good, bad = index("a"), index("b")
    selection = run(
        shop(), {"q": {(): 1000, (good,): 1}, "r": {(): 1000}}, good, bad, impossible={bad}
    )
    assert chosen(selection) == {good}
    assert why_not(selection, bad).startswith("cannot be priced: ")


def test_benefits_add_up_to_the_whole() -> None:
    one, two = index("a"), index("c", of=LINES)
    selection = run(
        shop(),
        {
            "q": {(): 1000, (one,): 300},
            "r": {(): 1000, (one,): 800, (two,): 500, (one, two): 200},
        },
        one,
        two,
    )
    saved = selection.estimated_cost_before - selection.estimated_cost_after
    assert saved == pytest.approx(150_000)
    total = sum(each.estimated_benefit_ratio for each in selection.recommendations)
    assert total == pytest.approx(saved / selection.estimated_cost_before)


def test_a_recommendation_says_who_gains_and_what_it_costs() -> None:
    spec = index("a")
    case = shop(
        relations={"marts.orders": {"rows": 1000, "builds": 10}},
        queries={
            "q": {"equality": ["marts.orders/a"], "consumers": ["dashboard"], "us": 900_000},
            "r": {"output": ["marts.orders/b"], "consumers": ["notebook"], "us": 300_000},
        },
    )
    selection = run(case, {"q": {(): 9000, (spec,): 10}, "r": {(): 3000}}, spec)
    (only,) = selection.recommendations
    assert only.model_id == "model.shop.orders"
    assert only.consumers == ("dashboard",)
    assert only.evidence[:3] == (
        "1 query with 10 calls a day gets cheaper.",
        "It took 900 ms in 10 days, 75 % of all query time.",
        "The largest gain is q: estimated cost 9,000 before, 10 after.",
    )
    assert selection.us_per_cost == pytest.approx(1.0)
    # 2 pages and 1000 rows scanned, 1000 * log2(1000) comparisons: 62 units of one microsecond.
    assert only.estimated_build_us == pytest.approx(62, abs=3)
    assert only.undo == "Take the index out of the config of orders; the next build leaves it out."


def test_an_index_on_a_table_that_was_a_view_takes_a_second_look() -> None:
    table = MaterializationSpec(SALES, "table")
    inside = IndexSpec(SALES, (IndexKey("customer"),))
    case = shop(
        relations={
            "marts.orders": {
                "materialized": "incremental",
                "rows": 1_000_000,
                "columns": {"a": {"distinct": -0.5}, "z": {"width": 200}},
            },
            "marts.sales": {"materialized": "view", "builds": 1},
        },
        queries={
            "q": {
                "calls": 50_000,
                "reads": ["marts.sales"],
                "base": ["marts.orders"],
                "views": ["marts.sales"],
                "equality": ["marts.orders/a"],
            }
        },
        model_queries={
            "sales": {
                "calls": 1,
                "output": ["marts.orders/a"],
                "outputs": {"customer": "marts.orders/a"},
            }
        },
    )
    costs = {
        "q": {(): 90_000, (table,): 20_000, (table, inside): 10},
        "sales": {(): 90_000},
    }
    planner = DictPlanner(costs, sizes={table: 50 * MB}, rows=100_000)
    selection = recommend(evidence_of(case), planner, Budget(100 * MB))
    assert chosen(selection) == {table, inside}


def test_a_prefix_that_a_new_index_serves_is_dropped_in_the_same_breath() -> None:
    old, new = index("a"), index("a", "b")
    case = shop(
        relations={
            "marts.orders": {
                "materialized": "incremental",
                "rows": 1_000_000,
                "bytes": 200 * MB,
                "builds": 0,
                "indexes": [{"keys": ["a"], "scans": 90}],
                "columns": {"a": {"distinct": 90}, "b": {"distinct": 50}, "z": {"width": 200}},
            }
        },
        queries={"q": {"equality": ["marts.orders/a", "marts.orders/b"]}},
    )

    class Planner(DictPlanner):
        def _one(self, query: str, configuration: Any) -> Any:
            estimate = super()._one(query, configuration)
            if DropIndexSpec(old) in configuration and new not in configuration:
                return type(estimate)(9000.0, 1.0, 8, ())
            return estimate

    selection = recommend(
        evidence_of(case), Planner({"q": {(): 1000, (new,): 10}}), Budget(10 * MB)
    )
    assert chosen(selection) == {new, DropIndexSpec(old)}


def test_advice_for_a_person_claims_no_gain_that_was_not_priced() -> None:
    case = {
        "relations": {
            "raw.events": {"owned": False, "rows": 9, "inserted": 9, "updated": 0, "deleted": 0},
            "marts.events": {"materialized": "table", "builds": 10, "rows": 9},
        },
        "model_queries": {"events": {"calls": 10, "output": ["raw.events/a"]}},
        "queries": {"q": {"output": ["marts.events/a"]}},
    }
    planner = DictPlanner({"q": {(): 10}, "events": {(): 10}})
    (only,) = recommend(evidence_of(case), planner, Budget(0)).recommendations
    assert only.by_hand
    assert only.benefits == ()
    assert only.estimated_benefit_ratio == 0


def test_an_empty_workload_gets_no_advice() -> None:
    selection = run(shop(queries={}), {}, index("a"))
    assert not selection.recommendations
    assert selection.estimated_cost_before == 0


def test_only_the_asked_kinds_are_considered() -> None:
    case = shop(
        relations={
            "marts.orders": {
                "materialized": "incremental",
                "rows": 1_000_000,
                "bytes": 200 * MB,
                "indexes": [{"keys": ["z"], "scans": 0}],
            }
        },
        queries={"q": {"equality": ["marts.orders/a"]}},
    )
    planner = DictPlanner({"q": {(): 1000, (index("a"),): 1}})
    selection = recommend(evidence_of(case), planner, Budget(10 * MB), only={"redundant_index"})
    assert chosen(selection) == {DropIndexSpec(index("z"))}
