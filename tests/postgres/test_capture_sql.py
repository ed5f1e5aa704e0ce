"""The SQL that capture sends, run under conditions that a dbt project meets once a year."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.pq import TransactionStatus

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

UGLY = 'Or.der "x" ä\\'


def test_the_connection_is_left_outside_any_transaction(
    capture: Callable, connection: psycopg.Connection
) -> None:
    assert capture(connection).state == "captured"
    assert connection.info.transaction_status is TransactionStatus.IDLE
    assert connection.execute("show lock_timeout").fetchone() == ("0",)


def test_capture_inside_an_open_transaction_goes_with_it(
    capture: Callable, connection: psycopg.Connection
) -> None:
    with connection.transaction(force_rollback=True):
        assert capture(connection).state == "captured"
    assert connection.execute("select to_regnamespace('schema_evolve')").fetchone() == (None,)


def test_a_read_only_transaction_is_a_warning(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("set default_transaction_read_only = on")
    outcome = capture(connection)
    assert outcome.state == "failed"
    assert outcome.skips == {
        "everything": "cannot execute CREATE SCHEMA in a read-only transaction"
    }
    assert connection.info.transaction_status is TransactionStatus.IDLE


def test_a_role_that_may_not_create_the_schema_is_told_so(
    capture: Callable, as_role: Callable, database: str
) -> None:
    assert capture(as_role()).skips == {"everything": f"permission denied for database {database}"}


def test_granted_tables_suffice_and_what_stays_hidden_is_named(
    capture: Callable, as_role: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create extension pg_stat_statements; create table public.secret (x int)")
    capture(connection)
    role = as_role(
        "usage on schema schema_evolve",
        "select, insert, update on all tables in schema schema_evolve",
    )
    outcome = capture(role)
    assert outcome.state == "captured"
    assert sorted(outcome.skips) == [
        "column statistics of 1 relations",
        "statements of other roles",
    ]
    assert outcome.skips["column statistics of 1 relations"].endswith(
        "may not read them: public.secret"
    )
    assert connection.execute(
        "select count(*) from schema_evolve.relation_profiles where capture_id = %s",
        [outcome.capture_id],
    ).fetchone() == (1,)


def test_one_kind_of_fact_that_fails_leaves_the_others(
    capture: Callable, as_role: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create extension pg_stat_statements")
    connection.execute("revoke select on pg_stat_statements from public")
    role = as_role(f"create on database {connection.info.dbname}")
    outcome = capture(role)
    assert outcome.state == "captured"
    assert outcome.skips == {"statements": "permission denied for view pg_stat_statements"}


def test_a_locked_relation_is_not_waited_for(
    capture: Callable, cluster: Cluster, connection: psycopg.Connection, database: str
) -> None:
    connection.execute(
        "create extension pg_stat_statements;"
        "create table public.busy (x int primary key); create table public.idle (x int)"
    )
    capture(connection)
    with cluster.connect(database) as other, other.transaction():
        other.execute("lock table public.busy in access exclusive mode")
        outcome = capture(connection)
    held = "other transactions held them locked"
    assert outcome.skips == {"sizes of 1 relations": held, "1 indexes": held}
    found = connection.execute(
        "select relation_name, table_bytes from schema_evolve.relation_profiles"
        " where capture_id = %s order by 1",
        [outcome.capture_id],
    ).fetchall()
    assert found == [("busy", None), ("idle", 0)]


def test_a_table_that_is_not_ours_is_neither_written_nor_dropped(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create schema schema_evolve; create table schema_evolve.captures (mine int)"
    )
    outcome = capture(connection)
    assert outcome.state == "failed"
    assert "capture_id" in outcome.skips["everything"]
    assert connection.execute("select count(*) from schema_evolve.captures").fetchone() == (0,)


def test_a_bad_time_is_a_warning(capture: Callable, connection: psycopg.Connection) -> None:
    outcome = capture(connection, captured_at="yesterdayish")
    assert outcome.skips["everything"].startswith("invalid input syntax for type timestamp")


def test_names_of_every_kind_are_kept_as_they_are(
    capture: Callable, connection: psycopg.Connection
) -> None:
    name = sql.Identifier(UGLY)
    connection.execute(sql.SQL("create schema {0}; create table {0}.{0} ({0} int)").format(name))
    capture(connection, node_runs=[_built(UGLY, UGLY)])
    for table, column in (
        ("relation_profiles", "schema_name"),
        ("relation_profiles", "relation_name"),
        ("column_profiles", "column_name"),
        ("node_runs", "relation_name"),
    ):
        found = connection.execute(f"select {column} from schema_evolve.{table}").fetchall()
        assert found == [(UGLY,)], (table, column)
    # Built in this run and empty: analyzed, and known to hold no row.
    assert connection.execute(
        "select estimated_rows, last_analyzed_at is not null from schema_evolve.relation_profiles"
    ).fetchone() == (0, True)


def _built(schema: str, relation: str) -> dict[str, Any]:
    return {
        "unique_id": "model.tiny.any",
        "status": "success",
        "schema_name": schema,
        "relation_name": relation,
    }


def test_what_nobody_analyzed_has_no_row_estimate(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create table public.fresh as select generate_series(1, 9) as x")
    connection.execute("alter table public.fresh set (autovacuum_enabled = off)")
    built = [_built("public", "fresh")]
    estimate = "select estimated_rows from schema_evolve.relation_profiles where capture_id = %s"
    for analyze, expected in ((False, None), (True, 9)):
        outcome = capture(connection, node_runs=built, analyze=analyze)
        found = connection.execute(estimate, [outcome.capture_id]).fetchone()
        assert found == (expected,), analyze


def test_dbt_leftovers_extensions_and_our_own_tables_are_not_profiled(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create extension pg_stat_statements")
    for name in ("kept", "kept__dbt_tmp", "kept__dbt_backup", "kept__dbt_tmp123456"):
        connection.execute(f"create table public.{name} (x int)")
    connection.execute("create temporary table passing (x int)")
    capture(connection)
    outcome = capture(connection)
    assert connection.execute(
        "select relation_name from schema_evolve.relation_profiles where capture_id = %s",
        [outcome.capture_id],
    ).fetchall() == [("kept",)]


def test_profiles_can_be_narrowed_to_some_schemas(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create schema wanted; create view wanted.v as select 1; create table public.t ()"
    )
    capture(connection, schemas=["wanted", "missing"])
    assert connection.execute(
        "select schema_name, relation_name, kind from schema_evolve.relation_profiles"
    ).fetchall() == [("wanted", "v", "view")]


def test_no_value_of_a_column_and_no_password_is_kept(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create extension pg_stat_statements")
    connection.execute(
        "create table public.people as"
        " select 'hush-' || i % 3 as name from generate_series(1, 100) as i"
    )
    connection.execute("analyze public.people")
    connection.execute("/* app */ create role hushed password 'hush-hush'; drop role hushed")
    connection.execute("-- app\ncreate user hushed password 'hush-hush'")
    connection.execute("drop user hushed")
    capture(connection)
    text = "select count(*) from schema_evolve.{0} as t where t::text like '%%hush-%%'"
    for table in ("column_profiles", "relation_profiles", "statement_snapshots"):
        # The table's own CREATE is a constant-free text in Postgres 18.
        assert connection.execute(text.format(table)).fetchone() == (0,), table
    assert connection.execute(
        "select distinct_values, top_value_ratio > 0.3 from schema_evolve.column_profiles"
    ).fetchone() == (3.0, True)


def test_our_statements_are_not_learned_from_even_where_nested_ones_are_tracked(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create extension pg_stat_statements")
    connection.execute("set pg_stat_statements.track = 'all'")
    connection.execute("create table public.built ()")
    connection.execute("select count(*) from public.built")
    for _ in range(2):
        outcome = capture(connection, node_runs=[_built("public", "built")])
    queries = connection.execute(
        "select query from schema_evolve.statement_snapshots where capture_id = %s",
        [outcome.capture_id],
    ).fetchall()
    nested = [query for (query,) in queries if "schema_evolve" in query or "set_config" in query]
    assert nested == []
    assert ("select count(*) from public.built",) in queries


INDEXES = (
    'create index on {0} ("Ä b" desc, lower(c) text_pattern_ops, (n + 1)) include (n) where n > 3',
    'create unique index on {0} (n desc nulls last, "Ä b" nulls first)',
    "create index on {0} using gin (tags jsonb_path_ops)",
    "create index on {0} using brin (n int4_minmax_multi_ops(values_per_range = 16))",
    "create index on {0} ((c || ')('), coalesce(n, 0))",
)


@pytest.mark.parametrize("create", INDEXES)
def test_an_index_can_be_built_again_from_what_was_captured(
    capture: Callable, connection: psycopg.Connection, create: str
) -> None:
    connection.execute('create table public.t ("Ä b" int, c text, n int, tags jsonb)')
    connection.execute(create.format("public.t"))
    select = (
        "select definition, method, keys, include, predicate, is_unique"
        " from schema_evolve.index_profiles where capture_id = %s"
    )
    first = connection.execute(select, [capture(connection).capture_id]).fetchone()
    _, method, keys, include, predicate, is_unique = first
    spec = IndexSpec(
        relation=RelationName("public", "t"),
        keys=tuple(IndexKey(**key) for key in keys),
        include=tuple(include),
        where=predicate,
        unique=is_unique,
        method=method,
    )
    (name,) = connection.execute(
        "select indexrelid::regclass::text from pg_index where indrelid = 'public.t'::regclass"
    ).fetchone()
    connection.execute(f"drop index {name}")
    connection.execute(spec.create_sql)
    again = connection.execute(select, [capture(connection).capture_id]).fetchone()
    assert again[1:] == first[1:]


def test_constraints_and_partitions_are_told_apart(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table public.p (d int primary key) partition by range (d);"
        "create table public.p1 partition of public.p for values from (0) to (10);"
        "insert into public.p select generate_series(0, 9); analyze public.p;"
        "create materialized view public.m as select 1 as x; create index on public.m (x)"
    )
    connection.execute("vacuum public.m")  # it counts rows, and looks at no column
    capture(connection)
    assert connection.execute(
        "select relation_name, kind, estimated_rows from schema_evolve.relation_profiles order by 1"
    ).fetchall() == [
        ("m", "materialized view", 1),
        ("p", "partitioned table", 10),
        ("p1", "table", 10),
    ]
    assert connection.execute(
        "select relation_name, is_primary, is_unique, backs_constraint, is_valid"
        " from schema_evolve.index_profiles order by 1"
    ).fetchall() == [
        ("m", False, False, False, True),
        ("p", True, True, True, True),
        ("p1", True, True, True, True),
    ]
    assert connection.execute(
        "select relation_name, distinct_values from schema_evolve.column_profiles order by 1"
    ).fetchall() == [("m", None), ("p", -1.0), ("p1", -1.0)]
