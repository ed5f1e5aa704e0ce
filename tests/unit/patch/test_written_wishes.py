"""Pins and vetoes are read as written; what cannot be read costs itself and is named."""

from typing import Any

from dbt_schema_evolve.patch.wishes import read_wishes
from dbt_schema_evolve.records.changes import IndexKey
from dbt_schema_evolve.records.wishes import Pin, Veto, Wishes
from dbt_schema_evolve.records.workload import Skip
from tests.unit.patch.builders import ORDERS, index, orders

KINDS = ("index", "materialization")
MODEL = "model.shop.orders"


def read(ours: Any, **node: Any) -> tuple[Wishes, tuple[Skip, ...]]:
    return read_wishes([orders(config={"meta": {"schema_evolve": ours}}, **node)], KINDS)


def test_a_pin_is_an_entry_of_indexes() -> None:
    wishes, skips = read({"pin": [{"columns": ["customer_id", "day desc"], "where": "open"}]})
    spec = index("customer_id", IndexKey("day", descending=True, nulls_first=True), where="open")
    assert wishes.pins == (Pin(spec, MODEL),)
    assert not skips


def test_a_veto_is_of_everything_of_a_kind_or_of_one_index() -> None:
    wishes, skips = read({"ignore": [True, "materialization", {"columns": ["status"]}]})
    assert wishes.vetoes == (
        Veto(ORDERS, MODEL),
        Veto(ORDERS, MODEL, kind="materialization"),
        Veto(ORDERS, MODEL, spec=index("status")),
    )
    assert not skips


def test_a_single_wish_needs_no_list() -> None:
    assert read({"ignore": "index"})[0].vetoes == (Veto(ORDERS, MODEL, kind="index"),)


def test_a_wish_that_cannot_be_read_is_named_and_the_others_hold() -> None:
    wishes, skips = read({"pin": ["customer_id", {"columns": ["day"]}], "ignore": ["indices"]})
    assert [pin.spec for pin in wishes.pins] == [index("day")]
    assert [skip.subject for skip in skips] == [MODEL, MODEL]
    assert "'customer_id' is no index" in skips[0].reason
    assert "'indices' is neither true" in skips[1].reason


def test_of_a_pin_and_a_veto_against_it_the_veto_holds_and_both_are_named() -> None:
    for against in (True, "index", {"columns": ['"day"']}):
        wishes, skips = read({"pin": {"columns": ["day"]}, "ignore": [against]})
        assert not wishes.pins
        assert len(wishes.vetoes) == 1
        assert "is pinned and ignored" in skips[0].reason


def test_a_view_cannot_have_a_pinned_index() -> None:
    wishes, skips = read({"pin": {"columns": ["day"]}}, materialized="view")
    assert not wishes.pins
    assert "a view has no rows" in skips[0].reason


def test_meta_of_other_shapes_is_no_wish() -> None:
    for config in ({}, {"meta": None}, {"meta": {"schema_evolve": ["pin"]}}, {"meta": {"pin": 1}}):
        assert read_wishes([orders(config=config)], KINDS) == (Wishes(), ())
