"""Every graph database makes a project's part of it the graph that it is given."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from gremlin_python.driver.client import Client

from dbt_schema_evolve.backends.graph.embedded import EmbeddedGraph
from dbt_schema_evolve.backends.graph.janusgraph import JanusGraph
from dbt_schema_evolve.backends.graph.neo4j import Neo4jGraph
from dbt_schema_evolve.errors import GraphStoreError
from dbt_schema_evolve.lineage.property_graph import column_key, node_key, property_graph
from dbt_schema_evolve.ports import GraphStore, PushCounts
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, LineageGraph, RelationEdge
from dbt_schema_evolve.records.property_graph import EdgeLabel, PropertyGraph, VertexLabel
from tests.bolt_server import DATABASE, PASSWORD
from tests.fakes.graph_store import DictGraphStore
from tests.fakes.property_graphs import (
    HOSTILE,
    ORDERS,
    REVENUE,
    SEEN,
    SHOP,
    STAGED,
    without_revenue,
)
from tests.gremlin_server import gremlin_server

EMPTY = PropertyGraph("shop", (), ())


def _real_neo4j() -> Neo4jGraph:
    uri = os.environ.get("SCHEMA_EVOLVE_TEST_NEO4J_URI")
    if not uri:
        pytest.skip("set SCHEMA_EVOLVE_TEST_NEO4J_URI (and _USER, _PASSWORD) to an empty Neo4j")
    return Neo4jGraph(
        uri,
        os.environ.get("SCHEMA_EVOLVE_TEST_NEO4J_USER", "neo4j"),
        os.environ.get("SCHEMA_EVOLVE_TEST_NEO4J_PASSWORD", ""),
    )


def _real_janusgraph() -> JanusGraph:
    uri = os.environ.get("SCHEMA_EVOLVE_TEST_JANUSGRAPH_URI")
    if not uri:
        pytest.skip("set SCHEMA_EVOLVE_TEST_JANUSGRAPH_URI to an empty JanusGraph")
    return JanusGraph(uri)


def _bolt(request: pytest.FixtureRequest) -> Neo4jGraph:
    return Neo4jGraph(request.getfixturevalue("bolt_address"), "root", PASSWORD, DATABASE)


def _gremlin(request: pytest.FixtureRequest) -> JanusGraph:
    return JanusGraph(request.getfixturevalue("gremlin_address"), define=no_schema)


def no_schema(client: Client) -> None:
    """Graphersal has no schema to manage."""


@pytest.fixture
def gremlin_address() -> Iterator[str]:
    with gremlin_server() as address:
        yield address


@pytest.fixture(params=["memory", "file", "bolt", "gremlin", "neo4j", "janusgraph"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GraphStore]:
    made = {
        "memory": DictGraphStore,
        "file": lambda: EmbeddedGraph(tmp_path / "graph.duckdb"),
        "bolt": lambda: _bolt(request),
        "gremlin": lambda: _gremlin(request),
        "neo4j": _real_neo4j,
        "janusgraph": _real_janusgraph,
    }[request.param]()
    with made as opened:
        yield opened
        for project in ("shop", "other", "hostile"):
            opened.replace(PropertyGraph(project, (), ()))


def shop(graph: LineageGraph = SHOP, project: str = "shop") -> PropertyGraph:
    return property_graph(graph, project)


def test_an_empty_store_holds_nothing(store: GraphStore) -> None:
    assert store.read("shop") == EMPTY
    assert store.downstream(node_key("shop", ORDERS), EdgeLabel.FLOWS_TO) == ()


def test_a_graph_comes_out_as_it_went_in(store: GraphStore) -> None:
    graph = shop()
    result = store.replace(graph)
    assert store.read("shop") == graph
    assert result.vertices == PushCounts(len(graph.vertices), 0, 0, 0)
    assert result.edges == PushCounts(len(graph.edges), 0, 0, 0)


def test_pushing_twice_writes_nothing(store: GraphStore) -> None:
    graph = shop()
    store.replace(graph)
    result = store.replace(graph)
    assert result.vertices == PushCounts(0, 0, 0, len(graph.vertices))
    assert result.edges == PushCounts(0, 0, 0, len(graph.edges))
    assert store.read("shop") == graph


def test_what_vanished_is_deleted(store: GraphStore) -> None:
    before, after = shop(), shop(without_revenue())
    store.replace(before)
    result = store.replace(after)
    assert store.read("shop") == after
    assert result.vertices.deleted == len(before.vertices) - len(after.vertices)
    assert result.edges.deleted == len(before.edges) - len(after.edges)
    assert result.vertices.written == result.edges.written == 0


def test_what_came_back_is_written_again(store: GraphStore) -> None:
    for graph in (shop(), shop(without_revenue()), shop()):
        store.replace(graph)
    assert store.read("shop") == shop()


def test_a_changed_property_is_updated_and_a_lost_one_is_gone(store: GraphStore) -> None:
    with_times = property_graph(SHOP, "shop", SEEN)
    store.replace(with_times)
    assert store.read("shop") == with_times
    result = store.replace(shop())
    assert store.read("shop") == shop()
    assert (result.vertices.updated, result.edges.updated) == (2, 3)
    assert (result.vertices.written, result.edges.deleted) == (0, 0)


def test_an_edge_of_another_kind_replaces_the_one_that_was_there(store: GraphStore) -> None:
    store.replace(shop())
    cast = ColumnEdge(ORDERS, "id", STAGED, "order_id", EdgeKind.CAST, "id::bigint")
    changed = shop(replace(SHOP, column_edges=(cast, *SHOP.column_edges[1:])))
    result = store.replace(changed)
    assert store.read("shop") == changed
    assert (result.edges.written, result.edges.deleted) == (1, 1)


def test_a_push_that_was_cut_off_is_repaired_by_the_next(store: GraphStore) -> None:
    before, after = shop(without_revenue()), shop()
    store.replace(before)
    unspeakable = after.edges[-1]._replace(properties={"project": object()})  # type: ignore[dict-item]
    with pytest.raises((TypeError, ValueError, GraphStoreError)):
        store.replace(replace(after, edges=(*after.edges[:-1], unspeakable)))
    left = {vertex.key for vertex in store.read("shop").vertices}
    assert {vertex.key for vertex in before.vertices} <= left
    store.replace(after)
    assert store.read("shop") == after


def test_projects_do_not_see_each_other(store: GraphStore) -> None:
    store.replace(shop(project="other"))
    store.replace(shop())
    store.replace(EMPTY)
    assert store.read("shop") == EMPTY
    assert store.read("other") == shop(project="other")


def test_hostile_names_and_long_expressions_come_out_as_they_went_in(store: GraphStore) -> None:
    graph = property_graph(HOSTILE, "hostile")
    store.replace(graph)
    assert store.read("hostile") == graph
    assert store.replace(graph).edges.unchanged == len(graph.edges)


def test_columns_are_followed_in_both_directions(store: GraphStore) -> None:
    store.replace(shop())
    amount, total = column_key("shop", ORDERS, "amount"), column_key("shop", STAGED, "total")
    revenue = column_key("shop", REVENUE, "revenue")
    assert store.downstream(amount, EdgeLabel.DERIVES) == tuple(sorted((total, revenue)))
    assert store.downstream(amount, EdgeLabel.DERIVES, depth=1) == (total,)
    assert store.downstream(amount, EdgeLabel.DERIVES, depth=0) == ()
    assert store.upstream(revenue, EdgeLabel.DERIVES) == tuple(sorted((total, amount)))
    assert store.upstream(revenue, EdgeLabel.DERIVES, depth=1) == (total,)


def test_edges_of_other_labels_are_not_followed(store: GraphStore) -> None:
    store.replace(shop())
    note = column_key("shop", ORDERS, "note")
    assert store.downstream(note, EdgeLabel.DERIVES) == ()
    assert store.downstream(note, EdgeLabel.DECIDES) == (node_key("shop", STAGED),)
    assert store.downstream(node_key("shop", ORDERS), EdgeLabel.FLOWS_TO) == tuple(
        sorted(node_key("shop", node) for node in (STAGED, REVENUE))
    )


def test_a_cycle_is_followed_once(store: GraphStore) -> None:
    cycle = replace(SHOP, relation_edges=(*SHOP.relation_edges, RelationEdge(REVENUE, ORDERS)))
    store.replace(shop(cycle))
    assert store.downstream(node_key("shop", ORDERS), EdgeLabel.FLOWS_TO) == tuple(
        sorted(node_key("shop", node) for node in (STAGED, REVENUE))
    )


def test_many_paths_between_two_columns_are_not_walked_one_by_one(store: GraphStore) -> None:
    """Forty layers of two columns each, all connected: a trillion paths."""
    layers = [[f"c{layer}_{side}" for side in "ab"] for layer in range(40)]
    edges = tuple(
        ColumnEdge(ORDERS, one, ORDERS, other, EdgeKind.EXPRESSION)
        for before, after in pairwise(layers)
        for one in before
        for other in after
    )
    store.replace(shop(replace(SHOP, column_edges=edges)))
    assert len(store.downstream(column_key("shop", ORDERS, "c0_a"), EdgeLabel.DERIVES)) == 78


def test_readers_are_there_with_how_often_they_read(store: GraphStore) -> None:
    store.replace(shop())
    held = store.read("shop")
    query = next(each for each in held.vertices if each.label == VertexLabel.QUERY
                 and each.properties["fingerprint"] == "q1")  # fmt: skip
    assert query.properties["calls"] == 16
    assert query.properties["roles"] == "ann, web"
    assert query.properties["last_seen"] == "2026-04-01T06:00:00+00:00"
    assert node_key("shop", REVENUE) in store.downstream(query.key, EdgeLabel.READS)
