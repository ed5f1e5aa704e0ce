"""Advice priced on the planner twin is advice that the real planner follows."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import (
    Budget,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Selection,
)
from dbt_schema_evolve.records.evidence import Evidence, ModelRuns, QueryFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import QueryUses

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ORDERS = RelationName("Ma.rts", "orders v2")
PER_DAY = RelationName("Ma.rts", "per_day")
LEGACY = RelationName("Ma.rts", "legacy")

DDL = """
create schema "Ma.rts";
create table "Ma.rts"."orders v2" as
select
    i as id,
    (i * 7919::bigint) % 8999 as "Kunde",
    date '2024-01-01' + i / 100 as day,
    (array['open', 'done', 'void'])[1 + i % 3] as status,
    (i % 977)::numeric(12, 2) as amount,
    repeat('note ', 12) as note
from generate_series(1, 60000) as i;
create index on "Ma.rts"."orders v2" (day);
create index on "Ma.rts"."orders v2" (day, status);
create view "Ma.rts".per_day as
select day, status, sum(amount) as total, count(distinct "Kunde") as customers
from "Ma.rts"."orders v2"
group by day, status;
create table "Ma.rts".legacy as select * from "Ma.rts"."orders v2";
"""
LEGACY_SQL = 'select * from "Ma.rts"."orders v2"'
PER_DAY_SQL = (
    'select day, status, sum(amount) as total, count(distinct "Kunde") as customers '
    'from "Ma.rts"."orders v2" group by day, status'
)

QUERIES = {
    "customer": (
        5000,
        'select id, note from "Ma.rts"."orders v2" where "Kunde" = 17 and status = \'open\'',
    ),
    "recent": (
        300,
        """select sum(amount) from "Ma.rts"."orders v2"
        where day between '2025-05-01' and '2025-05-03' and status = 'done'""",
    ),
    "dashboard": (900, 'select status, sum(total) from "Ma.rts".per_day group by status'),
}


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as admin:
        admin.execute("create database recommend_on_twin")
    with cluster.connect("recommend_on_twin") as connection:
        connection.execute(DDL.encode())
        connection.execute("vacuum analyze")
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database recommend_on_twin with (force)")


@pytest.fixture(scope="module")
def selection(cluster: Cluster, warehouse: psycopg.Connection) -> Selection:
    catalog = read_catalog(warehouse)
    definitions = {LEGACY: LEGACY_SQL}
    with PlannerTwin(cluster, catalog, definitions=definitions) as twin:
        return recommend(evidence_of(catalog), twin, Budget(20_000_000))


def evidence_of(catalog: Catalog) -> Evidence:
    schema = LineageSchema(
        {each.relation: each.columns for each in (*catalog.tables, *catalog.views)},
        {view.relation: view.definition for view in catalog.views},
    )
    models = {
        ORDERS: _node("orders", ORDERS, "incremental"),
        PER_DAY: _node("per_day", PER_DAY, "view"),
        LEGACY: _node("legacy", LEGACY, "table"),
    }
    return Evidence(
        window_days=10,
        queries=tuple(_facts(name, text, calls, schema) for name, (calls, text) in QUERIES.items()),
        model_queries=(
            _facts("per_day", PER_DAY_SQL, 10, schema, "model.shop.per_day"),
            _facts("legacy", LEGACY_SQL, 10, schema, "model.shop.legacy"),
        ),
        models=models,
        relations=_relations(catalog),
        columns={
            table.relation: tuple(
                ColumnProfile(
                    table.relation,
                    each.column,
                    next(c.type for c in table.columns if c.name == each.column),
                    NOW,
                    each.null_fraction,
                    each.n_distinct,
                    each.average_width,
                    each.correlation,
                )
                for each in table.statistics
            )
            for table in catalog.tables
        },
        indexes={
            table.relation: tuple(
                IndexProfile(index.spec, index.name, NOW, index.pages * 8192, index.scans)
                for index in catalog.indexes
                if index.spec.relation == table.relation
            )
            for table in catalog.tables
        },
        runs={node.unique_id: ModelRuns(node.unique_id, 10, 50_000) for node in models.values()},
    )


def _node(name: str, relation: RelationName, materialized: str) -> Node:
    return Node(f"model.shop.{name}", "model", name, "shop", relation, materialized, "models/x.sql")


def _facts(
    name: str, text: str, calls: int, schema: LineageSchema, node_id: str | None = None
) -> QueryFacts:
    uses = query_uses(name, text, schema)
    assert isinstance(uses, QueryUses)
    return QueryFacts(name, text, calls, calls * 1000, uses, (f"consumer of {name}",), node_id)


def _relations(catalog: Catalog) -> Mapping[RelationName, RelationProfile]:
    tables = {
        table.relation: RelationProfile(
            table.relation, table.kind, NOW, round(table.rows), table.pages * 8192, None
        )
        for table in catalog.tables
    }
    views = {
        view.relation: RelationProfile(view.relation, RelationKind.VIEW, NOW, None, None, None)
        for view in catalog.views
    }
    return tables | views


def test_the_filtered_column_gets_an_index_that_the_real_planner_uses(
    selection: Selection, warehouse: psycopg.Connection
) -> None:
    chosen = next(
        each
        for each in selection.recommendations
        if isinstance(each.spec, IndexSpec) and each.spec.keys[0].term == "Kunde"
    )
    assert chosen.spec.relation == ORDERS
    assert chosen.consumers == ("consumer of customer",)
    (benefit,) = chosen.benefits
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(chosen.spec.create_sql.encode())
        real = explain(warehouse, QUERIES["customer"][1])
        assert isinstance(real, Estimate)
        (scanned,) = {node.index for node in real.nodes if node.index is not None}
        assert serves(scanned, chosen.spec)
        assert real.cost == pytest.approx(benefit.estimated_cost_after, rel=0.1)
        size = warehouse.execute(
            "select pg_relation_size(indexrelid) from pg_index where indrelid = %s::regclass"
            " order by indexrelid desc limit 1",
            [ORDERS.sql],
        ).fetchone()
        assert size is not None
        assert chosen.estimated_bytes == pytest.approx(size[0], rel=0.25)


def test_the_view_that_a_dashboard_executes_becomes_a_table(selection: Selection) -> None:
    stored = next(
        each
        for each in selection.recommendations
        if each.spec == MaterializationSpec(PER_DAY, "table")
    )
    assert [benefit.fingerprint for benefit in stored.benefits] == ["dashboard"]
    assert stored.estimated_build_us > 0
    assert stored.estimated_bytes > 0


def test_the_table_that_nobody_reads_becomes_a_view(selection: Selection) -> None:
    freed = next(each for each in selection.recommendations if each.spec.relation == LEGACY)
    assert freed.spec == MaterializationSpec(LEGACY, "view")
    assert freed.estimated_bytes < 0
    assert freed.estimated_build_us < 0


def test_of_two_indexes_on_the_same_columns_the_one_that_queries_need_stays(
    selection: Selection, warehouse: psycopg.Connection
) -> None:
    (drop,) = [
        each.spec for each in selection.recommendations if isinstance(each.spec, DropIndexSpec)
    ]
    text = QUERIES["recent"][1]
    before = explain(warehouse, text)
    indexes = read_catalog(warehouse).indexes
    with warehouse.transaction(force_rollback=True):
        for index in indexes:
            if index.spec == drop.index:
                name = f'"{ORDERS.schema}"."{index.name}"'
                warehouse.execute(f"drop index {name}".encode())
        after = explain(warehouse, text)
    assert isinstance(before, Estimate)
    assert isinstance(after, Estimate)
    assert after.cost <= before.cost * 1.03


def test_every_query_was_priced_and_the_whole_gets_cheaper(selection: Selection) -> None:
    assert not selection.unpriced
    assert selection.priced == {*QUERIES, "per_day", "legacy"}
    assert selection.estimated_cost_after < selection.estimated_cost_before / 2
    assert selection.estimated_bytes < 20_000_000
