"""What every cost oracle promises, held against the fake, the planner twin and real servers."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.oracles.hypopg import HypoPgOracle
from dbt_schema_evolve.backends.oracles.real_indexes import RealIndexOracle
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.errors import OracleError
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


@contextmanager
def loaded(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A database that holds the contract's warehouse."""
    cluster.create_database("contracts")
    with cluster.connect("contracts") as connection:
        for statement in WAREHOUSE.split(";\n"):
            connection.execute(statement.encode())
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database contracts with (force)")


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with loaded(cluster) as connection:
        yield connection


@pytest.fixture(scope="module")
def twin(cluster: Cluster, warehouse: psycopg.Connection) -> Iterator[CostOracle]:
    with PlannerTwin(cluster, read_catalog(warehouse)) as running:
        yield running


@pytest.fixture(scope="module")
def real(cluster: Cluster, warehouse: psycopg.Connection) -> Iterator[CostOracle]:
    name = warehouse.info.dbname
    with (
        cluster.connect(name) as connection,
        RealIndexOracle(connection, expendable=name) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def hypopg(debian_cluster: Cluster) -> Iterator[CostOracle]:
    with loaded(debian_cluster) as connection:
        connection.execute("create extension hypopg")
        with HypoPgOracle(connection, expendable="contracts") as running:
            yield running


def named(request: pytest.FixtureRequest) -> CostOracle:
    if request.param == "fake":
        return fake()
    running: CostOracle = request.getfixturevalue(request.param)
    return running


@pytest.fixture(params=["fake", "twin", "hypopg", "real"])
def oracle(request: pytest.FixtureRequest) -> CostOracle:
    return named(request)


@pytest.fixture(params=["fake", "twin", "real"])
def dropping_oracle(request: pytest.FixtureRequest) -> CostOracle:
    """Those that know what the absence of an index does."""
    return named(request)


@pytest.fixture(params=["fake", "twin"])
def storing_oracle(request: pytest.FixtureRequest) -> CostOracle:
    """Those that know what storing the rows of a view does."""
    return named(request)


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
    oracle.price(QUERIES, frozenset({BY_CUSTOMER, BY_PLACE}))
    oracle.price(["nonsense"], frozenset({BY_PLACE}))
    oracle.size_bytes(index(ITEMS, "id"))
    with pytest.raises(OracleError):
        oracle.price(QUERIES, frozenset({index(ORDERS, "no such column")}))
    assert oracle.price(QUERIES) == before
    assert oracle.price(QUERIES, frozenset({BY_CUSTOMER_AND_DAY})) == wide


def test_drops_and_stored_views_leave_no_trace_either(storing_oracle: CostOracle) -> None:
    before = storing_oracle.price(QUERIES)
    storing_oracle.price(QUERIES, frozenset({BY_CUSTOMER, STORED_TOTALS, BY_TOTAL_CUSTOMER}))
    storing_oracle.price(["nonsense"], frozenset({DropIndexSpec(EXISTING)}))
    assert storing_oracle.price(QUERIES) == before


def test_a_drop_leaves_no_trace(dropping_oracle: CostOracle) -> None:
    before = dropping_oracle.price(QUERIES)
    dropping_oracle.price(["nonsense"], frozenset({DropIndexSpec(EXISTING), BY_CUSTOMER}))
    assert dropping_oracle.price(QUERIES) == before


@pytest.mark.parametrize("name", ["hypopg", "real"])
def test_a_kind_that_an_oracle_does_not_know_is_refused_with_a_remedy(
    name: str, request: pytest.FixtureRequest
) -> None:
    oracle: CostOracle = request.getfixturevalue(name)
    with pytest.raises(OracleError) as refused:
        oracle.price([ONE_TOTAL], frozenset({STORED_TOTALS}))
    assert "twin" in refused.value.remedy
    with pytest.raises(OracleError):
        oracle.size_bytes(STORED_TOTALS)


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
    with pytest.raises(OracleError):
        oracle.price([ONE_CUSTOMER], frozenset({BY_CUSTOMER, index(ORDERS, "nowhere")}))


def test_the_order_of_specs_does_not_matter(oracle: CostOracle) -> None:
    specs = (BY_CUSTOMER, BY_PLACE, index(ITEMS, "id"))
    answers = {oracle.price(QUERIES, frozenset(order)) for order in permutations(specs)}
    assert len(answers) == 1


def test_dropping_an_index_that_serves_a_query_makes_it_dearer(
    dropping_oracle: CostOracle,
) -> None:
    kept = cost(dropping_oracle, ITEMS_OF_AN_ORDER)
    assert cost(dropping_oracle, ITEMS_OF_AN_ORDER, DropIndexSpec(EXISTING)) > 2 * kept


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
    with pytest.raises(OracleError):
        oracle.price([ONE_CUSTOMER], frozenset({spec}))  # type: ignore[arg-type]


def test_wanting_and_dropping_an_index_at_once_is_refused(oracle: CostOracle) -> None:
    with pytest.raises(OracleError):
        oracle.price([ITEMS_OF_AN_ORDER], frozenset({EXISTING, DropIndexSpec(EXISTING)}))


def test_a_stored_view_is_cheaper_to_read_and_can_be_indexed(storing_oracle: CostOracle) -> None:
    computed = cost(storing_oracle, ONE_TOTAL)
    stored = cost(storing_oracle, ONE_TOTAL, STORED_TOTALS)
    assert stored < computed / 2
    both = frozenset({STORED_TOTALS, BY_TOTAL_CUSTOMER})
    (indexed,) = storing_oracle.price([ONE_TOTAL], both)
    assert isinstance(indexed, Estimate)
    assert indexed.cost < stored
    assert indexed.used == {BY_TOTAL_CUSTOMER}


def test_sizes_grow_with_rows_and_keys(oracle: CostOracle) -> None:
    assert 0 < oracle.size_bytes(BY_CUSTOMER) < oracle.size_bytes(BY_CUSTOMER_AND_DAY)
    assert oracle.size_bytes(index(ITEMS, "id")) < oracle.size_bytes(index(ORDERS, "id"))


def test_stored_rows_take_space(storing_oracle: CostOracle) -> None:
    assert storing_oracle.size_bytes(STORED_TOTALS) > 0


def test_a_drop_frees_what_the_index_takes(dropping_oracle: CostOracle) -> None:
    assert dropping_oracle.size_bytes(DropIndexSpec(EXISTING)) < 0
