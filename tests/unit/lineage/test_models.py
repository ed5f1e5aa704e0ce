"""Edges into a model: from the relations that its SQL names, with what happens on the way."""

import pytest

from dbt_schema_evolve.lineage.models import model_lineage
from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, RelationEdge
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip

RAW = RelationName("raw", "Orders é")
MART = RelationName("marts", "fct")
COLUMNS = {RAW: tuple(Column(name, "integer") for name in ("id", "Größe", "day"))}
OWNERS = {RAW: "source.shop.raw.orders", MART: "model.shop.fct"}
MODEL = Node("model.shop.fct", "model", "fct", "shop", MART, "table", "models/fct.sql")


def edges(sql: str, schema: LineageSchema | None = None) -> set[tuple[str, str, str]]:
    found = model_lineage(MODEL, sql, schema or LineageSchema(COLUMNS, owners=OWNERS))
    assert not isinstance(found, Skip), found.reason
    return {(edge.source_column, edge.target_column, edge.kind.value) for edge in found[0]}


KINDS = {
    'id from raw."Orders é"': {("id", "id", "identity")},
    'id as k from raw."Orders é"': {("id", "k", "rename")},
    'id::text as id from raw."Orders é"': {("id", "id", "cast")},
    '"Größe" + 1 as "Größe" from raw."Orders é"': {("Größe", "Größe", "expression")},
    'max("Größe") as "Größe" from raw."Orders é"': {("Größe", "Größe", "aggregate")},
    'lag(id) over (order by day) as id from raw."Orders é"': {
        ("id", "id", "window"),
        ("day", "id", "window"),
    },
    'sum(x.n) as n from (select id::bigint as n from raw."Orders é") x': {("id", "n", "aggregate")},
    'x.n::int as id from (select id as n from raw."Orders é") x': {("id", "id", "cast")},
    '1 as one, now() as at from raw."Orders é"': set(),
}


@pytest.mark.parametrize(("select", "expected"), KINDS.items(), ids=KINDS.keys())
def test_the_strongest_step_on_the_way_names_the_edge(
    select: str, expected: set[tuple[str, str, str]]
) -> None:
    assert edges(f"select {select}") == expected


def test_views_are_nodes_of_their_own() -> None:
    view = RelationName("raw", "v")
    schema = LineageSchema(
        {**COLUMNS, view: (Column("id", "integer"),)},
        {view: 'select id from raw."Orders é"'},
        owners={**OWNERS, view: "model.shop.v"},
    )
    found = model_lineage(MODEL, "select id from raw.v", schema)
    edge = ColumnEdge("model.shop.v", "id", "model.shop.fct", "id", EdgeKind.IDENTITY)
    assert found == ((edge,), (RelationEdge("model.shop.v", "model.shop.fct"),))


def test_an_inlined_ephemeral_model_is_a_node_of_its_own() -> None:
    ephemeral = RelationName("", "__dbt__cte__tidy")
    schema = LineageSchema(COLUMNS, owners={**OWNERS, ephemeral: "model.shop.tidy"})
    found = model_lineage(
        MODEL,
        'with __dbt__cte__tidy as (select id as k from raw."Orders é" where day = 1)'
        " select k + 1 as n from __dbt__cte__tidy",
        schema,
    )
    edge = ColumnEdge("model.shop.tidy", "k", "model.shop.fct", "n", EdgeKind.EXPRESSION)
    assert found == ((edge,), (RelationEdge("model.shop.tidy", "model.shop.fct"),))


def test_an_incremental_model_may_read_itself() -> None:
    schema = LineageSchema({**COLUMNS, MART: (Column("day", "date"),)}, owners=OWNERS)
    found = edges(
        'select day from raw."Orders é" where day > (select max(day) from marts.fct)', schema
    )
    assert found == {("day", "day", "identity")}


def test_columns_that_nobody_knew_are_learnt_for_those_downstream() -> None:
    schema = LineageSchema(COLUMNS, owners=OWNERS)
    edges("select id, 'x' as origin from raw.\"Orders é\"", schema)
    later = Node("model.shop.later", "model", "later", "shop", None, "view", "m.sql")
    found = model_lineage(later, "select * from marts.fct", schema)
    assert not isinstance(found, Skip)
    assert [edge.target_column for edge in found[0]] == ["id", "origin"]


def test_a_star_over_unknown_columns_is_left_out_with_the_relation_named() -> None:
    found = model_lineage(MODEL, "select * from raw.unknown", LineageSchema(COLUMNS))
    assert isinstance(found, Skip)
    assert "raw.unknown" in found.reason


def test_a_union_of_hundreds_of_arms_is_no_trouble() -> None:
    arm = 'select id, day from raw."Orders é"'
    assert edges(" union all ".join([arm] * 300)) == {
        ("id", "id", "identity"),
        ("day", "day", "identity"),
    }


def test_a_condition_of_a_thousand_terms_is_no_trouble() -> None:
    terms = " and ".join(f"id <> {n}" for n in range(1000))
    assert edges(f'select id from raw."Orders é" where {terms}') == {("id", "id", "identity")}


def test_nesting_beyond_reason_costs_only_its_own_edges() -> None:
    found = model_lineage(MODEL, "select " + "(" * 5000 + "1" + ")" * 5000, LineageSchema(COLUMNS))
    assert isinstance(found, Skip)
