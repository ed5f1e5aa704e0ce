"""Reading captured tables from a real server."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.postgres.captured import read_captures
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.records.captures import Capture
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip, StatementSnapshot

SCHEMA = 'Schema "evolve" 50%'
ODD = RelationName('Räume. "x"', "Grüße an Alle")
NOON = datetime(2026, 3, 1, 12, 0, 0, 123_456, tzinfo=UTC)

TABLES = """
create table {s}.captures (
  capture_id text primary key, captured_at timestamptz not null, which text, target_name text,
  target_schema text, adapter_type text, dbt_version text, project_name text, server_version int,
  not_looked_at jsonb);
create table {s}.node_runs (
  capture_id text, unique_id text, status text, started_at timestamptz, execution_us bigint,
  rows_affected bigint, schema_name text, relation_name text, materialized text,
  adapter_response jsonb, primary key (capture_id, unique_id));
create table {s}.statement_snapshots (
  capture_id text, captured_at timestamptz, queryid bigint, role text, toplevel boolean, query text,
  calls bigint, total_us bigint, rows bigint, shared_blocks bigint, temp_blocks bigint,
  stats_since timestamptz, primary key (capture_id, queryid, role, toplevel));
create table {s}.relation_profiles (
  capture_id text, captured_at timestamptz, schema_name text, relation_name text, kind text,
  estimated_rows bigint, table_bytes bigint, index_bytes bigint, inserted_rows bigint,
  updated_rows bigint, deleted_rows bigint, dead_rows bigint, sequential_scans bigint,
  index_scans bigint, last_analyzed_at timestamptz,
  primary key (capture_id, schema_name, relation_name));
create table {s}.column_profiles (
  capture_id text, captured_at timestamptz, schema_name text, relation_name text, column_name text,
  position int, type text, not_null boolean, null_ratio float8, distinct_values float8,
  average_width_bytes int, correlation float8, top_value_ratio float8,
  primary key (capture_id, schema_name, relation_name, column_name));
create table {s}.index_profiles (
  capture_id text, captured_at timestamptz, schema_name text, relation_name text, index_name text,
  definition text, method text, keys jsonb, include jsonb, predicate text, is_unique boolean,
  is_primary boolean, is_valid boolean, backs_constraint boolean, bytes bigint, scans bigint,
  primary key (capture_id, schema_name, index_name));
"""


def add(connection: psycopg.Connection, table: str, *values: Any) -> None:
    connection.execute(
        sql.SQL("insert into {}.{} values ({})").format(
            sql.Identifier(SCHEMA.replace("%", "%%")),
            sql.Identifier(table),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        ),
        values,
    )


def add_head(connection: psycopg.Connection, capture_id: str, at: datetime = NOON) -> None:
    add(
        connection, "captures", capture_id, at, "build", "prod", "marts", "postgres", "1.11.16",
        "shop", 180_006, Jsonb([{"what": "statements", "why": "no extension"}]),
    )  # fmt: skip


@pytest.fixture
def captured(connection: psycopg.Connection) -> psycopg.Connection:
    """A database in which capture has run once."""
    name = sql.Identifier(SCHEMA)
    connection.execute(sql.SQL("create schema {}").format(name))
    connection.execute(sql.SQL(TABLES).format(s=name))
    add_head(connection, "one")
    add(
        connection, "node_runs", "one", "model.shop.größe", "success",
        NOON.astimezone(timezone(timedelta(hours=5))), 1_500_000, 42, ODD.schema, ODD.name, "table",
        Jsonb({"_message": "SELECT 42", "rows_affected": 42}),
    )  # fmt: skip
    add(connection, "node_runs", "one", "test.shop.t", "pass", *[None] * 7)
    add(
        connection, "statement_snapshots", "one", NOON, -(2**63), "Bérénice", True,
        "select '%' from \"Grüße an Alle\" /* x */", 5, 2**53 + 1, 7, 8, 9, NOON,
    )  # fmt: skip
    add(connection, "statement_snapshots", "one", NOON, 2, "r", False, None, *[None] * 6)
    add(
        connection, "relation_profiles", "one", NOON, ODD.schema, ODD.name, "materialized view",
        1_000, 8_192, None, 1, 2, 3, 4, 5, 6, NOON,
    )  # fmt: skip
    add(
        connection, "column_profiles", "one", NOON, ODD.schema, ODD.name, "Wert €", 3,
        "numeric(12,2)", True, 0.5, -1.0, 6, float("nan"), None,
    )  # fmt: skip
    add(
        connection, "index_profiles", "one", NOON, ODD.schema, ODD.name, "ix", "CREATE INDEX ix",
        "btree",
        Jsonb([
            {"term": "Wert €", "is_expression": False, "descending": True, "nulls_first": True,
             "operator_class": ""},
            {"term": "lower(a)", "is_expression": True, "descending": False, "nulls_first": False,
             "operator_class": "text_pattern_ops"},
        ]),
        Jsonb(["b"]), "(a > 0)", True, False, True, True, 16_384, 12,
    )  # fmt: skip
    return connection


def test_a_capture_is_read_whole(captured: psycopg.Connection) -> None:
    (facts,) = read_captures(captured, schema=SCHEMA)
    assert facts.capture == Capture(
        "one", NOON, "build", "prod", "marts", "postgres", "1.11.16", "shop", 180_006,
        (Skip("statements", "no extension"),),
    )  # fmt: skip
    assert facts.node_runs == (
        NodeRun(
            "one", "model.shop.größe", "success", NOON.isoformat(), 1_500_000, NOON, ODD, "table",
            42, {"_message": "SELECT 42", "rows_affected": 42},
        ),
        NodeRun("one", "test.shop.t", "pass", None, 0, NOON),
    )  # fmt: skip
    assert facts.statements == (
        StatementSnapshot(
            "one", NOON, -(2**63), "Bérénice", "select '%' from \"Grüße an Alle\" /* x */",
            5, 2**53 + 1, 7, 8, 9, NOON, True,
        ),
    )  # fmt: skip
    (relation,) = facts.relations
    assert (relation.relation, relation.kind) == (ODD, RelationKind.MATERIALIZED_VIEW)
    assert (relation.estimated_rows, relation.index_bytes, relation.index_scans) == (1_000, None, 6)
    (column,) = facts.columns
    assert (column.column, column.position, column.not_null) == ("Wert €", 3, True)
    assert (column.null_ratio, column.distinct, column.top_value_ratio) == (0.5, -1.0, None)
    (index,) = facts.indexes
    assert index.spec == IndexSpec(
        ODD,
        (
            IndexKey("Wert €", descending=True, nulls_first=True),
            IndexKey("lower(a)", is_expression=True, operator_class="text_pattern_ops"),
        ),
        ("b",),
        "(a > 0)",
        unique=True,
    )
    assert (index.measured_bytes, index.scans, index.backs_constraint) == (16_384, 12, True)


def test_what_is_read_fits_into_the_history(captured: psycopg.Connection, tmp_path: Path) -> None:
    with DuckHistory(tmp_path / "history.duckdb") as history:
        for facts in read_captures(captured, history.known_captures(), SCHEMA):
            assert history.add_capture(facts)
        assert list(read_captures(captured, history.known_captures(), SCHEMA)) == []
        assert history.captures() == (facts.capture,)
        assert history.node_runs() == facts.node_runs
        assert history.statement_snapshots() == facts.statements
        assert history.latest_relation_profiles() == facts.relations


def test_a_capture_dated_before_the_newest_is_not_lost(captured: psycopg.Connection) -> None:
    add_head(captured, "late", NOON - timedelta(days=300))
    add_head(captured, "next", NOON + timedelta(days=1))
    found = [f.capture.capture_id for f in read_captures(captured, {"one"}, SCHEMA)]
    assert found == ["late", "next"]


def test_a_reader_sees_one_instant_while_others_write(
    captured: psycopg.Connection, cluster: Cluster, database: str
) -> None:
    add_head(captured, "two", NOON + timedelta(days=1))
    reading = read_captures(captured, schema=SCHEMA)
    (first,) = islice(reading, 1)
    with cluster.connect(database) as other:
        add(other, "node_runs", "two", "model.late", *[None] * 8)
        add_head(other, "three", NOON + timedelta(days=2))
    rest = list(reading)
    assert [f.capture.capture_id for f in (first, *rest)] == ["one", "two"]
    assert rest[0].node_runs == ()


def test_reading_writes_nothing_and_leaves_the_connection_idle(
    captured: psycopg.Connection,
) -> None:
    list(read_captures(captured, schema=SCHEMA))
    assert captured.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    reading = read_captures(captured, schema=SCHEMA)
    next(reading)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        captured.execute("create table t (x int)")
    reading.close()
    assert captured.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_every_statement_of_ours_names_us(captured: psycopg.Connection) -> None:
    captured.execute("create extension pg_stat_statements")
    captured.execute("select /* schema_evolve */ pg_stat_statements_reset()")
    list(read_captures(captured, schema=SCHEMA))
    texts = captured.execute("select query from pg_stat_statements").fetchall()
    ours = [text for (text,) in texts if text.split()[0].lower() not in {"begin", "commit"}]
    assert len(ours) >= 6
    assert [text for text in ours if "/* schema_evolve */" not in text] == []


def test_where_capture_never_ran_the_error_says_how_to_start(
    connection: psycopg.Connection,
) -> None:
    with pytest.raises(WarehouseError) as caught:
        list(read_captures(connection))
    assert caught.value.problem.startswith("capture has never run here")
    assert caught.value.at == "schema_evolve"
    assert "on-run-end" in caught.value.remedy


def test_without_rights_the_error_says_what_to_grant(
    captured: psycopg.Connection, cluster: Cluster, database: str
) -> None:
    captured.execute("create role nobody_here login")
    try:
        with cluster.connect(database, "nobody_here") as reader:
            with pytest.raises(WarehouseError) as caught:
                list(read_captures(reader, schema=SCHEMA))
            assert "may not be read" in caught.value.problem
            assert "grant usage" in caught.value.remedy
            captured.execute(
                sql.SQL("grant usage on schema {0} to nobody_here;"
                        " grant select on all tables in schema {0} to nobody_here")
                .format(sql.Identifier(SCHEMA))
            )  # fmt: skip
            assert len(list(read_captures(reader, schema=SCHEMA))) == 1
    finally:
        captured.execute("drop owned by nobody_here; drop role nobody_here")


def test_tables_of_another_version_are_named_as_such(captured: psycopg.Connection) -> None:
    captured.execute(
        sql.SQL("alter table {}.captures rename target_name to target").format(
            sql.Identifier(SCHEMA)
        )
    )
    with pytest.raises(WarehouseError, match="another shape"):
        list(read_captures(captured, schema=SCHEMA))


def test_a_lost_connection_is_an_error_for_the_user(
    captured: psycopg.Connection, cluster: Cluster, database: str
) -> None:
    with cluster.connect(database) as doomed:
        add_head(captured, "two", NOON + timedelta(days=1))
        reading = read_captures(doomed, schema=SCHEMA)
        next(reading)
        captured.execute("select pg_terminate_backend(%s)", [doomed.info.backend_pid])
        with pytest.raises(WarehouseError, match="failed"):
            list(reading)
