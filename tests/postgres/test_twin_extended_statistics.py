"""Columns that move together are estimated on the twin as in the warehouse."""

from collections.abc import Iterator

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

SHOPS = RelationName("public", "shops")
DDL = """
create table shops as
select
    i as dropped,
    'city ' || i % 400 as "City",
    i % 400 / 20 as region,
    'It''s "' || i % 400 / 20 || '", {so}' as named,
    case when i % 400 > 40 then i % 400 / 80 end as country,
    (i * 7919) % 1000 as noise,
    timestamp '2024-01-01' + i * interval '1 minute' as opened
from generate_series(1, 40000) as i;
alter table shops drop column dropped;
create statistics shops_counts (ndistinct) on "City", region, noise from shops;
create statistics shops_implied (dependencies) on "City", region, country from shops;
create statistics shops_common (mcv) on region, named, country from shops;
create statistics shops_days on date_trunc('day', opened), (noise % 10), region from shops;
create statistics shops_one on (noise % 7) from shops;
create table parts (day date, kind integer, sort integer) partition by range (day);
create table parts_1 partition of parts for values from ('2024-01-01') to ('2024-02-01');
create table parts_2 partition of parts for values from ('2024-02-01') to ('2024-03-01');
insert into parts select date '2024-01-01' + i % 60, i % 30, i % 30 / 3
from generate_series(1, 9000) as i;
create statistics parts_kinds on kind, sort from parts;
create statistics never_analyzed on day, sort from parts_2;
"""
QUERIES = (
    'select 1 from shops group by "City", region',
    'select 1 from shops group by "City", noise',
    """select * from shops where "City" = 'city 7' and region = 0""",
    """select * from shops where region = 3 and named = 'It''s "3", {so}'""",
    "select * from shops where region = 3 and country is null",
    "select * from shops where region < 4 and country > 0",
    "select 1 from shops group by date_trunc('day', opened)",
    "select 1 from shops group by date_trunc('day', opened), region, noise % 10",
    "select * from shops where noise % 7 = 3",
    "select * from shops where noise % 10 = 3 and region = 5",
    "select * from parts where kind = 7 and sort = 2",
    "select 1 from parts group by kind, sort",
)


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    cluster.create_database("extended_statistics")
    with cluster.connect("extended_statistics") as connection:
        for statement in DDL.split(";\n"):
            connection.execute(statement.encode())
        connection.execute("analyze shops, parts, parts_1")
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database extended_statistics with (force)")


@pytest.fixture(scope="module")
def twin(cluster: Cluster, warehouse: psycopg.Connection) -> Iterator[PlannerTwin]:
    with PlannerTwin(cluster, read_catalog(warehouse)) as running:
        yield running


def test_every_statistics_object_is_on_the_twin(twin: PlannerTwin) -> None:
    assert twin.skips == ()


@pytest.mark.parametrize("query", QUERIES)
def test_rows_of_correlated_columns_are_estimated_as_in_the_warehouse(
    twin: PlannerTwin, warehouse: psycopg.Connection, query: str
) -> None:
    (ours,) = twin.price([query])
    theirs = explain(warehouse, query)
    assert isinstance(ours, Estimate)
    assert isinstance(theirs, Estimate)
    assert ours.rows == theirs.rows
    assert ours.cost == pytest.approx(theirs.cost, rel=0.01)


def test_the_estimates_are_those_of_extended_statistics(warehouse: psycopg.Connection) -> None:
    with warehouse.transaction(force_rollback=True):
        with_them = [explain(warehouse, query) for query in QUERIES]
        for name in ("shops_counts", "shops_implied", "shops_common", "shops_days", "shops_one"):
            warehouse.execute(f"drop statistics {name}".encode())
        without = [explain(warehouse, query) for query in QUERIES]
    rows = [
        (one.rows, other.rows)
        for one, other in zip(with_them, without, strict=True)
        if isinstance(one, Estimate) and isinstance(other, Estimate)
    ]
    assert sum(one != other for one, other in rows) >= 8


def test_an_index_on_counted_combinations_is_sized_by_their_count(
    twin: PlannerTwin, warehouse: psycopg.Connection
) -> None:
    spec = IndexSpec(SHOPS, (IndexKey("City"), IndexKey("noise")))
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(spec.create_sql.encode())
        (real,) = warehouse.execute(
            "select pg_relation_size(indexrelid) from pg_index where indrelid = 'shops'::regclass"
        ).fetchone() or (0,)
    assert twin.size_bytes(spec) == pytest.approx(real, rel=0.25)


def test_what_the_reader_may_not_see_is_a_skip(
    cluster: Cluster, warehouse: psycopg.Connection
) -> None:
    warehouse.execute("create role some_columns login")
    try:
        warehouse.execute("grant select (region, noise) on shops to some_columns")
        with cluster.connect("extended_statistics", "some_columns") as connection:
            catalog = read_catalog(connection)
    finally:
        warehouse.execute("drop owned by some_columns; drop role some_columns")
    seen = {statistics.name.name for statistics in catalog.extended_statistics}
    unseen = {skip.subject for skip in catalog.skips if "of these statistics" in skip.reason}
    assert "shops_counts" not in seen
    assert "public.shops_counts" in unseen
