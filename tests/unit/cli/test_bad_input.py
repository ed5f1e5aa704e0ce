"""Bad input gets one clear error on stderr, exit 1, and leaves nothing behind."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.backends.folder_lock import only_run_in
from dbt_schema_evolve.cli import main

MANIFEST = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "adapter_type": "postgres",
        "project_name": "shop",
        "invocation_id": "1",
    },
    "nodes": {},
    "sources": {},
    "exposures": {},
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: postgres, host: /nowhere, user: u,"
        " dbname: d, schema: s}}}\n"
    )
    (tmp_path / "target").mkdir()
    return tmp_path


def ingest(project: Path) -> Result:
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return CliRunner().invoke(main, ["ingest", *where])


def error_lines(result: Result) -> list[str]:
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    return result.stderr.splitlines()


def test_missing_manifest_says_what_to_run(project: Path) -> None:
    lines = error_lines(ingest(project))
    assert lines == [
        " error: there is no manifest.json",
        f"    at: {project / 'target'}",
        "   try: run `dbt build` or `dbt compile` first, or pass --project-dir",
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        json.dumps(MANIFEST).encode()[:-40],
        b'{"metadata": []}',
        b"\xff\xfe\x00",
    ],
)
def test_broken_manifest_is_named_and_nothing_is_kept(project: Path, content: bytes) -> None:
    (project / "target" / "manifest.json").write_bytes(content)
    lines = error_lines(ingest(project))
    assert lines[0].startswith(" error: ")
    assert lines[1] == f"    at: {project / 'target' / 'manifest.json'}"
    assert len(lines) == 3
    assert not (project / ".schema_evolve").exists()


def test_manifest_of_another_adapter_is_refused(project: Path) -> None:
    foreign = {**MANIFEST, "metadata": {**MANIFEST["metadata"], "adapter_type": "snowflake"}}
    (project / "target" / "manifest.json").write_text(json.dumps(foreign))
    assert "snowflake" in error_lines(ingest(project))[0]


def test_unreachable_warehouse_keeps_nothing_half_written(project: Path) -> None:
    (project / "target" / "manifest.json").write_text(json.dumps(MANIFEST))
    lines = error_lines(ingest(project))
    assert lines[0].startswith(" error: cannot connect")
    assert "dbt debug" in lines[2]
    assert not (project / ".schema_evolve").exists()


@pytest.mark.parametrize("verb", ["recommend", "predict", "patch", "validate", "report"])
def test_verbs_before_the_first_ingest_say_so_and_make_nothing(project: Path, verb: str) -> None:
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    lines = error_lines(CliRunner().invoke(main, [verb, *where]))
    assert lines[0] == " error: there is no history yet"
    assert "schema-evolve ingest" in lines[2]
    assert not (project / ".schema_evolve").exists()


def test_weights_in_the_vars_that_nobody_knows_are_refused(project: Path) -> None:
    text = "name: shop\nvars: {schema_evolve: {weigh_by: mood}}\n"
    (project / "dbt_project.yml").write_text(text)
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    lines = error_lines(CliRunner().invoke(main, ["recommend", *where]))
    assert lines[0] == " error: vars.schema_evolve.weigh_by is neither now nor forecast: 'mood'"


def test_budget_in_the_vars_that_is_no_size_is_refused(project: Path) -> None:
    (project / "dbt_project.yml").write_text("name: shop\nvars: {schema_evolve: {budget: much}}\n")
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    lines = error_lines(CliRunner().invoke(main, ["recommend", *where]))
    assert lines[0] == " error: vars.schema_evolve.budget is not a size: 'much'"


def test_demo_in_a_folder_that_a_demo_uses_is_told_to_wait(tmp_path: Path) -> None:
    with only_run_in(tmp_path):
        result = CliRunner().invoke(main, ["demo", "--keep", str(tmp_path)])
    assert error_lines(result)[0] == " error: another run is using this folder"


@pytest.mark.parametrize("size", ["ten", "-5MB", "5 parsecs"])
def test_budget_that_is_no_size_is_a_usage_error(size: str) -> None:
    result = CliRunner().invoke(main, ["recommend", f"--budget={size}"])
    assert result.exit_code == 2
    assert "write for example 500MB" in result.stderr
