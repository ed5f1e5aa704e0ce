"""The twin against the database it was made from: same plans, same costs, nothing left behind."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import plan_agreement
from dbt_schema_evolve.backends.twin.planner_settings import planner_settings
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.recommend.cost import Estimate, Unpriced
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import (
    DropIndexSpec,
    IndexKey,
    IndexSpec,
    MaterializationSpec,
    Spec,
)
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationName
from tests.postgres import odd_warehouse
from tests.postgres.odd_warehouse import BIG_ORDERS, BY_STATUS, EVENTS, ORDERS

BASE = RelationName("raw", "z base")
ITEMS = RelationName("raw", "items")

QUERIES = (
    f'select * from {ORDERS.sql} where "Id" = 5',
    f'select "größe %", count(*) from {ORDERS.sql} group by 1 order by 1 desc',
    f"select * from {ORDERS.sql} where mood = 'gut' and share > 90",
    f"select * from {ORDERS.sql} where email = 'USER55@example.org'",
    f"""select * from {ORDERS.sql}
    where lower("select") = 'größe 5' and "größe %" > 3 and "select" <> 'a)b('""",
    f"select * from {ORDERS.sql} order by day limit 3",
    f"select * from {ORDERS.sql} where day is null",
    f"""select i.id from raw.items as i join {ORDERS.sql} as o on o."Id" = i."order"
    where o.day < '2024-01-03'""",
    'select * from raw.items where "order" = 9',
    "select * from raw.events where day = '2024-01-05' and kind = 'k1'",
    "select kind, sum(amount) from raw.events group by kind",
    'select * from raw."b deep"',
    f"select * from {BIG_ORDERS.sql} where day > '2024-12-20'",
    "select * from raw.never_analyzed where id > 5",
    "select * from raw.empty",
)


def index(relation: RelationName, *columns: str, **details: object) -> IndexSpec:
    keys = tuple(IndexKey(column) for column in columns)
    return IndexSpec(relation, keys, **details)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as admin:
        admin.execute("create database odd_warehouse")
    with cluster.connect("odd_warehouse") as connection:
        odd_warehouse.load(connection)
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database odd_warehouse with (force)")


@pytest.fixture(scope="module")
def twin(cluster: Cluster, warehouse: psycopg.Connection) -> Iterator[PlannerTwin]:
    origins = {ColumnName(BASE, "day"): ColumnName(ORDERS, "day")}
    definitions = {ITEMS: 'select id, id as "order", 1 as constant, null::text as noted from raw.x'}
    with PlannerTwin(
        cluster, read_catalog(warehouse), origins=origins, definitions=definitions
    ) as running:
        yield running


def test_everything_of_an_odd_warehouse_stands_on_the_twin(twin: PlannerTwin) -> None:
    assert twin.skips == ()


def test_plans_and_costs_agree_with_the_database(
    twin: PlannerTwin, warehouse: psycopg.Connection
) -> None:
    agreement = plan_agreement(twin, warehouse, QUERIES)
    assert agreement.unpriced == ()
    assert agreement.different == ()
    assert agreement.compared == len(QUERIES)
    assert max(abs(error) for error in agreement.cost_errors) < 0.01


def planned_for_real(
    connection: psycopg.Connection, query: str, *statements: str
) -> Estimate | Unpriced:
    with connection.transaction(force_rollback=True):
        for statement in statements:
            connection.execute(statement.encode())
        return explain(connection, query)


@pytest.mark.parametrize(
    ("spec", "query"),
    [
        (index(ORDERS, "day"), f"select * from {ORDERS.sql} where day = '2024-02-02'"),
        (
            index(ORDERS, "day", include=("share",)),
            f"select share from {ORDERS.sql} where day = '2024-02-02'",
        ),
        (
            index(ITEMS, "order", unique=False, where="id > 4000"),
            'select * from raw.items where "order" = 77 and id > 4000',
        ),
        (
            IndexSpec(ORDERS, (IndexKey('upper("select")', is_expression=True),)),
            f"select * from {ORDERS.sql} where upper(\"select\") = 'GRÖSSE 4'",
        ),
        (
            IndexSpec(ORDERS, (IndexKey("mood", descending=True, nulls_first=True),)),
            f"select mood from {ORDERS.sql} order by mood desc limit 10",
        ),
        (index(EVENTS, "amount"), "select * from raw.events where amount = 17"),
    ],
    ids=["plain", "include", "partial", "expression", "descending", "partitioned"],
)
def test_a_hypothetical_index_is_planned_like_a_real_one(
    twin: PlannerTwin, warehouse: psycopg.Connection, spec: IndexSpec, query: str
) -> None:
    (priced,) = twin.price([query], frozenset({spec}))
    real = planned_for_real(warehouse, query, spec.create_sql)
    assert isinstance(priced, Estimate)
    assert isinstance(real, Estimate)
    assert priced.used == {spec}
    assert priced.plan == real.plan
    assert priced.cost == pytest.approx(real.cost, rel=0.02)


def test_a_hypothetical_drop_is_planned_like_a_real_one(
    twin: PlannerTwin, warehouse: psycopg.Connection
) -> None:
    query = f"select * from {BIG_ORDERS.sql} where day > '2024-12-20'"
    (priced,) = twin.price([query], frozenset({DropIndexSpec(index(BIG_ORDERS, "day"))}))
    real = planned_for_real(warehouse, query, 'drop index "Märkte 100%"."big orders_day_idx"')
    assert priced == real


def test_dropping_one_of_two_equal_indexes_changes_nothing(twin: PlannerTwin) -> None:
    spec = index(EVENTS, "day", "kind")
    query = "select * from raw.events where day = '2024-01-05' and kind = 'k1'"
    (without,) = twin.price([query], frozenset({DropIndexSpec(spec)}))
    (before,) = twin.price([query])
    assert isinstance(without, Estimate)
    assert isinstance(before, Estimate)
    assert without.cost > before.cost
    assert not any("Index" in node for node in without.plan)


def test_a_view_that_is_stored_is_planned_like_a_table(
    twin: PlannerTwin, warehouse: psycopg.Connection
) -> None:
    query = f"select * from {BASE.sql} where day = '2024-03-01'"
    configuration: frozenset[Spec] = frozenset(
        {MaterializationSpec(BASE, "table"), index(BASE, "day")}
    )
    (priced,) = twin.price([query], configuration)
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(f"create table raw.stored as select * from {BASE.sql}".encode())
        warehouse.execute(b"create index on raw.stored (day)")
        warehouse.execute(b"analyze raw.stored")
        real = explain(warehouse, query.replace(BASE.sql, "raw.stored"))
        (bytes_,) = warehouse.execute("select pg_relation_size('raw.stored')").fetchone() or (0,)
    assert isinstance(priced, Estimate)
    assert isinstance(real, Estimate)
    assert [node.replace('"z base"', "stored") for node in priced.plan] == list(real.plan)
    assert priced.cost == pytest.approx(real.cost, rel=0.1)
    assert twin.size_bytes(MaterializationSpec(BASE, "table")) == pytest.approx(bytes_, rel=0.25)


def test_views_over_a_stored_view_read_it(twin: PlannerTwin) -> None:
    stored: frozenset[Spec] = frozenset({MaterializationSpec(BASE, "incremental")})
    before, after = (
        twin.price([f"select * from {BY_STATUS.sql}"], configuration)[0]
        for configuration in (frozenset[Spec](), stored)
    )
    assert isinstance(before, Estimate)
    assert isinstance(after, Estimate)
    assert f"Seq Scan {BASE}" in after.plan
    assert f"Seq Scan {ORDERS}" in before.plan


def test_a_materialized_view_priced_as_a_view_runs_its_query(
    twin: PlannerTwin, warehouse: psycopg.Connection
) -> None:
    query = f"select * from {BIG_ORDERS.sql} where day > '2024-12-20'"
    (priced,) = twin.price([query], frozenset({MaterializationSpec(BIG_ORDERS, "view")}))
    same = f"select * from {BASE.sql} where size > 5 and day > '2024-12-20'"
    assert priced == explain(warehouse, same)
    assert twin.size_bytes(MaterializationSpec(BIG_ORDERS, "view")) < 0


def test_a_table_cannot_be_a_view_where_its_query_is_not_known_or_broken(
    twin: PlannerTwin,
) -> None:
    for relation in (ORDERS, ITEMS):
        with pytest.raises(TwinError):
            twin.price(["select 1"], frozenset({MaterializationSpec(relation, "view")}))
    assert isinstance(twin.price(["select * from raw.items"])[0], Estimate)


def test_queries_with_parameters_get_a_generic_plan(twin: PlannerTwin) -> None:
    (priced,) = twin.price(['select * from raw.items where "id" = $1'])
    assert isinstance(priced, Estimate)
    assert priced.plan == (f"Index Scan {ITEMS} (id)",)


@pytest.mark.parametrize(
    "query",
    [
        "select 1; drop table raw.items",
        "select $1; drop table raw.items",
        "vacuum raw.items",
        "refresh materialized view raw.x",
        "analyze select pg_sleep(9)",
        "",
    ],
)
def test_nothing_but_a_plan_comes_of_a_query(twin: PlannerTwin, query: str) -> None:
    (answer,) = twin.price([query])
    assert isinstance(answer, Unpriced)
    assert isinstance(twin.price(["select * from raw.items"])[0], Estimate)


def test_unqualified_names_follow_the_search_path(
    cluster: Cluster, warehouse: psycopg.Connection
) -> None:
    catalog = read_catalog(warehouse)
    with PlannerTwin(cluster, catalog, search_path=("nowhere", "Märkte 100%", "raw")) as twin:
        found, other = twin.price(['select * from "big orders"', "select * from items"])
    assert isinstance(found, Estimate)
    assert isinstance(other, Estimate)


def test_settings_of_the_warehouse_shape_the_plans(
    cluster: Cluster, warehouse: psycopg.Connection
) -> None:
    query = f"select count(*) from {ORDERS.sql}"
    warehouse.execute("set seq_page_cost = 7")
    warehouse.execute("set enable_indexonlyscan = off")
    try:
        with PlannerTwin(cluster, read_catalog(warehouse)) as twin:
            assert twin.price([query])[0] == explain(warehouse, query)
    finally:
        warehouse.execute("reset all")


def test_a_table_is_scanned_by_as_many_workers_as_it_says(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    connection.execute("create table t with (parallel_workers = 4) as"
                       " select i from generate_series(1, 200000) i")  # fmt: skip
    connection.execute("vacuum analyze t")
    connection.execute("set max_parallel_workers_per_gather = 6")
    query = "select count(*) from t"
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        (ours,) = twin.price([query])
    assert ours == explain(connection, query)
    assert isinstance(ours, Estimate)
    assert "Gather" in ours.plan


def test_a_planner_older_than_the_twin_s_does_without_what_came_later() -> None:
    catalog = Catalog(150000, (("work_mem", "1GB"),), (), (), (), ())
    assert list(planner_settings(catalog)) == [
        ("enable_presorted_aggregate", "off"),
        ("enable_group_by_reordering", "off"),
        ("enable_distinct_reordering", "off"),
        ("enable_self_join_elimination", "off"),
        ("work_mem", "1GB"),
    ]


def test_a_relation_that_cannot_be_costs_only_itself(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    connection.execute("create operator ## (function = int4pl, leftarg = int, rightarg = int)")
    connection.execute("create table t as select i, i % 10 as j from generate_series(1, 900) i")
    connection.execute("create index on t ((i ## j))")
    connection.execute("create view lost as select i ## j as k from t")
    connection.execute("create view lost_too as select * from lost")
    connection.execute("create view kept as select j from t")
    connection.execute("analyze t")
    lost = RelationName("public", "lost_too")
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        assert [skip.subject for skip in twin.skips] == [
            "public.lost",
            "public.lost_too",
            "public.t (((i OPERATOR(public.##) j)))",
        ]
        assert isinstance(twin.price(["select * from kept"])[0], Estimate)
        with pytest.raises(TwinError, match=r"public\.lost_too is not on the twin"):
            twin.price(["select 1"], frozenset({MaterializationSpec(lost, "table")}))


def test_types_collations_and_settings_that_the_twin_lacks_are_named_and_replaced(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    connection.execute("create table t as select i, i::text as shape from generate_series(1, 9) i")
    connection.execute("analyze t")
    catalog = read_catalog(connection)
    (table,) = catalog.tables
    foreign = Column("shape", "gis.geometry(Point,4326)", collation='gis."müde"')
    odd = replace(table, columns=(table.columns[0], foreign))
    settings = (("enable_teleport", "on"),)
    with PlannerTwin(cluster, replace(catalog, tables=(odd,), settings=settings)) as twin:
        assert [(skip.subject, skip.reason.partition(" ")[0]) for skip in twin.skips] == [
            ("public.t.shape", "collation"),
            ("public.t.shape", "type"),
            ("setting enable_teleport", "unrecognized"),
        ]
        assert isinstance(twin.price(["select shape from t where shape = 'x'"])[0], Estimate)


def test_a_twin_of_its_own_takes_little_disk_and_leaves_none(
    tmp_path: Path, connection: psycopg.Connection
) -> None:
    connection.execute("create table t as select i from generate_series(1, 100) as i")
    connection.execute("vacuum analyze t")
    catalog = read_catalog(connection)
    (table,) = catalog.tables
    # 3 GB of rows, in three segments.
    huge = replace(table, rows=9e7, pages=400_000, file_pages=400_000)
    folder = tmp_path / "twin"
    spec = index(table.relation, "i")
    with PlannerTwin(folder, replace(catalog, tables=(huge,))) as twin:
        (before,) = twin.price(["select * from t where i = 5"])
        (after,) = twin.price(["select * from t where i = 5"], frozenset({spec}))
        assert twin.size_bytes(spec) > 500e6
        used = sum(
            (Path(root) / name).stat().st_blocks * 512
            for root, _, names in os.walk(folder)
            for name in names
        )
    assert isinstance(before, Estimate)
    assert isinstance(after, Estimate)
    assert before.cost > 400_000
    assert after.cost < 100
    assert used < 150e6
    assert not folder.exists()
