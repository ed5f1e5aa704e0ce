"""The examples of docs/graph_databases.md run, and say what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gremlin_python.driver.client import Client
from gremlin_python.driver.serializer import GraphSONSerializersV3d0
from neo4j import Driver, GraphDatabase

from dbt_schema_evolve.backends.graph.janusgraph import JanusGraph
from dbt_schema_evolve.backends.graph.neo4j import Neo4jGraph
from dbt_schema_evolve.lineage.property_graph import property_graph
from dbt_schema_evolve.records.property_graph import PropertyGraph
from tests.bolt_server import DATABASE, PASSWORD
from tests.contracts.test_graph_store import no_schema
from tests.fakes.property_graphs import ORDERS, REVENUE, SHOP, STAGED
from tests.gremlin_server import gremlin_server

PAGE = (Path(__file__).parents[2] / "docs" / "graph_databases.md").read_text(encoding="utf-8")
GRAPH = property_graph(SHOP, "shop")

MADE = [{"node": REVENUE, "column": "revenue"}, {"node": STAGED, "column": "total"}]
QUERY = "select revenue from marts.revenue"
UNREAD = [("revenue", "orders"), ("stg_orders", "order_id")]


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def driver(bolt_address: str) -> Iterator[Driver]:
    with Neo4jGraph(bolt_address, "root", PASSWORD, DATABASE) as store:
        store.replace(GRAPH)
        with GraphDatabase.driver(bolt_address, auth=("root", PASSWORD)) as opened:
            yield opened
        store.replace(PropertyGraph("shop", (), ()))


@pytest.fixture
def client() -> Iterator[Client]:
    with gremlin_server() as address:
        with JanusGraph(address, define=no_schema) as store:
            store.replace(GRAPH)
        opened = Client(address, "g", message_serializer=GraphSONSerializersV3d0())
        yield opened
        opened.close()


def test_cypher_examples(driver: Driver) -> None:
    found: list[Any] = [
        [row.data() for row in driver.execute_query(example, database_=DATABASE).records]
        for example in examples("cypher")
    ]
    made, readers, unread, path, decides = found
    assert made == MADE
    assert readers == [
        {"consumer": "/orders", "query": QUERY, "calls": 16,
         "last_seen": "2026-04-01T06:00:00+00:00"}
    ]  # fmt: skip
    assert unread == [{"model": model, "column": column} for model, column in UNREAD]
    assert path == [{"names": ["orders", "stg_orders", "revenue"]}]
    assert decides == [{"node": ORDERS, "column": "note", "kind": "filter"}]


def test_gremlin_examples(client: Client) -> None:
    found = [client.submit(example).all().result() for example in examples("groovy")]
    made, readers, unread, path, decides = found
    assert sorted(made, key=lambda row: row["node"]) == sorted(MADE, key=lambda row: row["node"])
    assert readers == [{"query": QUERY, "calls": 16}]
    assert {row["column"] for row in unread} == {column for _, column in UNREAD}
    assert path == [["orders", "stg_orders", "revenue"]]
    assert decides == [{"node": ORDERS, "column": "note", "kind": "filter"}]
