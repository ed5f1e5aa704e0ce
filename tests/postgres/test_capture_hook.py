"""The package's hook and run-operations, in a real dbt project on real Postgres."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from tests.tiny_project import DbtRun, TinyProject

CAPTURED_AT = "2024-02-29T23:30:00+02:00"
BETWEEN = """\
{% if target.name == 'full' %}
create table if not exists public.between_captures (x int)
{% endif %}"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> TinyProject:
    """Good, bad and oddly named models; it captures twice, with a new table in between."""
    tiny = TinyProject(tmp_path_factory.mktemp("tiny"), cluster)
    hook = "{{ schema_evolve.capture() }}"
    tiny.configure(**{"on-run-end": [hook, BETWEEN, hook]})
    tiny.write(
        "models/orders.sql",
        "{{ config(materialized='table', indexes=[{'columns': ['id'], 'unique': true}]) }}"
        "select i as id, nullif(i % 4, 0) as shop from generate_series(1, 400) as i",
    )
    tiny.write(
        "models/odd.sql",
        "{{ config(materialized='table', schema='Büro x', alias='Or.der ä') }}"
        'select id as "Ident.ität", shop as "the shop" from {{ ref(\'orders\') }}',
    )
    tiny.write("models/broken.sql", "select * from public.nowhere")
    tiny.write("models/skipped.sql", "select * from {{ ref('broken') }}")
    tiny.write(
        "models/orders.yml",
        "models: [{name: orders, columns: [{name: id, data_tests: [not_null]}]}]",
    )
    tiny.write(
        "snapshots/kept.sql",
        "{% snapshot kept %}{{ config(unique_key='id', strategy='check', check_cols=['shop']) }}"
        "select * from {{ ref('orders') }}{% endsnapshot %}",
    )
    for target in ("full", "bare"):
        cluster.create_database(f"capture_{target}")
        tiny.add_target(target, f"capture_{target}")
    with cluster.connect("capture_full") as connection:
        connection.execute("create schema tools; create extension pg_stat_statements schema tools")
        connection.execute("create role reader login")
    tiny.add_target("reader", "capture_full", user="reader")
    tiny.add_target("bare_reader", "capture_bare", user="reader")
    assert tiny.dbt("deps").exit_code == 0
    return tiny


@dataclass(frozen=True)
class Built:
    """A build of which one model fails, and what it left in the warehouse."""

    run: DbtRun
    connection: psycopg.Connection

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def built(project: TinyProject, cluster: Cluster) -> Iterator[Built]:
    run = project.dbt("build", "--target", "full")
    with cluster.connect("capture_full") as connection:
        yield Built(run, connection)


def test_a_run_with_a_failing_model_is_captured(built: Built) -> None:
    assert built.run.exit_code == 1, "the failing model's error is dbt's to report"
    found = dict(built.rows("select unique_id, status from schema_evolve.node_runs"))
    assert found == {
        "model.tiny.orders": "success",
        "model.tiny.odd": "success",
        "model.tiny.broken": "error",
        "model.tiny.skipped": "skipped",
        "snapshot.tiny.kept": "success",
        next(id_ for id_ in found if id_.startswith("test.")): "pass",
    }


def test_the_invocation_is_noted_with_its_command_and_target(built: Built) -> None:
    (capture,) = built.rows(
        "select which, target_name, target_schema, adapter_type, project_name, not_looked_at,"
        " server_version = current_setting('server_version_num')::int from schema_evolve.captures"
    )
    assert capture == ("build", "full", "marts", "postgres", "tiny", [], True)
    assert built.run.warnings == []


def test_a_node_run_tells_its_time_rows_and_relation(built: Built) -> None:
    (run,) = built.rows(
        "select schema_name, relation_name, materialized, rows_affected, execution_us > 1000,"
        " started_at between captured_at - interval '5 minutes' and captured_at,"
        " adapter_response ->> 'code'"
        " from schema_evolve.node_runs join schema_evolve.captures using (capture_id)"
        " where unique_id = 'model.tiny.odd'"
    )
    assert run == ("marts_Büro x", "Or.der ä", "table", 400, True, True, "SELECT")


def test_what_the_run_built_is_analyzed_and_profiled_under_its_odd_name(built: Built) -> None:
    assert built.rows(
        "select kind, estimated_rows, table_bytes > 0, last_analyzed_at is not null"
        " from schema_evolve.relation_profiles where relation_name = 'Or.der ä'"
    ) == [("table", 400, True, True)]
    assert built.rows(
        "select column_name, type, null_ratio, distinct_values"
        " from schema_evolve.column_profiles where relation_name = 'Or.der ä' order by position"
    ) == [("Ident.ität", "integer", 0.0, -1.0), ("the shop", "integer", 0.25, 3.0)]


def test_a_second_capture_of_the_same_invocation_changes_nothing(built: Built) -> None:
    assert built.rows("select to_regclass('public.between_captures') is not null") == [(True,)]
    assert built.rows("select count(*) from schema_evolve.captures") == [(1,)]
    assert not built.rows(
        "select from schema_evolve.relation_profiles where relation_name = 'between_captures'"
    )


def test_statements_of_dbt_are_kept_and_ours_are_not(built: Built) -> None:
    found = built.rows("select query, role, calls from schema_evolve.statement_snapshots")
    assert any("generate_series" in query and role == "postgres" for query, role, _ in found)
    assert not [query for query, *_ in found if "schema_evolve" in query]


def test_a_hook_after_the_capture_still_commits(built: Built) -> None:
    # `between_captures` was made by the hook between both; seen from here, it is committed.
    assert built.rows("select count(*) from public.between_captures") == [(0,)]


def test_the_capture_is_one_statement_for_dbt(built: Built) -> None:
    assert len(built.run.statements("'schema_evolve.capture'")) == 2, "one a hook"


def test_a_role_that_may_nothing_gets_a_green_run_and_one_warning(
    project: TinyProject, built: Built
) -> None:
    with built.connection.transaction():
        built.connection.execute("grant usage on schema marts to reader")
        built.connection.execute("grant select on all tables in schema marts to reader")
    before = built.rows("select count(*) from schema_evolve.captures")
    run = project.dbt("test", "--target", "reader")
    assert run.exit_code == 0, run.output
    assert len({line.partition("schema_evolve")[2] for line in run.warnings}) == 1
    assert "everything (permission denied for schema schema_evolve)" in run.warnings[0]
    assert built.rows("select count(*) from schema_evolve.captures") == before


@pytest.fixture(scope="module")
def bare(project: TinyProject, built: Built) -> DbtRun:
    """A run in a database without the extension."""
    return project.dbt("run", "--target", "bare", "--select", "orders")


def test_without_pg_stat_statements_everything_else_is_captured(
    bare: DbtRun, cluster: Cluster
) -> None:
    assert bare.exit_code == 0
    (warning, *_) = bare.warnings
    assert "statements (the extension pg_stat_statements is not in this database)" in warning
    with cluster.connect("capture_bare") as connection:
        (skips,) = connection.execute("select not_looked_at from schema_evolve.captures").fetchone()
        assert [skip["what"] for skip in skips] == ["statements"]
        assert connection.execute(
            "select count(*) from schema_evolve.index_profiles"
        ).fetchone() == (1,)


def test_the_time_can_be_given_and_does_not_cost_partial_parsing(
    project: TinyProject, bare: DbtRun, cluster: Cluster
) -> None:
    given = {"SCHEMA_EVOLVE_CAPTURED_AT": CAPTURED_AT}
    timed = project.dbt("run-operation", "schema_evolve.capture", "--target", "bare", env=given)
    assert timed.exit_code == 0, timed.output
    assert "Unable to do partial parsing" in bare.output, "another target, so parsed anew"
    assert "Unable to do partial parsing" not in timed.output
    with cluster.connect("capture_bare") as connection:
        assert connection.execute(
            "select which from schema_evolve.captures where captured_at = %s", [CAPTURED_AT]
        ).fetchall() == [("run-operation",)]


def test_uninstall_leaves_what_is_not_ours(
    project: TinyProject, bare: DbtRun, cluster: Cluster
) -> None:
    with cluster.connect("capture_bare") as connection:
        connection.execute("create table schema_evolve.rollouts (mine int)")
        connection.execute("create view marts.watched as select * from schema_evolve.captures")
        refused = project.dbt("run-operation", "schema_evolve.uninstall", "--target", "bare")
        assert refused.exit_code == 1
        assert "view marts.watched depends on table schema_evolve.captures" in refused.output
        tables = (
            "select relname from pg_class"
            " where relnamespace = 'schema_evolve'::regnamespace and relkind = 'r'"
        )
        assert len(connection.execute(tables).fetchall()) == 8, "all or nothing"

        connection.execute("drop view marts.watched")
        done = project.dbt("run-operation", "schema_evolve.uninstall", "--target", "bare")
        assert done.exit_code == 0, done.output
        assert connection.execute(tables).fetchall() == [("rollouts",)]
        assert "left schema schema_evolve, which holds other objects" in done.output


def test_a_role_without_plpgsql_gets_a_green_run_and_one_warning(
    project: TinyProject, bare: DbtRun, cluster: Cluster
) -> None:
    with cluster.connect("capture_bare") as connection:
        connection.execute("revoke usage on language plpgsql from public")
    run = project.dbt("run-operation", "capture", "--target", "bare_reader")
    assert run.exit_code == 0, run.output
    assert "everything (this role may not use PL/pgSQL)" in run.warnings[0]
