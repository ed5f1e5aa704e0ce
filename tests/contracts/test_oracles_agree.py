"""The twin, HypoPG and indexes built for real give one answer, each as exactly as it can."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.oracles.hypopg import HypoPgOracle
from dbt_schema_evolve.backends.oracles.real_indexes import RealIndexOracle
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.recommend.cost import CostOracle, Estimate
from dbt_schema_evolve.records.changes import Configuration, IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

SALES = RelationName("public", "sales")
SHOPS = RelationName("public", "shops")

WAREHOUSE = """
create table sales as
select
    i as id,
    (i * 7919::bigint) % 5000 as shop_id,
    date '2024-01-01' + i / 200 as day,
    (i::bigint * i % 2003 * i % 2003) as product,
    case when i % 20 > 0 then (i % 97)::numeric(12, 2) end as amount,
    repeat('note ', 8) as note
from generate_series(1, 100000) as i;
alter table sales add primary key (id);
create table shops as
select i as id, 'city ' || i % 300 as city, i % 7 as region from generate_series(1, 5000) as i;
create index on shops (id);
"""
QUERIES = (
    "select * from sales where shop_id = 17",
    "select sum(amount) from sales where day between '2024-03-01' and '2024-03-03'",
    "select count(*) from sales where product = 3",
    "select count(*) from sales where shop_id = 17 and day = '2024-03-01'",
    """select city, sum(amount) from sales join shops on shops.id = shop_id
    where city = 'city 7' group by city""",
    "select * from sales order by day desc limit 10",
    "select shop_id, count(*) from sales group by shop_id",
    "select * from shops where city = 'city 8' and region = 3",
)


def index(relation: RelationName, *columns: str, include: tuple[str, ...] = ()) -> IndexSpec:
    return IndexSpec(relation, tuple(IndexKey(column) for column in columns), include)


CONFIGURATIONS: tuple[Configuration, ...] = (
    frozenset(),
    frozenset({index(SALES, "shop_id")}),
    frozenset({index(SALES, "day")}),
    frozenset({index(SALES, "shop_id", "day")}),
    frozenset({index(SALES, "product"), index(SHOPS, "city")}),
    frozenset(
        {
            index(SALES, "day"),
            index(SALES, "shop_id", include=("amount",)),
            index(SHOPS, "city", "region"),
        }
    ),
)
SPECS = sorted({spec for each in CONFIGURATIONS for spec in each}, key=repr)


@dataclass(frozen=True, slots=True)
class Oracles:
    """All that can speak about one database."""

    twin: CostOracle
    real: CostOracle
    hypopg: CostOracle | None = None


@contextmanager
def oracles(warehouse: Cluster, twins: Cluster) -> Iterator[Oracles]:
    warehouse.create_database("agreeing")
    with ExitStack() as stack:
        setup, building, asking = (
            stack.enter_context(warehouse.connect("agreeing")) for _ in range(3)
        )
        setup.execute(WAREHOUSE.encode())
        setup.execute("vacuum analyze")
        real = stack.enter_context(RealIndexOracle(building, expendable="agreeing"))
        twin = stack.enter_context(PlannerTwin(twins, read_catalog(setup)))
        hypopg = None
        if warehouse is not twins:
            setup.execute("create extension hypopg")
            hypopg = stack.enter_context(HypoPgOracle(asking, expendable="agreeing"))
        yield Oracles(twin, real, hypopg)
    with warehouse.connect() as admin:
        admin.execute("drop database agreeing with (force)")


@pytest.fixture(scope="module")
def on_18(cluster: Cluster) -> Iterator[Oracles]:
    with oracles(cluster, cluster) as running:
        yield running


@pytest.fixture(scope="module")
def on_15(debian_cluster: Cluster, cluster: Cluster) -> Iterator[Oracles]:
    with oracles(debian_cluster, cluster) as running:
        yield running


def assert_agreement(one: CostOracle, other: CostOracle, within: float) -> None:
    """Both choose the same plans and use the same indexes, at costs that are this close."""
    for configuration in CONFIGURATIONS:
        pairs = zip(
            QUERIES,
            one.price(QUERIES, configuration),
            other.price(QUERIES, configuration),
            strict=True,
        )
        for query, ours, theirs in pairs:
            assert isinstance(ours, Estimate), query
            assert isinstance(theirs, Estimate), query
            assert ours.plan == theirs.plan, query
            assert ours.used == theirs.used, query
            assert ours.cost == pytest.approx(theirs.cost, rel=within), query


def test_the_twin_prices_as_its_own_planner_does_with_indexes_built(on_18: Oracles) -> None:
    # Sizes are modelled, and cost the planner's rounding of a page or two.
    assert_agreement(on_18.twin, on_18.real, within=0.005)


def test_the_twin_prices_as_an_older_planner_does_with_indexes_built(on_15: Oracles) -> None:
    assert_agreement(on_15.twin, on_15.real, within=0.02)


def test_hypopg_plans_alike_and_prices_within_a_third(on_15: Oracles) -> None:
    # It takes an index for three to four times its size; the worst is a LIMIT that reads one page.
    assert on_15.hypopg
    assert_agreement(on_15.hypopg, on_15.real, within=0.33)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_the_twin_knows_sizes_within_a_quarter(on_15: Oracles, spec: IndexSpec) -> None:
    assert on_15.twin.size_bytes(spec) == pytest.approx(on_15.real.size_bytes(spec), rel=0.25)


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_hypopg_takes_every_index_for_bigger_than_it_is(on_15: Oracles, spec: IndexSpec) -> None:
    assert on_15.hypopg
    assert on_15.hypopg.size_bytes(spec) > 1.3 * on_15.real.size_bytes(spec)
