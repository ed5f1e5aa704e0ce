"""What differs between two graphs is listed once, and what one of them does not know is not."""

from dataclasses import replace
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.states.diff import lineage_changes
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    RelationEdge,
)
from dbt_schema_evolve.records.lineage_changes import Aspect, LineageChange
from dbt_schema_evolve.records.relations import Column
from tests.fakes.lineage_graphs import graphs

ORDERS, FCT, MART = "source.shop.raw.orders", "model.shop.fct", "model.shop.mart"


def node(name: str, *columns: str, materialized: str = "table", **changes: object) -> LineageNode:
    listed = tuple(Column(*f"{column}:".split(":")[:2]) for column in columns)
    made = LineageNode(
        name, name.partition(".")[0], name, columns=listed, materialized=materialized
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def flow(
    source: str, target: str, kind: EdgeKind = EdgeKind.IDENTITY, expression: str = ""
) -> ColumnEdge:
    (one, one_column), (other, other_column) = source.split("#"), target.split("#")
    return ColumnEdge(one, one_column, other, other_column, kind, expression)


BEFORE = LineageGraph(
    (
        node(FCT, "id:integer", "total:integer"),
        node(MART, "total:integer"),
        node(ORDERS, "id:integer", "amount:integer", materialized=""),
    ),
    (RelationEdge(ORDERS, FCT), RelationEdge(FCT, MART)),
    (
        flow(f"{ORDERS}#id", f"{FCT}#id"),
        flow(f"{ORDERS}#amount", f"{FCT}#total"),
        flow(f"{FCT}#total", f"{MART}#total", EdgeKind.AGGREGATE, "sum(total)"),
    ),
    (IndirectEdge(ORDERS, "amount", FCT, IndirectKind.FILTER),),
)


def changed(**changes: object) -> LineageGraph:
    return replace(BEFORE, **changes)  # type: ignore[arg-type]


def with_node(*nodes: LineageNode) -> LineageGraph:
    by_id = {each.id: each for each in (*BEFORE.nodes, *nodes)}
    return changed(nodes=tuple(by_id[key] for key in sorted(by_id)))


@given(graphs())
def test_a_graph_does_not_differ_from_itself(graph: LineageGraph) -> None:
    assert lineage_changes(graph, graph) == ()


@given(graphs(), graphs())
def test_seen_from_the_other_side_what_appeared_vanished(
    one: LineageGraph, other: LineageGraph
) -> None:
    there, back = lineage_changes(one, other), lineage_changes(other, one)
    assume(all(change.what is not Aspect.RENAMED for change in there))
    assert tuple(replace(c, before=c.after, after=c.before) for c in back) == there


@given(graphs(), graphs(), st.randoms(use_true_random=False))
def test_the_order_of_nodes_and_edges_does_not_matter(
    one: LineageGraph, other: LineageGraph, rng: Random
) -> None:
    shuffled = replace(
        other,
        nodes=tuple(rng.sample(other.nodes, len(other.nodes))),
        column_edges=tuple(rng.sample(other.column_edges, len(other.column_edges))),
    )
    assert lineage_changes(one, shuffled) == lineage_changes(one, other)


def test_a_type_that_changes_is_told_with_both() -> None:
    after = with_node(node(FCT, "id:bigint", "total:integer"))
    assert lineage_changes(BEFORE, after) == (
        LineageChange(FCT, Aspect.TYPE, "integer", "bigint", "id"),
    )


def test_a_type_that_nobody_told_is_no_change() -> None:
    assert lineage_changes(BEFORE, with_node(node(FCT, "id", "total:integer"))) == ()


def test_a_column_that_comes_is_told_with_its_type_and_not_as_a_change_of_type() -> None:
    after = with_node(node(FCT, "id:integer", "total:integer", "note:text"))
    assert lineage_changes(BEFORE, after) == (
        LineageChange(FCT, Aspect.COLUMN, None, "text", "note"),
    )


def test_a_materialization_that_changes_is_told() -> None:
    after = with_node(node(MART, "total:integer", materialized="view"))
    assert lineage_changes(BEFORE, after) == (
        LineageChange(MART, Aspect.MATERIALIZATION, "table", "view"),
    )


def test_code_that_says_something_else_is_told_though_the_same_flows() -> None:
    one = with_node(node(MART, "total:integer", code_digest="0" * 16))
    other = with_node(node(MART, "total:integer", code_digest="f" * 16))
    assert lineage_changes(one, other) == (LineageChange(MART, Aspect.CODE, "0" * 16, "f" * 16),)


def test_code_that_one_state_does_not_know_is_no_change() -> None:
    known = with_node(node(MART, "total:integer", code_digest="0" * 16))
    assert lineage_changes(BEFORE, known) == lineage_changes(known, BEFORE) == ()


def test_an_edge_that_changes_is_told_by_kind_and_by_expression() -> None:
    window = flow(f"{FCT}#total", f"{MART}#total", EdgeKind.WINDOW, "sum(total) over ()")
    edges = (*BEFORE.column_edges[:2], window)
    ends = ("total", FCT, "total")
    assert lineage_changes(BEFORE, changed(column_edges=edges)) == (
        LineageChange(MART, Aspect.EDGE_KIND, "aggregate", "window", *ends),
        LineageChange(MART, Aspect.EXPRESSION, "sum(total)", "sum(total) over ()", *ends),
    )


def test_an_indirect_edge_of_another_kind_is_one_change() -> None:
    after = changed(indirect_edges=(IndirectEdge(ORDERS, "amount", FCT, IndirectKind.GROUP),))
    assert lineage_changes(BEFORE, after) == (
        LineageChange(FCT, Aspect.INDIRECT_EDGE, "filter", "group", "", ORDERS, "amount"),
    )


def test_a_node_that_vanishes_takes_its_columns_and_edges_with_it() -> None:
    after = LineageGraph(
        BEFORE.nodes[:1] + BEFORE.nodes[2:], BEFORE.relation_edges[:1], BEFORE.column_edges[:2],
        BEFORE.indirect_edges,
    )  # fmt: skip
    assert [(c.what, c.sign) for c in lineage_changes(BEFORE, after)] == [
        (Aspect.NODE, "-"), (Aspect.COLUMN, "-"), (Aspect.RELATION_EDGE, "-"),
        (Aspect.COLUMN_EDGE, "-"),
    ]  # fmt: skip


def test_a_stale_node_is_as_it_was() -> None:
    stale = tuple(replace(each, detail=Detail.STALE) for each in BEFORE.nodes)
    assert lineage_changes(BEFORE, changed(nodes=stale)) == ()


def test_edges_of_a_model_that_is_not_understood_are_unknown_and_not_gone() -> None:
    lost = with_node(replace(BEFORE.nodes[0], detail=Detail.RELATIONS))
    lost = replace(lost, column_edges=BEFORE.column_edges[2:], indirect_edges=())
    assert lineage_changes(BEFORE, lost) == (
        LineageChange(FCT, Aspect.DETAIL, "columns", "relations"),
    )


def test_columns_inferred_from_use_do_not_appear_when_somebody_reads_one_more() -> None:
    def inferred(*columns: str) -> LineageNode:
        return node(ORDERS, *columns, materialized="", has_inferred_columns=True)

    one, other = with_node(inferred("id")), with_node(inferred("id", "amount"))
    assert lineage_changes(one, other) == ()
    assert lineage_changes(BEFORE, one) == ()


def renamed(old: str, new: str) -> LineageGraph:
    def name(each: str) -> str:
        return new if each == old else each

    return LineageGraph(
        tuple(replace(each, id=name(each.id)) for each in BEFORE.nodes),
        tuple(RelationEdge(name(e.source), name(e.target)) for e in BEFORE.relation_edges),
        tuple(
            e._replace(source=name(e.source), target=name(e.target)) for e in BEFORE.column_edges
        ),
        tuple(
            e._replace(source=name(e.source), target=name(e.target)) for e in BEFORE.indirect_edges
        ),
    )


def test_a_renamed_model_is_one_change_and_its_readers_have_not_changed() -> None:
    assert lineage_changes(BEFORE, renamed(FCT, "model.shop.fct_orders")) == (
        LineageChange("model.shop.fct_orders", Aspect.RENAMED, FCT, "model.shop.fct_orders"),
    )


def test_a_copy_of_a_model_makes_no_rename_that_could_be_doubted() -> None:
    """Two new models say what the old one said: nobody knows which of them it became."""
    one, other = renamed(FCT, "model.shop.a"), renamed(FCT, "model.shop.b")
    both = LineageGraph(
        tuple({each.id: each for each in (*one.nodes, *other.nodes)}.values()),
        tuple({*one.relation_edges, *other.relation_edges}),
        tuple({*one.column_edges, *other.column_edges}),
        tuple({*one.indirect_edges, *other.indirect_edges}),
    )
    whole = [c for c in lineage_changes(BEFORE, both) if c.what in {Aspect.NODE, Aspect.RENAMED}]
    assert [(c.node, c.sign) for c in whole] == [
        ("model.shop.a", "+"), ("model.shop.b", "+"), (FCT, "-"),
    ]  # fmt: skip


def test_a_model_renamed_together_with_its_parent_is_recognised_after_it() -> None:
    parent = renamed(FCT, "model.shop.a")
    both = LineageGraph(
        tuple(replace(n, id="model.shop.z" if n.id == MART else n.id) for n in parent.nodes),
        tuple(e._replace(target="model.shop.z") if e.target == MART else e
              for e in parent.relation_edges),
        tuple(e._replace(target="model.shop.z") if e.target == MART else e
              for e in parent.column_edges),
        parent.indirect_edges,
    )  # fmt: skip
    assert [(c.what, c.before, c.after) for c in lineage_changes(BEFORE, both)] == [
        (Aspect.RENAMED, FCT, "model.shop.a"), (Aspect.RENAMED, MART, "model.shop.z"),
    ]  # fmt: skip
