"""The lineage commands from a history alone: no server runs, one line says so."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.cli import main
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import StatementSnapshot

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)
ORDERS = RelationName("raw", "orders")
SELECT = "select revenue from marts.fct /* application='shop' */"


def model(name: str, sql: str, *parents: str) -> dict[str, Any]:
    return {
        "unique_id": f"model.shop.{name}", "resource_type": "model", "name": name,
        "package_name": "shop", "schema": "marts", "alias": name, "fqn": ["shop", name],
        "original_file_path": f"models/{name}.sql", "compiled_code": sql, "language": "sql",
        "depends_on": {"nodes": list(parents)}, "config": {"materialized": "table"},
    }  # fmt: skip


NODES = (
    model("stg", "select id, amount as total, note from raw.orders", "source.shop.raw.orders"),
    model("fct", "select id, sum(total) as revenue from marts.stg where note <> '' group by id",
          "model.shop.stg"),
    model("alone", "select id from marts.stg", "model.shop.stg"),
)  # fmt: skip
MANIFEST = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "adapter_type": "postgres", "project_name": "shop", "invocation_id": "1",
    },
    "nodes": {node["unique_id"]: node for node in NODES},
    "sources": {
        "source.shop.raw.orders": {
            "unique_id": "source.shop.raw.orders", "resource_type": "source", "name": "orders",
            "package_name": "shop", "schema": "raw", "identifier": "orders",
            "fqn": ["shop", "raw", "orders"],
        }
    },
    "exposures": {},
}  # fmt: skip


def capture(days: int, calls: int) -> CapturedFacts:
    at = NOON + timedelta(days=days)
    key = str(days)
    return CapturedFacts(
        Capture(key, at, "run", "dev", "marts"),
        node_runs=tuple(
            NodeRun(key, node["unique_id"], "success", None, 1_500_000, at) for node in NODES
        ),
        statements=(StatementSnapshot(key, at, 1, "web", SELECT, calls, calls * 9, 0, 0, 0),),
        relations=(RelationProfile(ORDERS, RelationKind.TABLE, at, 1, 1, 1),),
        columns=tuple(
            ColumnProfile(ORDERS, name, "bigint", at, position=number)
            for number, name in enumerate(("id", "amount", "note"), 1)
        ),
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: postgres, host: /nowhere, user: u,"
        " dbname: d, schema: s}}}\n"
    )
    (tmp_path / ".schema_evolve").mkdir()
    with DuckHistory(tmp_path / ".schema_evolve" / "history.duckdb", "shop.dev") as history:
        history.add_artifact(Artifact("manifest", "1", "2026-01-01", json.dumps(MANIFEST).encode()))
        for facts in (capture(0, 10), capture(4, 30)):
            history.add_capture(facts)
    return tmp_path


def ask(project: Path, *words: str) -> Result:
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return CliRunner().invoke(main, ["lineage", *words, *where])


QUESTIONS = {
    "show": ("fct.revenue",),
    "upstream": ("fct", "stg"),
    "downstream": ("source:raw", "--depth", "1"),
    "impact": ("orders.amount",),
    "unused": ("--days", "2"),
    "path": ("orders.note", "fct.revenue"),
    "critical-path": ("+fct",),
}


@pytest.mark.parametrize("verb", QUESTIONS)
def test_each_question_is_answered_without_a_warehouse_and_says_so(
    project: Path, verb: str
) -> None:
    for output in ("text", "json", "mermaid"):
        result = ask(project, verb, *QUESTIONS[verb], "--format", output)
        assert result.exit_code == 0, result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("cannot connect")
        assert line.endswith("columns are those of the last capture and catalog.json")
        assert output != "json" or isinstance(json.loads(result.stdout), dict)
        assert output != "mermaid" or result.stdout.startswith("graph LR\n")


def test_what_was_captured_is_what_is_answered(project: Path) -> None:
    assert "bigint" in ask(project, "show", "orders").stdout
    impact = json.loads(ask(project, "impact", "orders.amount", "--format", "json").stdout)
    assert {each["name"]: each["calls_per_day"] for each in impact["consumers"]} == {
        "shop": 5.0, "web": 5.0,
    }  # fmt: skip
    unused = json.loads(ask(project, "unused", "--days", "2", "--format", "json").stdout)
    assert [each["place"]["name"] for each in unused["nodes"]] == ["alone"]
    assert [each["place"]["column"] for each in unused["columns"]] == ["id"]
    path = ask(project, "path", "orders.note", "fct.revenue").stdout
    assert "No values arrive, but a say about its rows" in path
    longest = json.loads(ask(project, "critical-path", "--format", "json").stdout)
    assert (longest["length_us"], longest["total_us"]) == (3_000_000, 4_500_000)


def test_a_path_that_is_not_there_is_an_answer(project: Path) -> None:
    result = ask(project, "path", "alone", "fct")
    assert result.exit_code == 0
    assert result.stdout == "Nothing that is known leads from alone to fct.\n"


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("show", "fcl"), "there is no model or column named 'fcl'"),
        (("show", "fct.revenu"), "there is no model or column named 'fct.revenu'"),
        (("impact", "nothing"), "there is no model or column named 'nothing'"),
        (("upstream", "tag:none"), "nothing is selected by 'tag:none'"),
        (("upstream", "resource_type:test"), "nothing is selected by 'resource_type:test'"),
        (("downstream", "state:modified"), "state: is not supported here"),
        (("unused", "bad:"), "'bad:' is no selector"),
        (("critical-path", "+"), "'+' is no selector"),
        (("path", "fct", "fct.x"), "there is no model or column named 'fct.x'"),
    ],
)
def test_words_that_mean_nothing_are_one_clear_error(
    project: Path, words: tuple[str, ...], problem: str
) -> None:
    result = ask(project, *words)
    assert (result.exit_code, result.stdout) == (1, "")
    errors = [line for line in result.stderr.splitlines() if not line.startswith("cannot connect")]
    assert errors[0] == f" error: {problem}"
    assert errors[-1].startswith("   try: ")


@pytest.mark.parametrize(
    "words",
    [("upstream",), ("path", "fct"), ("upstream", "fct", "--depth", "0"),
     ("upstream", "fct", "--kind", "magic"), ("unused", "--days", "0"),
     ("show", "fct", "--format", "xml")],
)  # fmt: skip
def test_usage_errors_are_exit_2(project: Path, words: tuple[str, ...]) -> None:
    assert ask(project, *words).exit_code == 2


def test_before_the_first_ingest_there_is_nothing_to_ask(project: Path) -> None:
    (project / ".schema_evolve" / "history.duckdb").unlink()
    result = ask(project, "unused")
    assert result.exit_code == 1
    assert result.stderr.startswith(" error: there is no history yet")
