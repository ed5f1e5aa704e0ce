"""Seventy days of a real Postgres, as a user of the command line has them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from benchmarks.fleet.history import WAREHOUSE, write
from benchmarks.fleet.read import read_project
from benchmarks.fleet.store import KEPT
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap.predictors import NAME
from dbt_schema_evolve.cli import main
from dbt_schema_evolve.workflows.query_history import read_query_history

NUMBER = 24  # events and orders begin to grow on the same day, by 7 % and more


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet") / "project"
    write(folder, [NUMBER], 70, datetime.now(UTC))
    return folder


@pytest.fixture
def project(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "project"))


def run(folder: Path, *words: str) -> Result:
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    result = CliRunner().invoke(main, [*words, *where])
    assert result.exit_code == 0, result.output
    return result


def run_json(folder: Path, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(folder, *words, "--format", "json").stdout)
    return found


@contextmanager
def history_of(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(folder / ".schema_evolve" / "history.duckdb")) as connection:
        yield connection


def test_the_history_says_what_the_fleet_measured(kept: Path) -> None:
    with DuckHistory(kept / ".schema_evolve" / "history.duckdb", WAREHOUSE) as history:
        found = read_query_history(history)
        builds = history.node_runs()
    facts = read_project(KEPT, f"project-{NUMBER:03}").facts
    # What was counted before the first capture belongs to no window.
    first = min(stat.window_end for stat in facts.stats)
    measured = [stat for stat in facts.stats if stat.window_end > first]
    assert len(found.stats) == len(measured)
    assert fmean(s.mean_us for s in found.stats) == pytest.approx(
        fmean(s.mean_us for s in measured)
    )
    assert len(builds) == len(facts.runs)
    assert found.skips == ()


def test_several_projects_stand_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "two", [NUMBER, 31], 12, datetime.now(UTC))
    found = run_json(tmp_path / "two", "predict")
    names = {each["name"] for each in found["prospects"] if each["kind"] == "model"}
    assert {"p024_fct_orders", "p031_fct_orders"} <= names


def test_what_breaks_is_put_down_to_the_source_that_grows(kept: Path) -> None:
    found = run_json(kept, "predict")
    breaking = [each for each in found["prospects"] if each["breaks"]]
    assert breaking
    sources = {each["forecast"]["causes"][0]["node_id"] for each in breaking}
    assert sources <= {"source.fleet.raw.orders", "source.fleet.raw.events"}


def test_training_prints_the_back_test_and_the_winner_speaks(project: Path) -> None:
    state = project / ".schema_evolve"
    (state / f".{NAME}.unfinished").write_bytes(b"killed while it was written")
    tried = run_json(project, "train", "--evaluate")
    assert {score["predictor"] for score in tried["scores"]} >= {"own", "prior", "projection"}
    assert not (state / NAME).exists()
    trained = run_json(project, "train")
    assert trained["winner"] == tried["winner"]
    assert run_json(project, "predict")["spoke"] == {
        "predictor": trained["winner"],
        "reason": trained["reason"],
    }
    assert not (state / f".{NAME}.unfinished").exists()


def test_a_history_that_ended_years_ago_is_trained_on_as_of_its_end(project: Path) -> None:
    with history_of(project) as connection:
        connection.execute("update captures set captured_at = captured_at - interval 900 day")
        connection.execute("update outlooks set made_at = made_at - interval 900 day")
    result = run(project, "train", "--evaluate")
    assert "Winner" in result.stdout
    assert "and that is taken for today" in result.stderr


def test_captures_of_after_now_are_told_and_not_believed(project: Path) -> None:
    with history_of(project) as connection:
        connection.execute(
            "update captures set captured_at = '2099-01-01' where capture_number = 40"
        )
    result = run(project, "predict")
    assert result.stdout.startswith("Breaks within 30 days:")
    assert "1 capture is of after now, up to 2099-01-01, and not believed yet" in result.stderr


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("delete from captures where capture_number between 10 and 40", id="a gap"),
        pytest.param(
            "update captures set captured_at = '1970-01-01' where capture_number = 40",
            id="a clock that jumped back",
        ),
        pytest.param(
            "update statement_snapshots set calls = calls % 500, total_us = total_us % 900000",
            id="counters that were reset again and again",
        ),
        pytest.param("update statement_snapshots set total_us = 0, calls = 0", id="only zeros"),
        pytest.param("delete from captures where capture_number > 1", id="one capture"),
        pytest.param(
            "update captures set captured_at = (select min(captured_at) from captures)",
            id="all at one instant",
        ),
    ],
)
def test_a_damaged_past_is_trained_on_as_far_as_it_goes(project: Path, damage: str) -> None:
    with history_of(project) as connection:
        connection.execute(damage)
    found = run_json(project, "train", "--evaluate")
    assert found["scores"] or "too little to learn from" in found["reason"]
    for score in found["scores"]:
        assert 0 <= score["brier"] <= 1
        assert score["pr_auc"] is None or 0 <= score["pr_auc"] <= 1
