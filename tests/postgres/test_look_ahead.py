"""The twin at sizes to come against the database that then really has them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.bootstrap.look_ahead import twins_on
from dbt_schema_evolve.features.expected_rows import RowForecasts
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.predict.plan_memory import WorkMemory, work_memory
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.look_ahead import LookedAhead, Ratios, look_ahead

EVENTS = RelationName("public", "events")
NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
DAYS = 7  # of history
A_DAY = 700  # events

QUERIES = {
    "latest of each": (
        "select * from (select *, row_number() over (partition by customer_id order by at desc)"
        " from events) as numbered where row_number = 1"
    ),
    "by amount": "select * from events order by amount",
    "of one customer": "select * from events where customer_id = 7",
    "last three days": "select sum(amount) from events where at > timestamp '2026-02-26'",
    "customers": "select region, count(*) from customers group by region",
}


@pytest.fixture
def shop(connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Customers that stay, and events of a week, the last of them today."""
    for statement in (
        "set work_mem = '1MB'",
        "create table customers (customer_id integer primary key, region text)",
        "insert into customers select n, 'region ' || n % 9 from generate_series(1, 2000) as n",
        "create table events (customer_id integer, at timestamp, amount numeric)",
        "create index on events (customer_id)",
        "create index on events (at)",
    ):
        connection.execute(statement.encode())
    arrive(connection, NOW - timedelta(days=DAYS), DAYS)
    return connection


def arrive(connection: psycopg.Connection[Any], since: datetime, days: int) -> None:
    """Let days go by: so many events come, and everything is analyzed."""
    connection.execute(
        "insert into events select 1 + (n * 7919) %% 2000, %s + n * interval '1 day' / %s,"
        " n %% 1000 from generate_series(1, %s) as n",
        (since.replace(tzinfo=None), A_DAY, days * A_DAY),
    )
    connection.execute("analyze")


def ahead(
    cluster: Cluster, connection: psycopg.Connection[Any], queries: Mapping[str, str], a_day: int
) -> LookedAhead:
    """Look ahead from a history in which so many events came a day."""
    catalog = read_catalog(connection)
    twin_at = twins_on(cluster, catalog, ("public",), NOW)
    profiles = [
        RelationProfile(
            EVENTS,
            RelationKind.TABLE,
            NOW - timedelta(days=n),
            DAYS * A_DAY - n * a_day,
            None,
            None,
        )
        for n in range(DAYS)
    ]
    expected = RowForecasts(Facts(LineageGraph((), (), ()), {}, {}, relations=tuple(profiles))).at(
        NOW
    )
    return look_ahead(queries, expected, work_memory(catalog.settings), twin_at, NOW)


def of(found: LookedAhead, subject: str) -> dict[float, Outlook]:
    assert found.skips == ()
    return {o.horizon_days: o for o in found.outlooks if o.subject == subject}


def test_a_flip_is_foreseen_and_then_it_happens(
    cluster: Cluster, shop: psycopg.Connection[Any]
) -> None:
    foreseen = of(ahead(cluster, shop, QUERIES, A_DAY), "latest of each")
    assert foreseen[30.0].flips == (
        "Seq Scan + Sort on public.events -> Incremental Sort + Index Scan (customer_id)",
    )
    for horizon, since in ((0, 0), (7, 0), (14, 7), (30, 14)):
        arrive(shop, NOW + timedelta(days=since), horizon - since)
        plan = explain(shop, QUERIES["latest of each"])
        assert isinstance(plan, Estimate)
        assert plan.plan_id == foreseen[horizon].plan_id
        assert plan.cost == pytest.approx(foreseen[horizon].estimated_cost, rel=0.1)
        assert bool(foreseen[horizon].flips) == (plan.plan_id != foreseen[0].plan_id)


def test_a_spill_is_foreseen_and_then_temporary_blocks_are_written(
    cluster: Cluster, shop: psycopg.Connection[Any]
) -> None:
    foreseen = of(ahead(cluster, shop, QUERIES, A_DAY), "by amount")
    assert foreseen[7.0].estimated_fill_ratio < 1 < foreseen[30.0].estimated_fill_ratio
    arrive(shop, NOW, 7)
    assert temporary_blocks(shop, QUERIES["by amount"]) == 0
    arrive(shop, NOW + timedelta(days=7), 23)
    assert temporary_blocks(shop, QUERIES["by amount"]) > 0


def temporary_blocks(connection: psycopg.Connection[Any], query: str) -> int:
    answer = connection.execute(
        f"explain (analyze, buffers, timing off, format json) {query}".encode()
    ).fetchone()
    assert answer is not None
    blocks: int = answer[0][0]["Plan"]["Temp Written Blocks"]
    return blocks


def test_what_asks_for_the_last_days_is_asked_for_the_last_days_then(
    cluster: Cluster, shop: psycopg.Connection[Any]
) -> None:
    foreseen = of(ahead(cluster, shop, QUERIES, A_DAY), "last three days")
    arrive(shop, NOW, 30)
    plan = explain(shop, QUERIES["last three days"].replace("02-26", "03-28"))
    assert isinstance(plan, Estimate)
    assert plan.plan_id == foreseen[30.0].plan_id
    assert plan.cost == pytest.approx(foreseen[30.0].estimated_cost, rel=0.05)


def test_a_table_that_does_not_grow_has_no_flips(
    cluster: Cluster, shop: psycopg.Connection[Any]
) -> None:
    found = ahead(cluster, shop, QUERIES, 0)
    assert {(o.flips, o.row_ratio) for o in found.outlooks} == {((), 1.0)}
    for subject in QUERIES:
        assert len({(o.plan_id, o.estimated_cost) for o in of(found, subject).values()}) == 1


def test_a_relation_whose_history_is_not_known_is_taken_as_it_is(
    cluster: Cluster, shop: psycopg.Connection[Any]
) -> None:
    foreseen = of(ahead(cluster, shop, QUERIES, A_DAY), "customers")
    assert {(o.row_ratio, o.flips, o.plan_id) for o in foreseen.values()} == {
        (1.0, (), foreseen[0.0].plan_id)
    }


def test_a_query_that_the_planner_refuses_costs_only_itself(
    cluster: Cluster, shop: psycopg.Connection[Any]
) -> None:
    found = ahead(cluster, shop, {**QUERIES, "gone": "select * from no_such_table"}, A_DAY)
    assert found.skips == (Skip("gone", 'relation "no_such_table" does not exist'),)
    assert {o.subject for o in found.outlooks} == set(QUERIES)


def test_tables_that_were_never_analyzed_are_looked_at_too(
    cluster: Cluster, connection: psycopg.Connection[Any]
) -> None:
    connection.execute("create table events (customer_id integer, at timestamp, amount numeric)")
    connection.execute("insert into events select n, now(), n from generate_series(1, 5000) as n")
    found = of(ahead(cluster, connection, {"all": "select * from events"}, A_DAY), "all")
    assert sorted(found) == [0.0, 7.0, 14.0, 30.0]


def test_without_queries_nothing_is_asked() -> None:
    def twin_at(ratios: Ratios, days: float) -> PlannerTwin:
        raise AssertionError("no twin is needed")

    nothing = RowForecasts(Facts(LineageGraph((), (), ()), {}, {})).at(NOW)
    assert look_ahead({}, nothing, WorkMemory(), twin_at, NOW) == LookedAhead((), ())
