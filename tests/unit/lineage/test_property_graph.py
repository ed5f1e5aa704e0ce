"""The lineage graph spelled out: every fact once, keys that stay, no edge without its ends."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.property_graph import (
    MOST_CHARACTERS,
    column_key,
    node_key,
    property_graph,
)
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    LineageGraph,
    LineageNode,
    Origin,
    RelationEdge,
    Seen,
)
from dbt_schema_evolve.records.property_graph import (
    EDGE_PROPERTIES,
    VERTEX_PROPERTIES,
    EdgeLabel,
    VertexLabel,
    type_of,
)
from tests.fakes.property_graphs import (
    HOSTILE,
    ORDERS,
    SEEN,
    SHOP,
    STAGED,
)

PARTS = st.text(st.sampled_from("ab.:1"), max_size=4)


def test_everything_in_the_graph_becomes_a_vertex_or_an_edge() -> None:
    graph = property_graph(SHOP, "shop")
    assert Counter(vertex.label for vertex in graph.vertices) == {
        VertexLabel.SOURCE: 1, VertexLabel.MODEL: 2, VertexLabel.COLUMN: 7,
        VertexLabel.QUERY: 2, VertexLabel.CONSUMER: 1,
    }  # fmt: skip
    assert Counter(edge.label for edge in graph.edges) == {
        EdgeLabel.FLOWS_TO: 2, EdgeLabel.DERIVES: 4, EdgeLabel.DECIDES: 1,
        EdgeLabel.HAS_COLUMN: 7, EdgeLabel.READS: 4, EdgeLabel.WRITES: 1,
    }  # fmt: skip


def test_an_edge_between_columns_says_what_happens_to_the_values() -> None:
    graph = property_graph(SHOP, "shop")
    ends = column_key("shop", ORDERS, "amount"), column_key("shop", STAGED, "total")
    (edge,) = (edge for edge in graph.edges if (edge.source, edge.target) == ends)
    assert edge.properties == {
        "project": "shop", "kind": "expression", "expression": "amount * 2", "origin": "sql",
    }  # fmt: skip


def test_what_is_not_known_is_left_out_and_what_is_nothing_is_not() -> None:
    node = LineageNode("model.shop.a", "model", "a")
    (vertex,) = property_graph(LineageGraph((node,), (), ()), "shop").vertices
    assert "schema" not in vertex.properties
    assert "last_seen" not in vertex.properties
    assert vertex.properties["has_inferred_columns"] is False


def test_times_are_told_where_they_are_known() -> None:
    graph = property_graph(SHOP, "shop", SEEN)
    dated = Counter(
        each.label for each in (*graph.vertices, *graph.edges) if "first_seen" in each.properties
    )
    assert dated == {
        VertexLabel.SOURCE: 1, VertexLabel.COLUMN: 1, VertexLabel.QUERY: 1,
        EdgeLabel.FLOWS_TO: 1, EdgeLabel.DERIVES: 1, EdgeLabel.DECIDES: 1,
    }  # fmt: skip
    (decides,) = (edge for edge in graph.edges if edge.label == EdgeLabel.DECIDES)
    assert decides.properties["first_seen"] == "2026-04-01T06:00:00+00:00"


def test_a_later_look_at_the_same_graph_changes_nothing_but_its_readers() -> None:
    later = replace(
        SEEN, nodes={key: Seen(seen.first, datetime.now(UTC)) for key, seen in SEEN.nodes.items()}
    )
    assert property_graph(SHOP, "shop", later) == property_graph(SHOP, "shop", SEEN)


def test_what_only_edges_speak_of_becomes_a_vertex_too() -> None:
    edge = ColumnEdge("dataset.s3.x", "a", "relation.s.t", "b", EdgeKind.IDENTITY)
    graph = property_graph(LineageGraph((), (), (edge,)), "shop")
    assert {vertex.label for vertex in graph.vertices} == {
        VertexLabel.DATASET, VertexLabel.RELATION, VertexLabel.COLUMN,
    }  # fmt: skip


def test_no_edge_lacks_an_end_and_everything_is_sorted() -> None:
    for lineage in (SHOP, HOSTILE):
        graph = property_graph(lineage, "shop")
        keys = [vertex.key for vertex in graph.vertices]
        assert keys == sorted(set(keys))
        assert [edge.key for edge in graph.edges] == sorted({edge.key for edge in graph.edges})
        assert {end for edge in graph.edges for end in (edge.source, edge.target)} <= set(keys)


def test_every_property_is_one_that_the_databases_are_told_of() -> None:
    for graph in (property_graph(SHOP, "shop", SEEN), property_graph(HOSTILE, "shop")):
        for vertex in graph.vertices:
            assert vertex.properties.keys() <= set(VERTEX_PROPERTIES[vertex.label])
        for edge in graph.edges:
            assert edge.properties.keys() <= set(EDGE_PROPERTIES[edge.label])
        for each in (*graph.vertices, *graph.edges):
            assert all(type(value) is type_of(name) for name, value in each.properties.items())


def test_long_text_is_cut() -> None:
    longest = max(
        len(str(value)) for edge in property_graph(HOSTILE, "p").edges
        for value in edge.properties.values()
    )  # fmt: skip
    assert longest == MOST_CHARACTERS


def test_expressions_that_differ_only_at_their_cut_end_are_two_edges() -> None:
    ends = ("model.a", "x", "model.b", "y", EdgeKind.EXPRESSION)
    edges = tuple(ColumnEdge(*ends, "x" * MOST_CHARACTERS + last) for last in "12")
    found = property_graph(LineageGraph((), (), edges), "p").edges
    assert [edge.label for edge in found].count(EdgeLabel.DERIVES) == 2


def test_who_says_so_is_no_part_of_the_key() -> None:
    reported = tuple(edge._replace(origin=Origin.BOTH) for edge in SHOP.relation_edges)
    one, other = (
        property_graph(each, "shop") for each in (SHOP, replace(SHOP, relation_edges=reported))
    )
    assert [edge.key for edge in one.edges] == [edge.key for edge in other.edges]
    assert one != other


@given(PARTS, PARTS, PARTS, PARTS, PARTS, PARTS)
def test_keys_are_equal_only_where_all_parts_are(a: str, b: str, c: str, d: str, e: str, f: str):
    assert (column_key(a, b, c) == column_key(d, e, f)) == ((a, b, c) == (d, e, f))
    assert node_key(a, b) != column_key(a, b, c)


def test_the_order_of_the_facts_never_shows() -> None:
    backwards = replace(
        SHOP,
        nodes=SHOP.nodes[::-1],
        relation_edges=SHOP.relation_edges[::-1],
        column_edges=SHOP.column_edges[::-1],
        queries=SHOP.queries[::-1],
    )
    assert property_graph(backwards, "shop") == property_graph(SHOP, "shop")
    assert RelationEdge(ORDERS, STAGED) == SHOP.relation_edges[0]
