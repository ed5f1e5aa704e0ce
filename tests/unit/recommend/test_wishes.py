"""What a project pins or forbids goes before what pays."""

from dataclasses import replace
from typing import Any

from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.records.changes import (
    Budget,
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    Selection,
)
from dbt_schema_evolve.records.wishes import Pin, Veto, Wishes
from tests.fakes.cost_oracle import FakeOracle, FakeTable, lookup
from tests.fakes.evidence import evidence_of, named

ORDERS = named("marts.orders")
MODEL = "model.shop.orders"
BY_CUSTOMER, BY_DAY, BY_PLACE = (
    IndexSpec(ORDERS, (IndexKey(column),)) for column in ("customer", "day", "place")
)


def advise(wishes: Wishes, budget: int = 100_000_000) -> Selection:
    """Orders are looked up by customer; an index on the day is there and nobody uses it."""
    case: dict[str, Any] = {
        "relations": {
            "marts.orders": {
                "materialized": "incremental",
                "rows": 1_000_000,
                "builds": 0,
                "bytes": 200_000_000,
                "columns": {
                    "customer": {"distinct": 50_000},
                    "day": {"distinct": 300},
                    "place": {"distinct": 3},
                },
                "indexes": [{"keys": ["day"], "scans": 0}],
            }
        },
        "queries": {
            "q": {
                "equality": ["marts.orders/customer"],
                "sql": lookup(ORDERS, "customer"),
                "calls": 100,
            }
        },
    }
    distinct = {"customer": 50_000, "day": 300, "place": 3}
    oracle = FakeOracle({ORDERS: FakeTable(1_000_000, distinct, indexes=(BY_DAY,))})
    evidence = replace(evidence_of(case), wishes=wishes)
    return recommend(evidence, oracle, Budget(budget))


def chosen(selection: Selection) -> set[Any]:
    return {each.spec for each in selection.recommendations}


def why_not(selection: Selection, spec: Any) -> str:
    return next(each.reason for each in selection.rejected if each.candidate.spec == spec)


def test_without_wishes_the_useful_index_comes_and_the_unused_one_goes() -> None:
    assert chosen(advise(Wishes())) == {BY_CUSTOMER, DropIndexSpec(BY_DAY)}


def test_a_pinned_index_is_not_dropped() -> None:
    selection = advise(Wishes(pins=(Pin(BY_DAY, MODEL),)))
    assert chosen(selection) == {BY_CUSTOMER}
    assert why_not(selection, DropIndexSpec(BY_DAY)) == f"pinned in meta.schema_evolve of {MODEL}"


def test_an_ignored_index_is_neither_built_nor_dropped() -> None:
    vetoes = (Veto(ORDERS, MODEL, spec=BY_CUSTOMER), Veto(ORDERS, MODEL, spec=BY_DAY))
    selection = advise(Wishes(vetoes=vetoes))
    assert chosen(selection) == set()
    assert why_not(selection, BY_CUSTOMER) == f"ignored in meta.schema_evolve of {MODEL}"


def test_a_veto_of_a_kind_leaves_the_other_kinds() -> None:
    selection = advise(Wishes(vetoes=(Veto(ORDERS, MODEL, kind="redundant_index"),)))
    assert chosen(selection) == {BY_CUSTOMER}


def test_a_veto_of_everything_leaves_a_relation_alone() -> None:
    assert chosen(advise(Wishes(vetoes=(Veto(ORDERS, MODEL),)))) == set()


def test_a_pin_that_does_not_fit_says_so_and_not_that_it_would_save_nothing() -> None:
    wide = IndexSpec(ORDERS, (IndexKey("place"), IndexKey("day")))
    selection = advise(Wishes(pins=(Pin(wide, MODEL),)), budget=30_000_000)
    assert BY_CUSTOMER in chosen(selection)
    assert wide not in chosen(selection)
    assert "30,000,000 of the budget are left" in why_not(selection, wide)
