"""`ingest` keeps states of the graph and `lineage diff` compares them, on a real warehouse."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster
from dbt_schema_evolve.cli import main
from tests.fakes.artifacts import MODELS, manifest, run_results
from tests.postgres.test_captured import TABLES

Run = Callable[..., Result]


@pytest.fixture
def project(
    tmp_path: Path, cluster: Cluster, database: str, connection: psycopg.Connection
) -> Path:
    connection.execute("create schema raw; create schema marts; create schema schema_evolve")
    connection.execute(sql.SQL(TABLES).format(s=sql.Identifier("schema_evolve")))
    connection.execute("create table raw.orders (id int, amount numeric, status text)")
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: postgres, schema: marts,"
        f" host: {cluster.host}, port: {PORT}, user: {SUPERUSER}, dbname: {database}}}}}}}\n"
    )
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    def invoke(*arguments: str, exit_code: int = 0) -> Result:
        where = ["--project-dir", str(project), "--profiles-dir", str(project)]
        result = CliRunner().invoke(main, [*arguments, *where])
        assert result.exit_code == exit_code, result.output
        return result

    return invoke


@pytest.fixture
def two_states(project: Path, run: Run, connection: psycopg.Connection) -> Path:
    """A day on which a type changed in the source and a column changed its meaning."""
    connection.execute("create table marts.fct (id int, revenue numeric)")
    artifacts(project / "target", manifest(day=1), run_results(1, "build"))
    run("ingest")
    connection.execute("alter table raw.orders alter id type bigint")
    largest = {
        **MODELS,
        "fct": ("table", "select id, max(total) as revenue from marts.stg group by id"),
    }
    artifacts(project / "target", manifest(largest, day=2))
    run("ingest")
    return project


def artifacts(folder: Path, content: bytes, results: bytes | None = None) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_bytes(content)
    if results is not None:
        (folder / "run_results.json").write_bytes(results)


CHANGED = [
    "~ fct",
    "    ~ SQL of stg.total -> revenue: SUM(total) -> MAX(total)",
    "~ raw.orders",
    "    ~ type of id: integer -> bigint",
]


def test_the_latest_state_is_compared_with_the_one_before(two_states: Path, run: Run) -> None:
    lines = run("lineage", "diff").stdout.splitlines()
    assert lines[0].startswith("from  2026-03-01 06:30:00 UTC, dbt build, invocation run-001")
    assert lines[1].startswith("to    2026-03-02 06:30:00 UTC, invocation run-002")
    assert lines[3:7] == CHANGED


def test_ingesting_twice_adds_no_state(two_states: Path, run: Run) -> None:
    assert json.loads(run("ingest", "--format", "json").stdout)["lineage_states"] == 0
    assert run("lineage", "diff").stdout.splitlines()[3:7] == CHANGED


def test_a_program_reads_every_change_with_what_it_was(two_states: Path, run: Run) -> None:
    found = json.loads(run("lineage", "diff", "2026-03-01", "run-002", "--format", "json").stdout)
    assert {
        "node": "source.shop.raw.orders", "what": "type", "column": "id",
        "before": "integer", "after": "bigint", "source": "", "source_column": "",
    } in found["changes"]  # fmt: skip


def test_a_pull_request_is_compared_with_the_artifacts_of_production(
    two_states: Path, run: Run
) -> None:
    artifacts(two_states / "prod", manifest({"stg": MODELS["stg"]}, day=1))
    prod, target = str(two_states / "prod"), str(two_states / "target")
    text = run("lineage", "diff", "--state", prod, target, "--format", "markdown").stdout
    assert f"From {prod}, invocation run-001 to {target}, invocation run-002." in text
    assert "**+ `fct`** model, 2 columns, 3 edges" in text
    with_history = run("lineage", "diff", "--state", prod).stdout
    assert "+ fct" in with_history


def test_what_is_not_compiled_has_not_changed(two_states: Path, run: Run) -> None:
    """`dbt test` came last."""
    parsed = {name: (materialized, None) for name, (materialized, _) in MODELS.items()}
    artifacts(two_states / "target", manifest(parsed, day=3))
    run("ingest")
    assert "Nothing changed" in run("lineage", "diff").stdout
    shown = json.loads(run("lineage", "show", "fct", "--format", "json").stdout)
    assert shown["detail"] == "stale"
    assert "MAX(total)" in json.dumps(shown["columns"])


def test_one_state_alone_cannot_be_compared(project: Path, run: Run) -> None:
    artifacts(project / "target", manifest(day=1))
    run("ingest")
    assert "one state" in run("lineage", "diff", exit_code=1).stderr
    assert "give at most" in run("lineage", "diff", "a", "b", "c", exit_code=2).stderr


def test_an_older_manifest_is_named_and_changes_nothing(two_states: Path, run: Run) -> None:
    artifacts(two_states / "target", manifest({}, day=1).replace(b"run-001", b"run-000"))
    assert "the past is not rewritten" in run("ingest").stderr
    assert run("lineage", "diff").stdout.splitlines()[3:7] == CHANGED
