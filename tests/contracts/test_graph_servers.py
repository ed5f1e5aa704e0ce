"""What a server can say no to, and pushes too large for one transaction."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from neo4j import GraphDatabase

from dbt_schema_evolve.backends.graph import janusgraph as gremlin
from dbt_schema_evolve.backends.graph import neo4j as bolt
from dbt_schema_evolve.errors import GraphStoreError
from dbt_schema_evolve.lineage.property_graph import property_graph
from dbt_schema_evolve.records.property_graph import PropertyGraph
from tests.bolt_server import DATABASE, PASSWORD
from tests.contracts.test_graph_store import no_schema
from tests.fakes.property_graphs import HOSTILE, SHOP, without_revenue
from tests.gremlin_server import gremlin_server

GRAPH = property_graph(SHOP, "servers")


@pytest.fixture
def neo4j(bolt_address: str) -> Iterator[bolt.Neo4jGraph]:
    with bolt.Neo4jGraph(bolt_address, "root", PASSWORD, DATABASE) as store:
        yield store
        store.replace(PropertyGraph("servers", (), ()))


def test_a_wrong_password_is_told_apart_from_a_silent_server(bolt_address: str) -> None:
    with (
        pytest.raises(GraphStoreError, match="does not accept the user and password"),
        bolt.Neo4jGraph(bolt_address, "root", "wrong", DATABASE),
    ):
        pass


def test_a_database_that_is_not_there_is_named(bolt_address: str) -> None:
    with (
        pytest.raises(GraphStoreError, match="nowhere") as caught,
        bolt.Neo4jGraph(bolt_address, "root", PASSWORD, "nowhere"),
    ):
        pass
    assert "name of the database" in caught.value.remedy


def test_a_gremlin_server_is_no_neo4j(bolt_address: str) -> None:
    with gremlin_server() as address:
        uri = address.replace("ws://", "bolt://").removesuffix("/gremlin")
        with (
            pytest.raises(GraphStoreError, match="no Neo4j server answers"),
            bolt.Neo4jGraph(uri, "neo4j", ""),
        ):
            pass


def test_a_neo4j_is_no_gremlin_server(bolt_address: str) -> None:
    uri = bolt_address.replace("bolt://", "ws://")
    with (
        pytest.raises(GraphStoreError, match="no Gremlin server answers"),
        gremlin.JanusGraph(uri),
    ):
        pass


def test_many_small_transactions_make_the_same_graph(
    neo4j: bolt.Neo4jGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bolt, "MOST_IN_A_TRANSACTION", 3)
    monkeypatch.setattr(bolt, "MOST_IN_A_STATEMENT", 2)
    neo4j.replace(GRAPH)
    assert neo4j.read("servers") == GRAPH
    smaller = property_graph(without_revenue(), "servers")
    neo4j.replace(smaller)
    assert neo4j.read("servers") == smaller


def test_a_change_that_fits_into_one_transaction_happens_whole_or_not_at_all(
    neo4j: bolt.Neo4jGraph,
) -> None:
    before = property_graph(without_revenue(), "servers")
    neo4j.replace(before)
    broken = GRAPH.edges[-1]._replace(properties={"project": object()})  # type: ignore[dict-item]
    with pytest.raises((TypeError, ValueError, GraphStoreError)):
        neo4j.replace(replace(GRAPH, edges=(*GRAPH.edges[:-1], broken)))
    assert neo4j.read("servers") == before


def test_what_others_keep_beside_it_stays(neo4j: bolt.Neo4jGraph, bolt_address: str) -> None:
    neo4j.replace(GRAPH)
    with GraphDatabase.driver(bolt_address, auth=("root", PASSWORD)) as driver:
        driver.execute_query(
            "match (n:LineageNode {name: 'orders'}) create (:Team {name: 'Ann'})-[:OWNS]->(n)",
            database_=DATABASE,
        )
        smaller = property_graph(without_revenue(), "servers")
        neo4j.replace(smaller)
        assert neo4j.read("servers") == smaller
        rows, _, _ = driver.execute_query(
            "match (t:Team)-[:OWNS]->(n:LineageNode) return t.name as team, n.name as node",
            database_=DATABASE,
        )
        assert [row.data() for row in rows] == [{"team": "Ann", "node": "orders"}]
        driver.execute_query("match (t:Team) detach delete t", database_=DATABASE)


def test_requests_stay_within_what_a_gremlin_server_takes() -> None:
    """The server of the tests hangs up on a message that is longer than JanusGraph's takes."""
    graph = property_graph(HOSTILE, "hostile")
    assert len(list(gremlin.requests(graph.edges))) > 1
    assert [e for some in gremlin.requests(graph.edges) for e in some] == list(graph.edges)
    with (
        gremlin_server() as address,
        gremlin.JanusGraph(address, define=no_schema) as store,
    ):
        assert store.replace(graph).edges.written == len(graph.edges)
