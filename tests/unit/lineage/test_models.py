"""Edges into a model: from the relations that its SQL names, with what happens on the way."""

import pytest

from dbt_schema_evolve.lineage.resolution import Filling, resolve_in_order
from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    NodeLineage,
)
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip

RAW = RelationName("raw", "Orders é")
MART = RelationName("marts", "fct")
COLUMNS = {RAW: tuple(Column(name, "integer") for name in ("id", "Größe", "day"))}
OWNERS = {RAW: "source.shop.raw.orders", MART: "model.shop.fct"}
MODEL = "model.shop.fct"


def edges(sql: str, schema: LineageSchema | None = None) -> set[tuple[str, str, str]]:
    found = lineage(sql, schema or LineageSchema(COLUMNS, owners=OWNERS))
    return {
        (edge.source_column, edge.target_column, edge.kind.value) for edge in found.column_edges
    }


def lineage(sql: str, schema: LineageSchema) -> NodeLineage:
    found = node_lineage(MODEL, sql, schema)
    assert not isinstance(found, Skip), found.reason
    return found


KINDS = {
    'id from raw."Orders é"': {("id", "id", "identity")},
    'id as k from raw."Orders é"': {("id", "k", "rename")},
    'id::text as id from raw."Orders é"': {("id", "id", "cast")},
    '"Größe" + 1 as "Größe" from raw."Orders é"': {("Größe", "Größe", "expression")},
    'max("Größe") as "Größe" from raw."Orders é"': {("Größe", "Größe", "aggregate")},
    'lag(id) over (order by day) as id from raw."Orders é"': {("id", "id", "window")},
    'sum(x.n) as n from (select id::bigint as n from raw."Orders é") x': {("id", "n", "aggregate")},
    'x.n::bigint as id from (select id as n from raw."Orders é") x': {("id", "id", "cast")},
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
    found = lineage("select id from raw.v", schema)
    edge = ColumnEdge("model.shop.v", "id", "model.shop.fct", "id", EdgeKind.IDENTITY)
    assert found == NodeLineage(MODEL, ("id",), ("model.shop.v",), (edge,), ())


def test_an_inlined_ephemeral_model_is_a_node_of_its_own() -> None:
    ephemeral = RelationName("", "__dbt__cte__tidy")
    schema = LineageSchema(COLUMNS, owners={**OWNERS, ephemeral: "model.shop.tidy"})
    found = lineage(
        'with __dbt__cte__tidy as (select id as k from raw."Orders é" where day = 1)'
        " select k + 1 as n from __dbt__cte__tidy",
        schema,
    )
    edge = ColumnEdge("model.shop.tidy", "k", MODEL, "n", EdgeKind.EXPRESSION, "k + 1")
    assert found == NodeLineage(MODEL, ("n",), ("model.shop.tidy",), (edge,), ())


def test_an_expression_is_the_last_one_that_computed_the_column() -> None:
    schema = LineageSchema(COLUMNS, owners=OWNERS)
    found = lineage(
        'with summed as (select day, sum(id) as total from raw."Orders é" group by day),'
        " named as (select total as revenue from summed) select revenue as r from named",
        schema,
    )
    assert [(edge.kind, edge.expression) for edge in found.column_edges] == [
        (EdgeKind.AGGREGATE, "SUM(id)")
    ]


def test_columns_that_decide_about_rows_belong_to_the_node_as_a_whole() -> None:
    schema = LineageSchema({**COLUMNS, MART: (Column("day", "date"),)}, owners=OWNERS)
    found = lineage(
        'select o.id, o.id as again from raw."Orders é" as o join marts.fct as f on f.day = o.day'
        ' where o."Größe" > 1 order by o.id',
        schema,
    )
    assert found.indirect_edges == (
        IndirectEdge(MODEL, "day", MODEL, IndirectKind.JOIN),
        IndirectEdge("source.shop.raw.orders", "Größe", MODEL, IndirectKind.FILTER),
        IndirectEdge("source.shop.raw.orders", "day", MODEL, IndirectKind.JOIN),
        IndirectEdge("source.shop.raw.orders", "id", MODEL, IndirectKind.ORDER),
    )


def test_an_incremental_model_may_read_itself() -> None:
    schema = LineageSchema({**COLUMNS, MART: (Column("day", "date"),)}, owners=OWNERS)
    found = edges(
        'select day from raw."Orders é" where day > (select max(day) from marts.fct)', schema
    )
    assert found == {("day", "day", "identity")}


def test_columns_that_nobody_knew_are_learnt_for_those_downstream() -> None:
    schema = LineageSchema(COLUMNS, owners=OWNERS)
    first = Filling(MODEL, "select id, 'x' as origin from raw.\"Orders é\"", MART)
    later = Filling("model.shop.later", "select * from marts.fct", None)
    _, found = resolve_in_order([first, later], schema)
    assert not isinstance(found, Skip)
    assert found.columns == ("id", "origin")


def test_a_star_over_unknown_columns_is_left_out_with_the_relation_named() -> None:
    found = node_lineage(MODEL, "select * from raw.unknown", LineageSchema(COLUMNS))
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
    found = node_lineage(MODEL, "select " + "(" * 5000 + "1" + ")" * 5000, LineageSchema(COLUMNS))
    assert isinstance(found, Skip)
