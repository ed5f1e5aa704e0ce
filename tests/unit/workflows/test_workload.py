"""The window's workload: what is in it, with what weight, and what is left out and named."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from dbt_schema_evolve.lineage.attribution import Attribution
from dbt_schema_evolve.lineage.graph import project_schema
from dbt_schema_evolve.lineage.sql.safety import changes_rows, is_read_only
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.catalog import Catalog, ColumnStatistics, TableShape
from dbt_schema_evolve.records.evidence import QueryFacts
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.project import Node, Project
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Skip, Statement
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.workload import asked_queries

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
EVENTS, ORDERS = RelationName("marts", "events"), RelationName("app", "orders")
COLUMNS = {
    EVENTS: (Column("id", "bigint"), Column("kind", "text"), Column("at", "timestamp")),
    ORDERS: (Column("id", "bigint"), Column("status", "text")),
}
MODEL = Node(
    unique_id="model.shop.events", resource_type="model", name="events", package="shop",
    relation=EVENTS, materialized="incremental", path="models/events.sql", unrendered_config={},
)  # fmt: skip
SKEWED = ColumnStatistics("kind", False, 0, 5, 900, ("click",), (0.9,), ("buy", "see", "try"))
DBT = frozenset({"transformer"})


def lineage(statements: Mapping[str, str], calls: int = 100, rows: int = 0) -> Lineage:
    """A project of one incremental model, and what was sent; dbt sends what names its tables."""
    project = Project("shop", "postgres", "1.11.16", "1", "2026-01-01", (MODEL,), (), ())
    schema = project_schema(project, COLUMNS)
    found, uses, skips = [], {}, []
    for name, text in statements.items():
        is_dbts = "__dbt_tmp" in text
        statement = Statement(name, text, DBT if is_dbts else frozenset({"web"}))
        outcome = query_uses(name, text, schema)
        writes = None
        if isinstance(outcome, QueryUses):
            uses[name], writes = outcome, outcome.writes
        else:
            skips.append(outcome)
        node = Attribution(schema).node_id(statement, writes)
        found.append(Statement(name, text, statement.roles, node_id=node))
    stats = tuple(
        QueryStat(name, "web", NOON - timedelta(days=1), NOON, calls, 1000 * calls, rows, 0, 0)
        for name in statements
    )
    return Lineage(
        project, schema, LineageGraph((), (), (), (), (), (), ()), tuple(found), uses, stats,
        tuple(skips),
    )  # fmt: skip


def queries(
    statements: Mapping[str, str], calls: int = 100, rows: int = 0
) -> dict[str, QueryFacts]:
    shapes = tuple(
        TableShape(relation, RelationKind.TABLE, columns, 1e6, 9000, 9000, (SKEWED,))
        for relation, columns in COLUMNS.items()
    )
    found, skips = asked_queries(
        lineage(statements, calls, rows), Catalog(180000, (), (), shapes, (), ()), {EVENTS: MODEL}
    )
    assert skips == ()
    return {query.fingerprint: query for query in found}


def test_a_skewed_value_makes_several_draws_whose_calls_and_time_add_up() -> None:
    query = queries({"q": "select id from marts.events where kind = $1"})["q"]
    assert [draw.sql.partition("= ")[2] for draw in query.each_draw()] == ["'click'", "'see'"]
    assert [draw.calls for draw in query.each_draw()] == [67, 33]
    assert sum(draw.total_us for draw in query.each_draw()) == query.total_us
    assert {draw.fingerprint for draw in query.each_draw()} == {"q"}


@pytest.mark.parametrize("calls", [1, 2])
def test_few_calls_make_few_draws(calls: int) -> None:
    query = queries({"q": "select id from marts.events where kind = $1"}, calls)["q"]
    assert sum(draw.calls for draw in query.each_draw()) == calls
    assert all(draw.calls for draw in query.each_draw())


def test_a_query_that_hardly_counts_is_priced_for_one_text() -> None:
    sent = {f"q{at}": f"select id, {at} from app.orders" for at in range(4000)}
    sent["rare"] = "select id from marts.events where kind = $1"
    assert queries(sent)["rare"].draws == ()


def test_what_changes_rows_is_priced_for_the_rows_that_it_looks_for() -> None:
    found = queries(
        {
            "update": "update app.orders set status = $1 where id = $2",
            "delete": "delete from app.orders o using marts.events e where e.id = o.id",
            "copy": "insert into app.orders (id) select id from marts.events where kind = $1",
            "merge": "merge into app.orders o using marts.events e on e.id = o.id"
            " when matched then delete",
            "values": "insert into app.orders values ($1, $2)",  # it looks for nothing
        },
        rows=300,
    )
    assert found.keys() == {"update", "delete", "copy", "merge"}
    assert {query.written_rows for query in found.values()} == {300}
    assert all(changes_rows(query.sql) and not is_read_only(query.sql) for query in found.values())


def test_dbt_looks_up_an_incremental_models_rows_in_a_table_that_is_gone() -> None:
    found = queries(
        {
            "delete": 'delete from "prod"."marts"."events" where (id) in ('
            'select (id) from "events__dbt_tmp123456789")',
            "update": 'update "marts"."events" set at = s.at from "events__dbt_tmp987" as s'
            ' where s.id::text = "marts"."events".id::text',
            "insert": 'insert into "marts"."events" (id) (select id from "events__dbt_tmp1")',
        },
        rows=5000,
    )
    assert found.keys() == {"delete", "update"}
    assert found["delete"].sql == (
        'delete from "marts"."events" where (id) in (select (id) from (select "id", "kind", "at"'
        ' from "marts"."events" limit 50) as "events__dbt_tmp123456789")'
    )
    assert '("id", "kind", "at" from "marts"."events" limit 50) as s' in found[
        "update"
    ].sql.replace("select ", "")


def test_utilities_are_silent_and_what_cannot_be_parsed_is_named() -> None:
    sent = {
        "commit": "commit",
        "copy": "copy app.orders from stdin",
        "set": "set search_path to app",
        "odd": "select from where (",
        "good": "select status from app.orders where id = $1",
    }
    found = lineage(sent)
    assert found.uses.keys() == {"good"}
    reasons = {skip.subject: skip.reason for skip in found.skips}
    assert reasons["odd"].startswith("cannot be parsed")
    assert {reasons[name] for name in ("commit", "copy", "set")} == {"utility statement"}
    assert queries(sent).keys() == {"good"}


def test_peers_faults_are_not_ours() -> None:
    """Each is a fault of a published index advisor."""
    schema = project_schema(lineage({}).project, COLUMNS)

    def columns(sql: str) -> set[tuple[str, str]]:
        uses = query_uses("q", sql, schema)
        assert not isinstance(uses, Skip), uses
        return {(str(use.column), use.constant) for use in uses.uses if use.kind == "equality"}

    # An unqualified column belongs to the one table that has it.
    assert columns(
        "select 1 from marts.events e, app.orders o where kind = 'A' and e.id = o.id"
    ) == {("marts.events.kind", "'A'")}
    # A CTE and a derived table are no tables, even under a table's name.
    assert columns(
        "with orders as (select kind as status from marts.events)"
        " select 1 from orders, (select id from app.orders) as events"
        " where status = 'Click' and events.id = 5"
    ) == {("marts.events.kind", "'Click'"), ("app.orders.id", "5")}
    # A parameter is no reason to drop a query.
    assert columns("select 1 from marts.events where kind = $1") == {("marts.events.kind", "")}
