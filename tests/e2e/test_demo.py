"""The whole loop, small: every figure is measured in this run, and what is left behind works."""

import json
import os
import signal
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

COMMAND = str(Path(sys.executable).with_name("schema-evolve"))
KEYS = {
    "models", "sources", "consumers", "column_edges", "fingerprints", "days", "forecasts",
    "recommendations", "accepted", "rejected", "median_speedup_ratio", "worst_query_ratio",
    "results_identical", "patch_applies", "twin_same_plan_ratio", "seconds", "peak_rss_bytes",
}  # fmt: skip


def demo(folder: Path, *options: str) -> dict[str, Any]:
    done = subprocess.run(
        [COMMAND, "demo", "--keep", str(folder), "--format", "json", *options],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def left_over(folder: Path) -> list[str]:
    """Servers that still run in a folder."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True
    )
    return [line for line in listed.stdout.splitlines() if str(folder / "cluster") in line]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "a folder, with ünicode"


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    return demo(folder, "--scale", "0.2", "--days", "5", "--seed", "3")


def test_all_promised_figures_are_there(result: dict[str, Any]) -> None:
    assert result.keys() >= KEYS


def test_project_and_history_were_read(result: dict[str, Any]) -> None:
    assert result["models"] >= 25
    assert result["days"] == 5
    assert result["consumers"] >= 10
    assert result["column_edges"] > 200
    assert result["fingerprints"] > result["consumer_queries"] > 25


def test_twin_plans_as_the_warehouse_does(result: dict[str, Any]) -> None:
    assert result["twin_same_plan_ratio"] >= 0.9


def test_something_was_recommended_and_nothing_accepted_hurts(result: dict[str, Any]) -> None:
    decided = result["accepted"] + result["rejected"] + result["inconclusive"]
    assert 0 < decided + result["by_hand"] == result["recommendations"]
    assert result["results_identical"]
    assert result["results_compared"] >= result["models"]


def test_patch_applies_and_gives_the_patched_project(result: dict[str, Any], folder: Path) -> None:
    assert result["patch_applies"]
    diff = folder / "changes.diff"
    assert bool(diff.read_text()) == (result["accepted"] > 0)


def test_patched_project_parses(result: dict[str, Any], folder: Path) -> None:
    del result
    dbt = Path(sys.executable).with_name("dbt")
    done = subprocess.run(
        [str(dbt), "parse", "--profiles-dir", "."],
        cwd=folder / "patched", capture_output=True, text=True, check=False,
        env={**os.environ, "SCHEMA_EVOLVE_PG_HOST": "/nowhere"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_report_is_one_page_that_asks_nobody(result: dict[str, Any], folder: Path) -> None:
    del result
    page = (folder / "report.html").read_text(encoding="utf-8")
    HTMLParser().feed(page)
    assert "<script" not in page
    assert "src=" not in page
    assert "fct_orders" in page


def test_server_is_gone(result: dict[str, Any], folder: Path) -> None:
    del result
    assert not (folder / "cluster").exists()
    assert left_over(folder) == []


def test_left_project_gets_advice_without_its_server(result: dict[str, Any], folder: Path) -> None:
    del result
    done = subprocess.run(
        [COMMAND, "recommend", "--twin-file", "../warehouse.twin", "--format", "json"],
        cwd=folder / "integration_tests", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["recommendations"]


@pytest.mark.slow
def test_demo_that_was_killed_is_run_again_in_its_folder(tmp_path: Path) -> None:
    command = [COMMAND, "demo", "--keep", str(tmp_path), "--scale", "0.05", "--days", "3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          text=True, start_new_session=True) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "day 2 of 3" in line:
                os.killpg(process.pid, signal.SIGKILL)
    assert left_over(tmp_path), "Postgres outlives a killed demo, so the next one must stop it"
    assert demo(tmp_path, "--scale", "0.05", "--days", "3")["days"] == 3
    assert left_over(tmp_path) == []


@pytest.mark.slow
def test_other_seed_and_scale_give_other_figures(tmp_path: Path) -> None:
    first = demo(tmp_path / "a", "--scale", "0.05", "--days", "4", "--seed", "1")
    second = demo(tmp_path / "b", "--scale", "0.1", "--days", "4", "--seed", "2")
    assert first["orders"] < second["orders"]
    by_chance = {"seed", "scale", "seconds", "peak_rss_bytes", "orders"}
    assert any(first[key] != second[key] for key in first.keys() - by_chance)
