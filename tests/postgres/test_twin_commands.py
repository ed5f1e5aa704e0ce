"""`twin dump` and `twin load` on a real warehouse, as a role that may only read."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from dbt_schema_evolve.backends.cluster import PORT, Cluster
from dbt_schema_evolve.backends.twin_file import read_twin_file
from dbt_schema_evolve.cli import main
from tests.fakes.artifacts import manifest, run_results
from tests.postgres import odd_warehouse
from tests.postgres.test_captured import TABLES
from tests.postgres.test_lineage_diff_command import artifacts

Run = Callable[..., Result]
READER = "twin_reader"


@pytest.fixture
def reader(connection: psycopg.Connection) -> str:
    odd_warehouse.load(connection)
    connection.execute(f"drop role if exists {READER}")
    connection.execute(f"create role {READER} login")
    connection.execute(f'grant usage on schema "Märkte 100%", raw to {READER}')
    connection.execute(f'grant select on all tables in schema "Märkte 100%", raw to {READER}')
    return READER


@pytest.fixture
def run(tmp_path: Path, cluster: Cluster, database: str, reader: str) -> Run:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: postgres, schema: raw,"
        f" host: {cluster.host}, port: {PORT}, user: {reader}, dbname: {database}}}}}}}\n"
    )

    def invoke(*arguments: str, exit_code: int = 0) -> Result:
        where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
        asked = [*arguments, *where] if arguments[1] == "dump" else arguments
        result = CliRunner().invoke(main, asked)
        assert result.exit_code == exit_code, result.output
        return result

    return invoke


def test_what_a_reader_dumps_stands_on_a_twin_elsewhere(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl.gz"
    dumped = run("twin", "dump", "--output", str(path))
    assert dumped.stdout == ""
    assert f"8 tables and 3 views with statistics, and no rows, in {path}" in dumped.stderr
    report = json.loads(run("twin", "load", str(path), "--format", "json").stdout)
    assert report["standing"] == {"tables": 8, "views": 3, "indexes": 12}
    assert report["skips"] == []
    assert report["lost"] == []
    assert 0 < report["disk_bytes"] < 200_000_000


def test_the_text_on_standard_output_is_the_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    path.write_text(run("twin", "dump").stdout, encoding="utf-8")
    assert read_twin_file(path).search_path == ("public",)
    lines = run("twin", "load", str(path)).stdout.splitlines()
    assert lines[0].startswith("File     Postgres 18.")
    assert lines[1] == "Stands   8 tables, 12 indexes, 3 views"
    assert lines[2].startswith("Takes    ")


def test_a_file_that_was_edited_ends_in_three_lines(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "shop.jsonl"
    run("twin", "dump", "-o", str(path))
    path.write_text(path.read_text().replace("bigint", "integer", 1))
    lines = run("twin", "load", str(path), exit_code=1).stderr.splitlines()
    assert [line.split(":")[0].strip() for line in lines] == ["error", "at", "try"]
    assert "changed after it was written" in lines[0]


def test_a_redacted_file_stands_and_holds_no_value(run: Run, tmp_path: Path) -> None:
    plain, hidden = tmp_path / "plain.jsonl", tmp_path / "hidden.jsonl"
    run("twin", "dump", "-o", str(plain))
    notes = run("twin", "dump", "--redact", "-o", str(hidden)).stderr
    assert notes.count("Redacted: ") == 4
    content = hidden.read_text(encoding="utf-8")
    assert "@example.org" not in content
    assert '"größe 5"' not in content
    assert "@example.org" in plain.read_text(encoding="utf-8")
    report = json.loads(run("twin", "load", str(hidden), "--format", "json").stdout)
    assert report["standing"] == {"tables": 8, "views": 3, "indexes": 12}
    assert report["skips"] == []
    assert len(report["lost"]) == 4


def test_recommend_prices_on_a_file_where_no_warehouse_answers(
    tmp_path: Path, cluster: Cluster, database: str, connection: psycopg.Connection
) -> None:
    connection.execute("create schema raw; create schema marts; create schema schema_evolve")
    connection.execute(sql.SQL(TABLES).format(s=sql.Identifier("schema_evolve")))
    connection.execute("create table raw.orders (id int, amount numeric, status text)")
    connection.execute("create table marts.fct (id int, revenue numeric)")
    artifacts(tmp_path / "target", manifest(day=1), run_results(1, "build"))
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    path = tmp_path / "shop.jsonl.gz"

    def run(*arguments: str, port: int = PORT) -> Result:
        (tmp_path / "profiles.yml").write_text(
            "shop: {target: dev, outputs: {dev: {type: postgres, schema: marts,"
            f" host: {cluster.host}, port: {port}, user: postgres, dbname: {database}}}}}}}\n"
        )
        where = ["--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
        return CliRunner().invoke(main, [*arguments, *where])

    assert run("ingest").exit_code == 0
    assert run("twin", "dump", "-o", str(path)).exit_code == 0
    assert run("recommend", port=1).exit_code == 1
    priced = run("recommend", "--twin-file", str(path), port=1)
    assert priced.exit_code == 0, priced.output
    assert priced.stdout.startswith("Nothing to recommend")
    path.write_bytes(path.read_bytes()[:-40])
    assert "cannot be unpacked" in run("patch", "--twin-file", str(path), port=1).stderr
