"""Events beside SQL: what both say is agreed, what one adds is added, contradictions are shown."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.openlineage import read_events
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.reported.events import with_events
from dbt_schema_evolve.lineage.reported.reports import seen_reports
from dbt_schema_evolve.records.etl import (
    Dataset,
    DirectInput,
    DirectKind,
    EtlEvent,
    EventKind,
    Home,
    IndirectInput,
    JobReport,
    Named,
    OutputColumn,
)
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    Origin,
    RelationEdge,
)
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import Column, RelationName

GOLDEN = Path(__file__).parents[2] / "golden" / "openlineage"
HOME = Home("shop", "postgres://db.internal:5432")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE, STG, TIDY, FCT = (
    "source.shop.raw.orders_src", "model.shop.stg_orders", "model.shop.tidy",
    "model.shop.fct_orders",
)  # fmt: skip


def node(unique_id: str, relation: str, materialized: str, sql: str | None, *parents: str) -> Node:
    kind, name = unique_id.partition(".")[0], unique_id.rpartition(".")[2]
    found = RelationName(*relation.split(".")) if relation else None
    return Node(unique_id, kind, name, "shop", found, materialized, "", depends_on=parents,
                compiled_code=sql)  # fmt: skip


NODES = (
    node(STG, "marts.stg_orders", "view",
         """select id, customer_id, amount::numeric(12, 2) as total from "shop"."raw"."orders" as o
            where status = 'paid'""", SOURCE),
    node(TIDY, "", "ephemeral", """select id, customer_id, total * 2 as twice
         from "shop"."marts"."stg_orders" """, STG),
    node(FCT, "marts.fct_orders", "table",
         """with __dbt__cte__tidy as (
              select id, customer_id, total * 2 as twice from "shop"."marts"."stg_orders")
            select t.customer_id, sum(t.twice) as revenue, count(*) as n
            from __dbt__cte__tidy t group by 1""", TIDY),
)  # fmt: skip
PROJECT = Project(
    "shop", "postgres", "1.11", "i", "", NODES, (node(SOURCE, "raw.orders", "", None),), ()
)
TYPES = {
    "raw.orders": "id bigint, customer_id bigint, amount numeric, status text",
    "marts.stg_orders": "id bigint, customer_id bigint, total numeric",
    "marts.fct_orders": "customer_id bigint, revenue numeric, n bigint",
}
SCHEMA = project_schema(
    PROJECT,
    {
        RelationName(*key.split(".")): tuple(Column(*each.split()) for each in text.split(", "))
        for key, text in TYPES.items()
    },
)
GRAPH = build_graph(PROJECT, SCHEMA)
PG = HOME.namespace
STG_NAME, FCT_NAME = Named(PG, "shop.marts.stg_orders"), Named(PG, "shop.marts.fct_orders")


def read(*names: str) -> list[EtlEvent]:
    outcomes = (each for name in names for each in read_events((GOLDEN / name).read_bytes(), name))
    return [each for each in outcomes if isinstance(each, EtlEvent)]


def merged(events: Iterable[EtlEvent], graph: LineageGraph = GRAPH) -> LineageGraph:
    return with_events(graph, seen_reports(events), SCHEMA, HOME)


def event(
    output: Dataset,
    *inputs: Dataset,
    hours: int = 0,
    kind: EventKind = EventKind.COMPLETE,
    others: tuple[Dataset, ...] = (),
    sql: str = "",
) -> EtlEvent:
    report = JobReport(
        "https://example.com/etl", Named("etl", "job"), inputs, (output, *others), sql
    )
    return EtlEvent(report, f"run {hours}", kind, NOON + timedelta(hours=hours))


def fct(**made: tuple[DirectInput, ...]) -> Dataset:
    return Dataset(FCT_NAME, made=tuple(OutputColumn(name, each) for name, each in made.items()))


def says(graph: LineageGraph) -> list[tuple[str, str, str]]:
    return [(each.target_column, each.sql_says, each.event_says) for each in graph.conflicts]


def test_dbt_ol_agrees_with_the_sql_through_renamed_sources_and_ephemeral_models() -> None:
    found = merged(read("dbt-ol.jsonl"))
    assert found.conflicts == ()
    origins = {(edge.source, edge.target): edge.origin for edge in found.relation_edges}
    assert origins == {
        (SOURCE, STG): Origin.BOTH,
        (STG, TIDY): Origin.SQL,
        (TIDY, FCT): Origin.BOTH,
    }
    agreed = {(e.target, e.target_column) for e in found.column_edges if e.origin is Origin.BOTH}
    assert agreed == {
        (STG, "id"), (STG, "customer_id"), (STG, "total"), (FCT, "customer_id"), (FCT, "revenue"),
    }  # fmt: skip
    assert {node.id for node in found.nodes} == {node.id for node in GRAPH.nodes}


def test_airflow_and_spark_give_sources_their_upstream() -> None:
    found = merged(read("airflow.jsonl", "spark.json"))
    app = "dataset.postgres://app-db:5432.app.public.orders"
    assert RelationEdge(app, SOURCE, Origin.REPORTED) in found.relation_edges
    assert ColumnEdge(
        app, "cents", SOURCE, "amount", EdgeKind.EXPRESSION, origin=Origin.REPORTED
    ) in found.column_edges  # fmt: skip
    lake, customers = "dataset.s3://lake.crm/customers", "relation.raw.customers"
    reported = [edge for edge in found.column_edges if edge.target == customers]
    assert [(edge.target_column, edge.kind) for edge in reported] == [
        ("id", EdgeKind.IDENTITY),
        ("last_seen", EdgeKind.AGGREGATE),
        ("mail_hash", EdgeKind.EXPRESSION),
    ]
    assert IndirectEdge(
        lake, "seen_at", customers, IndirectKind.FILTER, Origin.REPORTED
    ) in found.indirect_edges  # fmt: skip
    nodes = {node.id: node for node in found.nodes}
    assert (nodes[lake].kind, nodes[lake].name) == ("dataset", "s3://lake/crm/customers")
    assert [column.name for column in nodes[lake].columns][:2] == ["id", "mail"]
    assert (nodes[customers].kind, nodes[customers].relation) == (
        "relation", RelationName("raw", "customers"),
    )  # fmt: skip
    assert found.conflicts == ()


def test_a_job_is_a_vertex_with_first_and_last_run() -> None:
    stg = Dataset(STG_NAME)
    found = merged([event(fct(), stg, hours=hours) for hours in (3, 0, 1)])
    (job,) = found.jobs
    assert (job.id, job.reads, job.writes) == ("job.etl.job", {STG}, {FCT})
    assert (job.first_seen, job.last_seen) == (NOON, NOON + timedelta(hours=3))


def test_the_newest_run_counts_and_failed_ones_do_not() -> None:
    lake = Named("s3://lake", "x")
    runs = [
        event(Dataset(Named("s3://lake", "out")), Dataset(lake._replace(name=f"in{hours}")),
              hours=hours, kind=kind)
        for hours, kind in (
            (1, EventKind.COMPLETE), (0, EventKind.COMPLETE), (2, EventKind.FAIL),
            (3, EventKind.START),
        )
    ]  # fmt: skip
    assert [edge.source for edge in merged(runs).relation_edges if "lake" in edge.source] == [
        "dataset.s3://lake.in1"
    ]


def test_what_a_run_tells_at_its_start_and_at_its_end_adds_up() -> None:
    output, source = Dataset(Named("s3://lake", "out")), Dataset(Named("s3://lake", "in"))
    start = EtlEvent(JobReport("p", Named("n", "j"), (source,)), "run", EventKind.START, NOON)
    end = EtlEvent(JobReport("p", Named("n", "j"), (), (output,)), "run", EventKind.COMPLETE,
                   NOON + timedelta(minutes=1))  # fmt: skip
    for events in ([start, end], [end, start]):
        assert RelationEdge(
            "dataset.s3://lake.in", "dataset.s3://lake.out", Origin.REPORTED
        ) in merged(events).relation_edges  # fmt: skip


def test_another_parent_than_the_sqls_is_a_conflict_and_both_edges_stand() -> None:
    other = DirectInput(Named(PG, "shop.raw.orders"), "amount")
    found = merged([event(fct(revenue=(other,)), Dataset(STG_NAME), Dataset(other.dataset))])
    assert says(found) == [
        ("revenue", f"{TIDY}.twice", f"{SOURCE}.amount"),
    ]
    into = [edge for edge in found.column_edges if edge[2:4] == (FCT, "revenue")]
    assert [(edge.source, edge.origin) for edge in into] == [
        (TIDY, Origin.SQL), (SOURCE, Origin.REPORTED),
    ]  # fmt: skip
    assert found.conflicts[0].producer == "etl job by https://example.com/etl, 2026-03-01"


def test_saying_less_is_no_conflict() -> None:
    less = (
        Dataset(FCT_NAME),
        fct(),
        fct(revenue=()),
        Dataset(FCT_NAME, columns=(Column("customer_id", ""),)),
        Dataset(FCT_NAME, columns=(Column("REVENUE", "decimal(38,18)"),)),
    )
    for output in less:
        assert merged([event(output, Dataset(STG_NAME))]).conflicts == ()


@pytest.mark.parametrize(
    ("column", "kind", "is_conflict"),
    [
        ("id", DirectKind.UNSAID, False),
        ("id", DirectKind.IDENTITY, False),
        ("id", DirectKind.TRANSFORMATION, True),
        ("total", DirectKind.IDENTITY, False),  # a cast: some call it one thing, some the other
        ("total", DirectKind.TRANSFORMATION, False),
        ("total", DirectKind.AGGREGATION, False),
    ],
)
def test_kinds_conflict_only_where_values_are_changed_to_one_and_not_to_the_other(
    column: str, kind: DirectKind, is_conflict: bool
) -> None:
    source = DirectInput(
        Named(PG, "shop.raw.orders"), {"total": "amount"}.get(column, column), kind
    )
    output = Dataset(STG_NAME, made=(OutputColumn(column, (source,)),))
    assert bool(merged([event(output)]).conflicts) == is_conflict


def test_an_aggregate_that_is_said_to_be_passed_on_is_a_conflict() -> None:
    given = DirectInput(STG_NAME, "total", DirectKind.IDENTITY)
    key = f"{STG}.total"
    assert says(merged([event(fct(revenue=(given,)))])) == [
        ("revenue", f"{key} goes into an aggregate", f"{key} is passed on")
    ]


def test_direct_against_indirect_is_a_conflict_both_ways() -> None:
    orders = Named(PG, "shop.raw.orders")
    status = DirectInput(orders, "status")
    promoted = Dataset(STG_NAME, made=(OutputColumn("id", (DirectInput(orders, "id"), status)),))
    assert says(merged([event(promoted)])) == [
        ("id", f"{SOURCE}.id, {SOURCE}.status only for filter", f"{SOURCE}.id, {SOURCE}.status")
    ]
    row = IndirectInput(orders, "amount", IndirectKind.FILTER)
    demoted = Dataset(STG_NAME, made=(OutputColumn("total", (), (row,)),))
    assert says(merged([event(demoted)])) == [
        ("total", f"{SOURCE}.amount", f"{SOURCE}.amount only for filter")
    ]


def test_a_column_that_decides_about_rows_and_is_not_in_the_sql_is_a_conflict() -> None:
    orders = Named(PG, "shop.raw.orders")
    for column, expected in (("status", []), ("amount", []), ("region", ["is not used"])):
        row = IndirectInput(orders, column, IndirectKind.JOIN)
        found = merged([event(Dataset(STG_NAME, indirect=(row,)))])
        assert [says.sql_says.partition(" ")[2] for says in found.conflicts] == expected


def test_columns_and_types_that_the_warehouse_does_not_have_are_conflicts() -> None:
    columns = (Column("revenue", "string"), Column("n", "long"), Column("profit", "double"))
    assert says(merged([event(Dataset(FCT_NAME, columns=columns))])) == [
        ("profit", "there is no such column", "there is one of type double"),
        ("revenue", "numeric", "string"),
    ]


def test_which_input_reaches_which_of_several_outputs_is_not_guessed() -> None:
    lake = [Dataset(Named("s3://lake", name)) for name in ("a", "b")]
    found = merged([event(Dataset(FCT_NAME), *lake, others=(Dataset(Named("s3://lake", "c")),))])
    assert {edge.target for edge in found.relation_edges if "lake" in edge.source} == {
        "dataset.s3://lake.c"
    }


def test_sql_that_comes_alone_is_resolved_by_us() -> None:
    output = Dataset(Named(PG, "shop.raw.report"))
    sql = (
        "insert into raw.report select customer_id, sum(revenue) as total"
        " from marts.fct_orders group by 1"
    )
    found = merged([event(output, Dataset(FCT_NAME), sql=sql)])
    assert ColumnEdge(
        FCT, "revenue", "relation.raw.report", "total", EdgeKind.AGGREGATE, "SUM(revenue)",
        Origin.REPORTED,
    ) in found.column_edges  # fmt: skip


def test_sql_that_cannot_be_resolved_keeps_the_relations_and_is_listed() -> None:
    output = Dataset(Named(PG, "shop.raw.report"))
    found = merged([event(output, Dataset(FCT_NAME), sql="copy raw.report from stdin")])
    assert RelationEdge(FCT, "relation.raw.report", Origin.REPORTED) in found.relation_edges
    assert [skip.subject for skip in found.skips] == ["relation.raw.report"]


def test_a_relation_that_only_a_column_facet_names_and_nobody_knows_is_left_out() -> None:
    stranger = DirectInput(Named(PG, "some_cte"), "x")
    found = merged([event(fct(revenue=(DirectInput(STG_NAME, "total"), stranger)))])
    assert found.conflicts == ()
    assert "some_cte" in found.skips[0].reason
    assert not any("some_cte" in node.id for node in found.nodes)


def test_a_warehouse_under_another_name_is_pointed_out() -> None:
    alias = Dataset(Named("postgres://10.0.0.7:5432", "shop.marts.fct_orders"))
    found = merged([event(Dataset(Named("s3://lake", "x")), alias)])
    (skip,) = found.skips
    assert skip.subject == "postgres://10.0.0.7:5432"
    assert "openlineage_namespaces" in skip.reason
    home = replace(HOME, also=frozenset({"postgres://10.0.0.7"}))
    again = with_events(GRAPH, seen_reports([event(Dataset(STG_NAME), alias)]), SCHEMA, home)
    assert RelationEdge(FCT, STG, Origin.REPORTED) in again.relation_edges


def test_no_events_change_nothing() -> None:
    assert merged([]) is GRAPH


@given(st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_events_shows(rng: Random) -> None:
    events = [
        *read("airflow.jsonl", "dbt-ol.jsonl", "spark.json", "spark-old.json"),
        event(fct(revenue=(DirectInput(STG_NAME, "id"),)), hours=1),
        event(fct(revenue=(DirectInput(STG_NAME, "id"),)), hours=2),
    ]
    found = merged(events)
    shuffled = rng.sample(events * 2, 2 * len(events))
    assert merged(shuffled) == found
    assert merged(events, found) == found
