"""The twin against real TPC-H and TPC-DS: the promise of DESIGN.md, section 2, at small scale."""

from collections.abc import Iterator

import psycopg
import pytest

from benchmarks import tpc
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import plan_agreement
from dbt_schema_evolve.backends.twin.growth import grown
from dbt_schema_evolve.recommend.cost import Estimate

INDEXES = (
    "create index on orders (o_custkey, o_orderdate desc)",
    "create index on lineitem (l_orderkey) where l_returnflag = 'R'",
    "create index on customer (substr(c_phone, 1, 2))",
)


@pytest.fixture
def larger(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A second empty database."""
    cluster.create_database("larger")
    with cluster.connect("larger") as opened:
        yield opened
    with cluster.connect() as admin:
        admin.execute("drop database larger")


@pytest.mark.parametrize("workload", tpc.WORKLOADS)
def test_every_query_is_planned_as_the_real_database_plans_it(
    cluster: Cluster, connection: psycopg.Connection, workload: str
) -> None:
    tpc.load(connection, workload, 0.01)
    if workload == "tpch":
        for index in INDEXES:
            connection.execute(index.encode())
        connection.execute("analyze")
    queries = tuple(tpc.queries(workload).values())
    for query in queries:  # a warehouse in use: planning looks into the indexes
        explain(connection, query)
    connection.execute("select pg_stat_force_next_flush()")
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        agreement = plan_agreement(twin, connection, queries)
    assert (agreement.compared, agreement.unpriced) == (len(queries), ())
    assert agreement.same_plan_ratio is not None
    assert agreement.same_plan_ratio >= 0.95
    assert agreement.median_cost_error is not None
    assert agreement.median_cost_error <= 0.02


def test_statistics_of_today_projected_plan_as_the_database_will_once_it_has_grown(
    cluster: Cluster, connection: psycopg.Connection, larger: psycopg.Connection
) -> None:
    tpc.load(connection, "tpch", 0.01)
    tpc.load(larger, "tpch", 0.05)
    queries = tuple(tpc.queries("tpch").values())
    today, tomorrow = read_catalog(connection), read_catalog(larger)
    rows = {table.relation: table.rows for table in today.tables}
    forecast = {table.relation: table.rows / rows[table.relation] for table in tomorrow.tables}
    with PlannerTwin(cluster, grown(today, forecast)) as twin:
        projected = plan_agreement(twin, larger, queries)
    unprojected = sum(_plan(connection, query) == _plan(larger, query) for query in queries) / len(
        queries
    )
    assert projected.same_plan_ratio is not None
    assert projected.same_plan_ratio >= 0.8 > unprojected
    assert projected.median_cost_error is not None
    assert projected.median_cost_error <= 0.05


def _plan(connection: psycopg.Connection, query: str) -> tuple[str, ...]:
    answer = explain(connection, query)
    assert isinstance(answer, Estimate)
    return answer.plan
