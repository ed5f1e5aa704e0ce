"""The graph of a project and its workload: nodes, edges, consumers, and what was left out."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.questions.traverse import Traversal
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    EdgeKind,
    LineageGraph,
    NodeLineage,
    NodeUse,
    RelationEdge,
)
from dbt_schema_evolve.records.project import Exposure, Node, Project
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Statement, UseKind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def name(text: str) -> RelationName:
    return RelationName(*text.split(".", 1))


def node(unique_id: str, relation: str, materialized: str, sql: str | None, *parents: str) -> Node:
    kind, _, short = unique_id.partition(".")
    return Node(
        unique_id, kind, short, "shop", name(relation) if relation else None, materialized,
        f"models/{short}.sql", depends_on=parents, compiled_code=sql,
    )  # fmt: skip


SOURCE = node("source.orders", "raw.orders", "", None)
NODES = (
    node("seed.countries", "marts.countries", "seed", None),
    node("model.stg", "marts.stg", "view", "select id, amount as total from raw.orders",
         "source.orders"),
    node("model.tidy", "", "ephemeral", "select id, total * 2 as twice from marts.stg",
         "model.stg"),
    node("model.fct", "marts.fct", "table",
         "with __dbt__cte__tidy as (select id, total * 2 as twice from marts.stg) "
         "select id, sum(twice) as revenue from __dbt__cte__tidy group by id", "model.tidy"),
    node("model.broken", "marts.broken", "table", "select frm where", "model.fct"),
    node("model.parsed", "marts.parsed", "table", None, "model.fct"),
    replace(node("model.python", "marts.python", "table", "def model(): ...", "model.fct"),
            language="python"),
    node("test.unique", "", "", "select 1 from marts.fct", "model.fct"),
)  # fmt: skip
EXPOSURE = Exposure("exposure.board", "board", "dashboard", "Ann", ("model.fct", "metric.x"))
PROJECT = Project("shop", "postgres", "1.11", "i", "", NODES, (SOURCE,), (EXPOSURE,))
COLUMNS = {
    name("raw.orders"): (Column("id", "bigint"), Column("amount", "numeric")),
    name("marts.countries"): (Column("code", "text"),),
}
STATEMENTS = (
    Statement("api", "select revenue from marts.fct where id = $1", frozenset({"web"}),
              frozenset({("application", "shop"), ("route", "/orders")})),
    Statement("bi", "select total from marts.stg", frozenset({"metabase"}),
              frozenset({("bi_tool", "metabase"), ("bi_dashboard", "7")})),
    Statement("build", 'create table "db"."marts"."fct__dbt_tmp" as (select 1)',
              frozenset({"dbt"})),
    Statement("check", "select count(*) from marts.fct", frozenset({"dbt"})),
    Statement("load", "insert into raw.orders select a, b from app.events", frozenset({"etl"})),
    Statement("copy", "create table ext.copy as select id as k from marts.fct",
              frozenset({"etl"})),
)  # fmt: skip
STATS = tuple(
    QueryStat(fingerprint, role, NOON, NOON, calls, total_us, 0, 0, 0)
    for fingerprint, role, calls, total_us in (
        ("api", "web", 10, 500),
        ("api", "web", 5, 100),
        ("api", "ann", 1, 9),
        ("bi", "metabase", 2, 4000),
        ("check", "dbt", 3, 3),
    )
)


def graph(
    project: Project = PROJECT, statements: tuple[Statement, ...] = STATEMENTS
) -> LineageGraph:
    schema = project_schema(project, COLUMNS)
    found = (query_uses(s.fingerprint, s.text, schema) for s in statements)
    uses = {use.fingerprint: use for use in found if isinstance(use, QueryUses)}
    return build_graph(project, schema, statements, uses, STATS)


def test_dbts_nodes_are_there_and_tests_are_not() -> None:
    ids = {vertex.id for vertex in graph().nodes}
    assert {"source.orders", "seed.countries", "model.tidy", "model.python"} <= ids
    assert "test.unique" not in ids


def test_columns_flow_through_an_ephemeral_model() -> None:
    assert graph().column_edges == (
        ColumnEdge("model.tidy", "id", "model.fct", "id", EdgeKind.IDENTITY),
        ColumnEdge("model.tidy", "twice", "model.fct", "revenue", EdgeKind.AGGREGATE, "SUM(twice)"),
        ColumnEdge("source.orders", "id", "model.stg", "id", EdgeKind.IDENTITY),
        ColumnEdge("source.orders", "amount", "model.stg", "total", EdgeKind.RENAME),
        ColumnEdge("model.stg", "id", "model.tidy", "id", EdgeKind.IDENTITY),
        ColumnEdge("model.stg", "total", "model.tidy", "twice", EdgeKind.EXPRESSION, "total * 2"),
        ColumnEdge("model.fct", "id", "relation.ext.copy", "k", EdgeKind.RENAME),
    )


def test_a_model_that_cannot_be_resolved_keeps_its_relations_and_is_listed() -> None:
    found = graph()
    for model in ("model.broken", "model.parsed", "model.python"):
        assert RelationEdge("model.fct", model) in found.relation_edges
    assert [skip.subject for skip in found.skips] == [
        "model.broken", "model.parsed", "model.python",
    ]  # fmt: skip


def test_a_column_that_cannot_be_told_costs_itself_and_is_listed() -> None:
    sql = "select u.x, v.y, z from ext.u cross join ext.v"
    doubtful = node("model.doubt", "marts.doubt", "table", sql, "source.orders")
    project = replace(PROJECT, nodes=(*NODES, doubtful))
    found = build_graph(project, project_schema(project, COLUMNS))
    edges = {e.target_column for e in found.column_edges if e.target == "model.doubt"}
    assert edges == {"x", "y"}
    (skip,) = (skip for skip in found.skips if skip.subject == "model.doubt")
    assert "z" in skip.reason


def test_relations_that_dbt_does_not_know_join_in_where_a_statement_moves_rows() -> None:
    found = graph()
    assert RelationEdge("model.fct", "relation.ext.copy") in found.relation_edges
    unknown = {vertex.id: vertex for vertex in found.nodes if vertex.kind == "relation"}
    assert unknown["relation.ext.copy"].relation == RelationName("ext", "copy")


def test_a_warehouse_view_that_dbt_does_not_know_is_looked_into() -> None:
    view = name("ext.view")
    views = {view: "select revenue as r from marts.fct"}
    columns = {**COLUMNS, view: (Column("r", "numeric"),)}
    statement = Statement("q", "select r from ext.view", frozenset({"ann"}))
    schema = project_schema(PROJECT, columns, views)
    use = query_uses("q", statement.text, schema)
    assert isinstance(use, QueryUses)
    found = build_graph(PROJECT, schema, (statement,), {"q": use})
    edge = ColumnEdge("model.fct", "revenue", "relation.ext.view", "r", EdgeKind.RENAME)
    assert edge in found.column_edges
    assert "exposure.board" in {each.id for each in Traversal(found).consumers_of("model.fct")}


def test_consumers_are_exposures_applications_routes_dashboards_and_roles() -> None:
    consumers = {consumer.id: consumer for consumer in graph().consumers}
    assert set(consumers) == {
        "consumer.application.shop", "consumer.bi_tool.metabase",
        "consumer.dashboard.metabase 7", "consumer.role.ann", "consumer.role.metabase",
        "consumer.role.web", "consumer.route.shop /orders", "exposure.board",
    }  # fmt: skip
    route = consumers["consumer.route.shop /orders"]
    assert (route.calls, route.total_us, route.reads) == (16, 609, {"model.fct"})
    assert consumers["consumer.role.web"].calls == 15
    assert consumers["exposure.board"].reads == {"model.fct"}
    assert consumers["exposure.board"].owner == "Ann"


def test_the_role_that_dbt_builds_with_is_no_consumer() -> None:
    assert "consumer.role.dbt" not in {consumer.id for consumer in graph().consumers}


def test_upstream_and_downstream() -> None:
    traversal = Traversal(graph())
    assert traversal.upstream("model.fct") == ("model.stg", "model.tidy", "source.orders")
    assert traversal.upstream("model.fct", depth=1) == ("model.tidy",)
    assert "model.broken" in traversal.downstream("source.orders")
    assert traversal.upstream_columns("model.fct", "revenue") == (
        ("model.stg", "total"), ("model.tidy", "twice"), ("source.orders", "amount"),
    )  # fmt: skip
    assert ("relation.ext.copy", "k") in traversal.downstream_columns("source.orders", "id")
    assert traversal.downstream("nobody") == ()


def test_consumers_of_a_source_are_those_of_everything_made_from_it() -> None:
    traversal = Traversal(graph())
    assert traversal.consumers_of("source.orders", directly=True) == ()
    names = {consumer.name for consumer in traversal.consumers_of("source.orders")}
    assert {"board", "shop /orders", "metabase 7"} <= names


def test_models_that_depend_on_each_other_in_a_circle_still_make_a_graph() -> None:
    circle = (
        node("model.a", "m.a", "view", "select id from m.b", "model.b"),
        node("model.b", "m.b", "view", "select id from m.a", "model.a"),
    )
    project = replace(PROJECT, nodes=circle, exposures=())
    found = build_graph(project, project_schema(project, {}))
    assert RelationEdge("model.a", "model.b") in found.relation_edges
    assert Traversal(found).upstream("model.a") == ("model.b",)


@given(st.randoms(use_true_random=False))
def test_the_order_of_facts_never_changes_the_graph(rng: Random) -> None:
    nodes = tuple(rng.sample(NODES, len(NODES)))
    statements = tuple(rng.sample(STATEMENTS, len(STATEMENTS)))
    assert graph(replace(PROJECT, nodes=nodes), statements) == graph()


def test_what_was_last_known_of_a_model_stands_in_where_it_is_not_compiled() -> None:
    """`dbt test` writes a manifest without the models' compiled code."""
    known = {key: lineage for key, lineage in lineages(graph()).items() if key == "model.fct"}
    half = tuple(replace(n, compiled_code=None) if n.name == "fct" else n for n in NODES)
    project = replace(PROJECT, nodes=half)
    found = build_graph(project, project_schema(project, COLUMNS), earlier=known)
    assert [e for e in found.column_edges if e.target == "model.fct"] == [
        e for e in graph().column_edges if e.target == "model.fct"
    ]
    details = {vertex.id: vertex.detail for vertex in found.nodes}
    assert details["model.fct"] is Detail.STALE
    assert details["model.stg"] is Detail.COLUMNS
    assert details["model.parsed"] is Detail.RELATIONS


def test_stale_edges_may_come_from_what_is_gone_or_named_by_nobody_else() -> None:
    gone = NodeLineage(
        "model.fct", ("id",), ("model.gone", "relation.app.events"),
        (ColumnEdge("relation.app.events", "id", "model.fct", "id", EdgeKind.IDENTITY),), (),
    )  # fmt: skip
    half = tuple(replace(n, compiled_code=None) if n.name == "fct" else n for n in NODES)
    project = replace(PROJECT, nodes=half)
    columns = {**COLUMNS, name("app.events"): (Column("id", "bigint"),)}
    schema = project_schema(project, columns)
    found = build_graph(project, schema, earlier={"model.fct": gone})
    vertices = {vertex.id: vertex for vertex in found.nodes}
    assert vertices["relation.app.events"].relation == name("app.events")
    assert vertices["relation.app.events"].columns == (Column("id", "bigint"),)
    assert (vertices["model.gone"].kind, vertices["model.gone"].relation) == ("model", None)


def test_a_compiled_model_learns_the_columns_of_a_stale_one() -> None:
    reader = node("model.reader", "marts.reader", "table", "select * from marts.fct", "model.fct")
    half = tuple(replace(n, compiled_code=None) if n.name == "fct" else n for n in NODES)
    project = replace(PROJECT, nodes=(*half, reader))
    found = build_graph(project, project_schema(project, {}), earlier=lineages(graph()))
    edges = {e.target_column for e in found.column_edges if e.target == "model.reader"}
    assert edges == {"id", "revenue"}


def test_columns_of_a_source_that_nobody_told_us_of_are_inferred_from_use() -> None:
    found = build_graph(PROJECT, project_schema(PROJECT, {}))
    source = next(vertex for vertex in found.nodes if vertex.id == "source.orders")
    assert source.has_inferred_columns
    assert [column.name for column in source.columns] == ["amount", "id"]
    assert not next(v for v in found.nodes if v.id == "model.stg").has_inferred_columns


def test_a_query_is_a_vertex_with_its_uses_calls_and_last_run() -> None:
    (query,) = (query for query in graph().queries if query.fingerprint == "api")
    assert query.uses == (
        NodeUse("model.fct", "id", UseKind.EQUALITY),
        NodeUse("model.fct", "revenue", UseKind.OUTPUT),
    )
    assert (query.calls, query.total_us, query.last_seen) == (16, 609, NOON)


def lineages(graph: LineageGraph) -> dict[str, NodeLineage]:
    return {
        vertex.id: NodeLineage(
            vertex.id,
            tuple(column.name for column in vertex.columns),
            tuple(edge.source for edge in graph.relation_edges if edge.target == vertex.id),
            tuple(edge for edge in graph.column_edges if edge.target == vertex.id),
            tuple(edge for edge in graph.indirect_edges if edge.target == vertex.id),
        )
        for vertex in graph.nodes
    }
