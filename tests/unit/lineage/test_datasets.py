"""A data set is a relation of the warehouse only where its namespace says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.reported.datasets import (
    Datasets,
    joined,
    name_outside,
    outside,
    server,
    split,
)
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.etl import Dataset, Home, Named
from dbt_schema_evolve.records.lineage import LineageGraph, LineageNode
from dbt_schema_evolve.records.relations import RelationName

HOME = Home("shop", "postgres://db.internal:5432", frozenset({"postgres://10.0.0.7"}))
ORDERS, ODD = RelationName("raw", "orders"), RelationName("raw", "Odd.Name")
SCHEMA = LineageSchema(
    {ORDERS: (), ODD: (), RelationName("shop", "daily"): ()},
    owners={ORDERS: "source.shop.raw.orders_src"},
)
GRAPH = LineageGraph(
    (
        LineageNode("source.shop.raw.orders_src", "source", "orders_src", ORDERS),
        LineageNode("model.shop.tidy", "model", "tidy"),
    ),
    (),
    (),
)


def node(namespace: str, name: str, *told: Dataset) -> str:
    return Datasets(GRAPH, SCHEMA, HOME, told).node(Named(namespace, name))


@pytest.mark.parametrize(
    ("namespace", "name", "expected"),
    [
        ("postgres://db.internal:5432", "shop.raw.orders", "source.shop.raw.orders_src"),
        ("postgres://DB.internal", "shop.raw.orders", "source.shop.raw.orders_src"),
        ("postgresql://db.internal:5432", "SHOP.RAW.ORDERS", "source.shop.raw.orders_src"),
        ("postgres://10.0.0.7:5432", "raw.orders", "source.shop.raw.orders_src"),
        ("postgres://db.internal", "shop.raw.orders_src", "source.shop.raw.orders_src"),
        ("postgres://db.internal", "shop.marts.tidy", "model.shop.tidy"),
        ("postgres://db.internal", 'shop.raw."Odd.Name"', "relation.raw.Odd.Name"),
        ("postgres://db.internal", "shop.daily", "relation.shop.daily"),
        ("postgres://db.internal", "shop.fresh", "relation.public.fresh"),
        ("postgres://db.internal", "shop.raw.fresh", "relation.raw.fresh"),
        ("dbt", "model.shop.tidy", "model.shop.tidy"),
    ],
)
def test_names_of_the_warehouse_are_its_relations(namespace: str, name: str, expected: str) -> None:
    assert node(namespace, name) == expected


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("postgres://db.internal:6543", "shop.raw.orders"),
        ("postgres://elsewhere", "shop.raw.orders"),
        ("postgres://db.internal", "other.raw.orders"),
        ("postgres://db.internal", "a.shop.raw.orders"),
        ("redshift://db.internal:5432", "shop.raw.orders"),
        ("postgres://db.internal:port", "shop.raw.orders"),
        ("postgres://[::1", "shop.raw.orders"),
        ("s3://lake", "raw/orders"),
        ("dbt", "model.shop.nowhere"),
    ],
)
def test_everything_else_is_a_data_set_outside(namespace: str, name: str) -> None:
    assert node(namespace, name) == f"dataset.{namespace}.{name}"


def test_a_symlink_leads_home() -> None:
    location = Named("file", "/data/orders")
    told = Dataset(location, also=(Named(HOME.namespace, "shop.raw.orders"),))
    assert node(*("file", "/data/orders"), told) == "source.shop.raw.orders_src"


def test_two_names_of_one_data_set_outside_are_one_node() -> None:
    location, table = Named("s3://lake", "crm"), Named("hive://metastore", "crm.customers")
    told = Dataset(location, also=(table,))
    assert node(table.namespace, table.name, told) == node("s3://lake", "crm", told)


def test_a_table_of_the_same_name_on_another_server_is_pointed_out() -> None:
    datasets = Datasets(GRAPH, SCHEMA, HOME, ())
    name = Named("postgres://elsewhere", "shop.raw.orders")
    datasets.node(name)
    assert datasets.look_alikes == {"postgres://elsewhere": name}


@given(st.text(), st.text(min_size=1))
def test_a_node_outside_tells_what_it_was_made_of(namespace: str, name: str) -> None:
    assert name_outside(outside(Named(namespace, name))) == Named(namespace, name)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", ""])
def test_the_local_host_has_one_name(host: str) -> None:
    assert server(f"postgres://{host}:5432") == ("localhost", 5432)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_a_dotted_name_comes_apart_as_it_was_joined(parts: list[str]) -> None:
    assert split(joined(*parts)) == parts
