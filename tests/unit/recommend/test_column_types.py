"""Other types for columns: no smaller than they pay, where to change them, and as advice."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.recommend.column_type import propose
from dbt_schema_evolve.recommend.type_bytes import freed, least_change
from dbt_schema_evolve.recommend.type_places import where_to_cast, where_to_widen
from dbt_schema_evolve.records.changes import (
    UNBOUNDED,
    ColumnTypeSpec,
    IndexKey,
    IndexSpec,
    Recommendation,
    Selection,
)
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.profiles import IndexProfile
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.wishes import Veto, Wishes
from tests.fakes.cost_oracle import FakeOracle
from tests.fakes.evidence import NOW, evidence_of, named

LINES = named("marts.lines")
TYPES = {"smallint": 2, "integer": 4, "bigint": 8, "uuid": 16, "text": 11, "boolean": 1, "date": 4}
SMALLER = {"bigint": ["smallint", "integer"], "integer": ["smallint"]}


def lines(**columns: Any) -> Evidence:
    relation = {"rows": 10_000_000, "bytes": 500_000_000, "columns": columns}
    return evidence_of({"relations": {"marts.lines": relation}})


def column(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "width": TYPES[kind], **more}


tables = st.lists(
    st.tuples(st.sampled_from(sorted(TYPES)), st.sampled_from([0.0, 0.0, 0.3, 1.0])),
    min_size=1, max_size=8,
).map(
    lambda shape: lines(**{f"c{at}": column(kind, nulls=nulls) for at, (kind, nulls) in
                           enumerate(shape)})
)  # fmt: skip


def choices(evidence: Evidence) -> dict[str, list[str]]:
    return {
        each.column: SMALLER[each.type]
        for each in evidence.columns[LINES]
        if each.type in SMALLER
    }  # fmt: skip


def bytes_of(evidence: Evidence, types: dict[str, str]) -> int:
    found = freed(evidence, ColumnTypeSpec(LINES, tuple(types.items())))
    assert found is not None
    return found.bytes


@given(tables)
def test_the_least_change_frees_as_much_as_the_smallest_types_would(evidence: Evidence) -> None:
    smallest = {name: kinds[0] for name, kinds in choices(evidence).items()}
    spec = least_change(evidence, LINES, choices(evidence))
    assert bytes_of(evidence, dict(spec.types)) >= bytes_of(evidence, smallest)


@given(tables)
def test_no_part_of_the_least_change_can_be_left_out(evidence: Evidence) -> None:
    types = dict(least_change(evidence, LINES, choices(evidence)).types)
    whole = bytes_of(evidence, types)
    for name in types:
        less = {other: kind for other, kind in types.items() if other != name}
        assert bytes_of(evidence, less) < whole


@given(tables)
def test_smaller_types_alone_never_take_more(evidence: Evidence) -> None:
    spec = least_change(evidence, LINES, choices(evidence))
    found = freed(evidence, spec)
    assert found is not None
    assert found.table_bytes >= 0
    assert found.row_after <= found.row_before


def test_a_unique_index_frees_its_part_and_others_claim_nothing() -> None:
    evidence = lines(id=column("bigint"), line=column("bigint"), day=column("bigint"))
    keys = (IndexKey("id"), IndexKey("line"))
    index = IndexProfile(IndexSpec(LINES, keys, unique=True), "i", NOW, 300_000_000, 0)
    spec = ColumnTypeSpec(LINES, (("id", "integer"), ("line", "integer")))

    def in_indexes(profile: IndexProfile) -> int:
        found = freed(replace(evidence, indexes={LINES: (profile,)}), spec)
        assert found is not None
        return found.index_bytes

    # Ten million entries of 24 bytes and a pointer become 16, on pages that are 90 % full.
    assert in_indexes(index) == pytest.approx(10_000_000 * 8 / 0.9, rel=0.03)
    assert in_indexes(replace(index, spec=replace(index.spec, unique=False))) == 0
    assert in_indexes(replace(index, spec=replace(index.spec, where="id > 5"))) == 0


def node(sql: str = "", **more: Any) -> Node:
    return Node(
        "model.shop.lines", "model", "lines", "shop", LINES, more.pop("materialized", "table"),
        "models/lines.sql", raw_code=sql, **more,
    )  # fmt: skip


SPEC = ColumnTypeSpec(LINES, (("quantity", "smallint"),))


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("select\n  a,\n  l_quantity::bigint as quantity,\n  b\nfrom x", "(line 3)"),
        ("select\n  quantity::int8, b from x", "(line 2)"),
        ('select\n  "quantity" :: bigint\nfrom x', "(line 2)"),
        ("-- x as quantity\nselect cast(q as bigint) as quantity", "(line 2)"),
        ("select * from x", ""),
        ("select q as quantity\nunion all\nselect p as quantity", ""),  # which of both?
        ("select q as quantity_2 from x where quantity > 1", ""),
    ],
)
def test_the_line_that_makes_a_column_is_named_where_there_is_one(sql: str, line: str) -> None:
    told = where_to_cast(node(sql), SPEC, (), ())
    assert told == f"in models/lines.sql cast quantity to smallint {line}".rstrip()


def test_what_else_has_to_be_done_is_told() -> None:
    contracted = node(
        materialized="incremental",
        config={"contract": {"enforced": True}},
        patch_path="models/x.yml",
    )
    told = where_to_cast(contracted, SPEC, ["quantity"], ["quantity"])
    assert 'look at max(abs("quantity")) of "marts"."lines" first' in told
    assert "change data_type in its contract (models/x.yml)" in told
    assert "dbt build --full-refresh --select lines" in told
    assert "look at what is divided where quantity is summed up" in told


def test_a_larger_type_begins_upstream() -> None:
    told = where_to_widen(node("select id::int as quantity"), SPEC)
    assert told.startswith("widen what it is made from first, then its casts in models/lines.sql")
    assert "quantity in line 1" in told


QUANTITIES = lines(
    quantity=column("bigint", past={"bits": 6}), item_id=column("integer", past={"bits": 20})
)


def advice(evidence: Evidence, **more: Any) -> Selection:
    return recommend(evidence, FakeOracle({}), UNBOUNDED, **more)


def test_advice_has_the_bytes_the_reason_and_the_way_back() -> None:
    (found,) = advice(QUANTITIES).recommendations
    assert found.kind == "column_type"
    assert (found.model_id, found.estimated_bytes) == ("model.shop.lines", -80_338_944)
    assert found.evidence == (
        "Each of 10,000,000 rows takes 32 bytes instead of 40, header and padding included.",
    )
    assert found.undo == "Cast quantity to bigint again and build it once."
    assert not found.is_priced


def test_no_config_carries_it_so_the_patch_leaves_it_to_a_person() -> None:
    (found,) = advice(QUANTITIES).recommendations
    project = Project("shop", "postgres", "1.11.16", "", "", (node(),), (), ())

    def left(item: Recommendation) -> str:
        patch, (skip,) = plan_patch([item], project, {"models/lines.sql": b"select 1"})
        assert not patch.edits
        return skip.reason

    assert left(found).endswith("by hand: cast quantity to integer")
    assert left(replace(found, by_hand="")).startswith("a column has the type that the model's")


def test_a_project_can_rule_it_out_and_a_user_can_ask_for_it_alone() -> None:
    veto = Wishes(vetoes=(Veto(LINES, "model.shop.lines", kind="column_type"),))
    selection = advice(replace(QUANTITIES, wishes=veto))
    assert not selection.recommendations
    (refused,) = selection.rejected
    assert refused.is_wish
    assert len(advice(QUANTITIES, only=["column_type"]).recommendations) == 1
    assert not advice(QUANTITIES, only=["index"]).recommendations


@given(st.randoms(use_true_random=False))
def test_order_of_the_facts_never_changes_the_advice(rng: Random) -> None:
    evidence = lines(
        **{f"c{at}": column("bigint", past={"bits": at, "every": 7}) for at in range(1, 6)},
        id=column("integer", past={"key": [1_000, 2_000], "every": 7}),
    )
    columns = evidence.columns[LINES]
    trends = evidence.watched.trends
    other = replace(
        evidence,
        columns={LINES: tuple(rng.sample(columns, len(columns)))},
        watched=replace(evidence.watched, trends=tuple(rng.sample(trends, len(trends)))),
    )
    assert list(propose(other)) == list(propose(evidence)) != []
