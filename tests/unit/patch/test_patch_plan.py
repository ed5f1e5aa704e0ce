"""Where a change goes, what is left to a person, and that changes compose."""

import random

import pytest

from dbt_schema_evolve.patch.diff import applied
from dbt_schema_evolve.patch.index_config import index_name
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexKey, IndexSpec, Spec
from dbt_schema_evolve.records.relations import RelationName
from tests.unit.patch.builders import (
    PROJECT,
    SQL,
    YML,
    advice,
    index,
    materialized,
    orders,
    plan,
    project,
)

CALL = "{{ config(tags=['a']) }}\nselect 1\n"
ENTRY = "models:\n  - name: orders\n    config:\n      tags: ['a']\n"


def edited(files: dict[str, str], *specs: Spec, **node: object) -> dict[str, str]:
    """The files that a change touches, afterwards."""
    patch, skips = plan(files, *specs, **node)  # type: ignore[arg-type]
    assert skips == ()
    return {edit.path: (edit.after or b"").decode() for edit in patch.edits}


def reason(files: dict[str, str], spec: Spec, **node: object) -> str:
    """Why a change is left to a person."""
    patch, (skip,) = plan(files, spec, **node)  # type: ignore[arg-type]
    assert patch.edits == ()
    return skip.reason


class TestPlace:
    def test_a_key_in_both_is_edited_in_the_call_that_wins(self) -> None:
        yml = ENTRY + "      materialized: view\n"
        files = {SQL: "{{ config(materialized='view') }}\nselect 1\n", YML: yml}
        assert list(edited(files, materialized("table"))) == [SQL]

    def test_a_key_in_yaml_is_edited_there_though_there_is_a_call(self) -> None:
        files = {SQL: CALL, YML: ENTRY + "      materialized: view\n"}
        assert list(edited(files, materialized("table"))) == [YML]

    def test_a_new_key_goes_into_the_call_before_the_yaml(self) -> None:
        assert list(edited({SQL: CALL, YML: ENTRY}, index("a"))) == [SQL]

    def test_a_new_key_goes_into_the_yaml_before_a_new_call(self) -> None:
        assert list(edited({SQL: "select 1\n", YML: ENTRY}, index("a"))) == [YML]

    def test_a_folder_s_materialization_is_overridden_at_the_model(self) -> None:
        files = {PROJECT: "models:\n  shop:\n    +materialized: view\n", SQL: "select 1\n"}
        after = edited(files, materialized("table"), materialized="view")
        assert list(after) == [SQL]

    def test_a_folder_s_indexes_come_along_because_a_list_replaces_a_list(self) -> None:
        files = {SQL: CALL}
        after = edited(files, index("a"), config={"indexes": [{"columns": ["id"], "unique": True}]})
        assert "{'columns': ['id'], 'unique': True}" in after[SQL]
        assert "{'columns': ['a']}" in after[SQL]

    def test_an_index_of_the_folder_is_dropped_by_a_list_without_it(self) -> None:
        files = {PROJECT: "models:\n  +indexes: [{columns: [a]}]\n", SQL: CALL}
        drop = DropIndexSpec(index("a"))
        after = edited(files, drop, config={"indexes": [{"columns": ["a"]}]})
        assert "indexes=[]" in after[SQL]

    def test_the_last_own_index_leaves_an_empty_list_where_the_folder_has_indexes(self) -> None:
        files = {
            PROJECT: "models:\n  +indexes: [{columns: [b]}]\n",
            SQL: "select 1",
            YML: "models:\n  - name: orders\n    config:\n      indexes:\n        - columns: [a]\n",
        }
        after = edited(files, DropIndexSpec(index("a")), config={"indexes": [{"columns": ["a"]}]})
        assert after[YML].endswith("      indexes: []\n")

    def test_a_package_s_model_is_configured_in_the_root_project(self) -> None:
        files = {PROJECT: "name: shop\nmodels:\n  shop:\n    +materialized: table\n"}
        after = edited(
            files, index("a"), package="Parts", path="models/deep er/orders.sql",
            unique_id="model.Parts.orders",
        )  # fmt: skip
        assert after[PROJECT].endswith(
            "  Parts:\n    'deep er':\n      orders:\n        +indexes:\n          - columns: [a]\n"
        )

    def test_a_seed_without_yaml_is_configured_in_the_root_project(self) -> None:
        after = edited(
            {PROJECT: "name: shop"}, index("a"), resource_type="seed", materialized="seed",
            path="seeds/orders.csv", unique_id="seed.shop.orders",
        )  # fmt: skip
        assert after[PROJECT] == (
            "name: shop\nseeds:\n  shop:\n    orders:\n      +indexes:\n        - columns: [a]"
        )

    def test_dbt_s_own_fqn_wins_over_a_guess_from_the_path(self) -> None:
        fqn = ("parts", "x", "orders")
        after = edited({PROJECT: "name: shop\n"}, index("a"), package="parts", fqn=fqn)
        assert "  parts:\n    x:\n      orders:\n" in after[PROJECT]


class TestIndex:
    def test_pgevolve_takes_include_and_where_as_keys(self) -> None:
        spec = index("a", include=("B c",), where="x > 1")
        after = edited({SQL: CALL}, spec, adapter_type="pgevolve")
        assert "'include': ['\"B c\"'], 'where': 'x > 1'" in after[SQL]

    def test_pgevolve_says_every_index_of_a_materialized_view(self) -> None:
        spec = index("Upper", include=("b",))
        patch, skips = plan(
            {SQL: CALL}, spec, adapter_type="pgevolve", materialized="materialized_view"
        )
        assert (skips, patch.full_refresh) == ((), ())
        assert b"'include': ['b']" in (patch.edits[0].after or b"")

    def test_a_table_s_hook_names_no_index_because_the_old_table_still_owns_the_name(self) -> None:
        after = edited({SQL: CALL}, index("a", include=("b",)))
        assert "'create index on {{ this }} (a) include (b)'" in after[SQL]

    def test_an_incremental_s_hook_is_idempotent_and_runs_after_the_commit(self) -> None:
        spec = index("a", where="b > 1")
        after = edited({SQL: CALL}, spec, materialized="incremental")
        assert f'create index if not exists "{index_name(spec)}" on {{{{ this }}}}' in after[SQL]
        assert "'transaction': False" in after[SQL]

    def test_a_name_is_stable_fits_postgres_and_depends_on_the_structure(self) -> None:
        long = IndexSpec(RelationName("s", "ü" * 60), (IndexKey("a"),))
        assert len(index_name(long).encode()) <= 63
        assert index_name(index("a")) != index_name(index("a", "b"))

    def test_a_name_is_the_same_in_every_process(self) -> None:
        spec = index("a", include=("b", "c", "d", "e", "f"))
        assert index_name(spec) == "orders_ca10b568dc_idx"

    def test_only_what_outlives_a_run_needs_a_full_refresh(self) -> None:
        needs = {
            kind: plan({SQL: CALL}, index("a", "b"), materialized=kind)[0].full_refresh
            for kind in ("table", "incremental", "materialized_view")
        }
        own = ("model.shop.orders",)
        assert needs == {"table": (), "incremental": own, "materialized_view": own}

    def test_a_view_holds_no_rows(self) -> None:
        assert "this is a view" in reason({SQL: CALL}, index("a"), materialized="view")

    def test_a_view_that_becomes_a_table_can_be_indexed_at_once(self) -> None:
        after = edited({SQL: CALL}, index("a"), materialized("table"), materialized="view")
        assert "materialized='table'" in after[SQL]
        assert "'columns': ['a']" in after[SQL]

    @pytest.mark.parametrize(
        "spec",
        [
            index(IndexKey("a", descending=True, nulls_first=True)),
            index("Upper"),
            index("a", include=("b",)),
            index("a", where="b > 1"),
        ],
        ids=str,
    )
    def test_what_dbt_would_drop_from_a_materialized_view_is_for_a_person(
        self, spec: IndexSpec
    ) -> None:
        assert "would drop" in reason({SQL: CALL}, spec, materialized="materialized_view")

    def test_jinja_in_a_name_is_for_a_person(self) -> None:
        assert "Jinja" in reason({SQL: CALL}, index("{{ a }}"))

    def test_an_index_that_dbt_did_not_build_cannot_be_dropped_by_config(self) -> None:
        text = reason({SQL: CALL}, DropIndexSpec(index("a")))
        assert "no entry of `indexes` or `meta` and no post-hook of ours" in text

    def test_dropping_an_index_takes_our_hook_out_again(self) -> None:
        spec = index("a", include=("b",))
        with_hook = edited({SQL: CALL}, spec)[SQL]
        assert edited({SQL: with_hook}, DropIndexSpec(spec))[SQL] == CALL


class TestLeftToAPerson:
    def test_what_dbt_does_not_build_comes_with_its_ddl(self) -> None:
        item = advice(index("a"), model_id="")
        patch, (skip,) = plan_patch([item], project(orders()), {SQL: CALL.encode()})
        assert patch.edits == ()
        assert skip.subject == item.number_key
        assert 'create index on "marts"."orders" using btree ("a")' in skip.reason

    def test_what_a_recommender_left_to_a_person_stays_so(self) -> None:
        item = advice(index("a"), by_hand="the loader owns it")
        _, (skip,) = plan_patch([item], project(orders()), {SQL: CALL.encode()})
        assert skip.reason.startswith("the loader owns it")

    def test_a_file_that_is_not_there_is_named(self) -> None:
        assert SQL in reason({}, index("a"))

    def test_a_file_that_is_not_utf_8_is_named(self) -> None:
        files = {SQL: "-- caf\xe9\nselect 1".encode("latin-1")}
        _, (skip,) = plan_patch([advice(index("a"))], project(orders()), files)
        assert "not UTF-8" in skip.reason

    def test_a_contract_rules_out_a_materialized_view(self) -> None:
        config = {"contract": {"enforced": True}}
        assert "contract" in reason({SQL: CALL}, materialized("materialized_view"), config=config)

    def test_one_refusal_costs_only_itself(self) -> None:
        patch, skips = plan({SQL: CALL}, index("a"), index("{{ b }}"))
        assert len(patch.recommendations) == len(skips) == 1


def test_the_order_of_the_advice_does_not_show() -> None:
    files = {SQL: CALL.encode(), YML: ENTRY.encode()}
    items = [
        advice(spec)
        for spec in (
            index("a"), index("b", unique=True), index("c", include=("d",)),
            materialized("incremental"), DropIndexSpec(index("e")),
        )
    ]  # fmt: skip
    node = orders(patch_path=YML, raw_code="is_incremental()", config={})
    first = plan_patch(items, project(node), files)
    for seed in range(5):
        random.Random(seed).shuffle(items)
        assert plan_patch(items, project(node), files) == first


def test_taking_the_advice_leaves_nothing_to_patch() -> None:
    files = {SQL: CALL.encode()}
    items = [advice(spec) for spec in (index("a"), index("b", where="c > 1"))]
    patch, _ = plan_patch(items, project(orders()), files)
    again, skips = plan_patch(items, project(orders()), applied(patch, files))
    assert again.edits == ()
    assert all("already" in skip.reason for skip in skips)
