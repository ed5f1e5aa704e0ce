"""What every cost oracle promises, held against the fake and the planner twin."""

from collections.abc import Iterator
from itertools import permutations

import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.recommend.cost import CostOracle, Estimate, Unpriced
from dbt_schema_evolve.records.changes import (
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
)
from dbt_schema_evolve.records.relations import RelationName
from tests.fakes.cost_oracle import FakeOracle, FakeTable, lookup

ORDERS = RelationName("Geschäft 1", "Orders.all")
ITEMS = RelationName("Geschäft 1", "items")
TOTALS = RelationName("Geschäft 1", "totals")


def index(relation: RelationName, *columns: str) -> IndexSpec:
    return IndexSpec(relation, tuple(IndexKey(column) for column in columns))


BY_CUSTOMER = index(ORDERS, "Customer Id")
BY_CUSTOMER_AND_DAY = index(ORDERS, "Customer Id", "day")
BY_PLACE = index(ORDERS, "place")
EXISTING = index(ITEMS, "order id")
STORED_TOTALS = MaterializationSpec(TOTALS, "table")
BY_TOTAL_CUSTOMER = index(TOTALS, "Customer Id")

ONE_CUSTOMER = lookup(ORDERS, "Customer Id")
ONE_DAY_OF_A_CUSTOMER = lookup(ORDERS, "Customer Id", "day")
ALL_ORDERS = lookup(ORDERS)
ITEMS_OF_AN_ORDER = lookup(ITEMS, "order id")
ONE_TOTAL = lookup(TOTALS, "Customer Id")
QUERIES = (ONE_CUSTOMER, ONE_DAY_OF_A_CUSTOMER, ALL_ORDERS, ITEMS_OF_AN_ORDER, ONE_TOTAL)

WAREHOUSE = f"""
create schema "Geschäft 1";
create table {ORDERS.sql} as
    select i as id, i % 2000 as "Customer Id", i % 300 as day, i % 3 as place
    from generate_series(1, 40000) as i;
create table {ITEMS.sql} as
    select i as id, i % 20000 as "order id" from generate_series(1, 30000) as i;
create index on {ITEMS.sql} ("order id");
create view {TOTALS.sql} as
    select "Customer Id", count(*) as n from {ORDERS.sql} group by "Customer Id";
vacuum analyze {ORDERS.sql};
vacuum analyze {ITEMS.sql};
"""


def fake() -> FakeOracle:
    distinct = {"id": 40000, "Customer Id": 2000, "day": 300, "place": 3}
    return FakeOracle(
        {
            ORDERS: FakeTable(40000, distinct),
            ITEMS: FakeTable(30000, {"id": 30000, "order id": 20000}, indexes=(EXISTING,)),
            TOTALS: FakeTable(2000, {"Customer Id": 2000, "n": 1}, base_cost=400.0),
        }
    )


@pytest.fixture(scope="module")
def twin(cluster: Cluster) -> Iterator[PlannerTwin]:
    with cluster.connect() as admin:
        admin.execute("create database contracts")
    with cluster.connect("contracts") as connection:
        for statement in WAREHOUSE.split(";\n"):
            connection.execute(statement.encode())
        catalog = read_catalog(connection)
    with PlannerTwin(cluster, catalog) as running:
        yield running
    with cluster.connect() as admin:
        admin.execute("drop database contracts with (force)")


@pytest.fixture(params=["fake", "twin"])
def oracle(request: pytest.FixtureRequest) -> CostOracle:
    return fake() if request.param == "fake" else request.getfixturevalue("twin")


def cost(oracle: CostOracle, query: str, *specs: object) -> float:
    (answer,) = oracle.price([query], frozenset(specs))  # type: ignore[arg-type]
    assert isinstance(answer, Estimate)
    return answer.cost


def test_all_queries_of_the_contract_are_priced(oracle: CostOracle) -> None:
    assert all(isinstance(answer, Estimate) for answer in oracle.price(QUERIES))


def test_the_same_question_gets_the_same_answer_whatever_was_asked_between(
    oracle: CostOracle,
) -> None:
    before = oracle.price(QUERIES)
    wide = oracle.price(QUERIES, frozenset({BY_CUSTOMER_AND_DAY}))
    oracle.price(QUERIES, frozenset({BY_CUSTOMER, STORED_TOTALS, BY_TOTAL_CUSTOMER}))
    oracle.price(["nonsense"], frozenset({DropIndexSpec(EXISTING)}))
    oracle.size_bytes(BY_PLACE)
    with pytest.raises(TwinError):
        oracle.price(QUERIES, frozenset({index(ORDERS, "no such column")}))
    assert oracle.price(QUERIES) == before
    assert oracle.price(QUERIES, frozenset({BY_CUSTOMER_AND_DAY})) == wide


def test_a_useful_index_lowers_the_cost_and_is_named(oracle: CostOracle) -> None:
    (answer,) = oracle.price([ONE_CUSTOMER], frozenset({BY_CUSTOMER}))
    assert isinstance(answer, Estimate)
    assert answer.cost < cost(oracle, ONE_CUSTOMER) / 2
    assert answer.used == {BY_CUSTOMER}


def test_a_useless_index_changes_nothing_and_is_not_named(oracle: CostOracle) -> None:
    (without,) = oracle.price([ALL_ORDERS])
    (answer,) = oracle.price([ALL_ORDERS], frozenset({BY_CUSTOMER, BY_PLACE}))
    assert answer == without


def test_an_index_on_another_relation_changes_nothing(oracle: CostOracle) -> None:
    assert oracle.price([ITEMS_OF_AN_ORDER], frozenset({BY_CUSTOMER})) == oracle.price(
        [ITEMS_OF_AN_ORDER]
    )


def test_specs_of_a_configuration_stand_together(oracle: CostOracle) -> None:
    both = frozenset({BY_CUSTOMER, BY_CUSTOMER_AND_DAY})
    (answer,) = oracle.price([ONE_DAY_OF_A_CUSTOMER], both)
    assert isinstance(answer, Estimate)
    assert answer.used == {BY_CUSTOMER_AND_DAY}
    assert answer.cost <= min(cost(oracle, ONE_DAY_OF_A_CUSTOMER, spec) for spec in both)


def test_an_impossible_spec_fails_the_whole_configuration(oracle: CostOracle) -> None:
    with pytest.raises(TwinError):
        oracle.price([ONE_CUSTOMER], frozenset({BY_CUSTOMER, index(ORDERS, "nowhere")}))


def test_the_order_of_specs_does_not_matter(oracle: CostOracle) -> None:
    specs = (BY_CUSTOMER, BY_PLACE, DropIndexSpec(EXISTING))
    answers = {oracle.price(QUERIES, frozenset(order)) for order in permutations(specs)}
    assert len(answers) == 1


def test_dropping_an_index_that_serves_a_query_makes_it_dearer(oracle: CostOracle) -> None:
    assert cost(oracle, ITEMS_OF_AN_ORDER, DropIndexSpec(EXISTING)) > 2 * cost(
        oracle, ITEMS_OF_AN_ORDER
    )


def test_an_index_that_exists_already_adds_nothing(oracle: CostOracle) -> None:
    assert oracle.price([ITEMS_OF_AN_ORDER], frozenset({EXISTING})) == oracle.price(
        [ITEMS_OF_AN_ORDER]
    )
    assert oracle.size_bytes(EXISTING) == 0


def test_a_refused_query_costs_only_itself(oracle: CostOracle) -> None:
    answers = oracle.price(["selec nonsense", ONE_CUSTOMER, "select * from nowhere"])
    assert isinstance(answers[0], Unpriced)
    assert isinstance(answers[2], Unpriced)
    assert answers[1] == oracle.price([ONE_CUSTOMER])[0]


@pytest.mark.parametrize(
    "spec",
    [
        index(ORDERS, "customer id"),
        index(RelationName("Geschäft 1", "nowhere"), "id"),
        MaterializationSpec(RelationName("nowhere", "totals"), "table"),
        DropIndexSpec(BY_CUSTOMER),
        BY_TOTAL_CUSTOMER,
    ],
    ids=["column", "relation", "view", "drop", "index on a view"],
)
def test_what_does_not_exist_cannot_be_priced(oracle: CostOracle, spec: object) -> None:
    with pytest.raises(TwinError):
        oracle.price([ONE_CUSTOMER], frozenset({spec}))  # type: ignore[arg-type]


def test_wanting_and_dropping_an_index_at_once_is_refused(oracle: CostOracle) -> None:
    with pytest.raises(TwinError):
        oracle.price([ITEMS_OF_AN_ORDER], frozenset({EXISTING, DropIndexSpec(EXISTING)}))


def test_a_stored_view_is_cheaper_to_read_and_can_be_indexed(oracle: CostOracle) -> None:
    computed = cost(oracle, ONE_TOTAL)
    stored = cost(oracle, ONE_TOTAL, STORED_TOTALS)
    assert stored < computed / 2
    (indexed,) = oracle.price([ONE_TOTAL], frozenset({STORED_TOTALS, BY_TOTAL_CUSTOMER}))
    assert isinstance(indexed, Estimate)
    assert indexed.cost < stored
    assert indexed.used == {BY_TOTAL_CUSTOMER}


def test_sizes_grow_with_rows_and_keys(oracle: CostOracle) -> None:
    assert 0 < oracle.size_bytes(BY_CUSTOMER) < oracle.size_bytes(BY_CUSTOMER_AND_DAY)
    assert oracle.size_bytes(index(ITEMS, "id")) < oracle.size_bytes(index(ORDERS, "id"))
    assert oracle.size_bytes(STORED_TOTALS) > 0


def test_a_drop_frees_what_the_index_takes(oracle: CostOracle) -> None:
    assert oracle.size_bytes(DropIndexSpec(EXISTING)) < 0
