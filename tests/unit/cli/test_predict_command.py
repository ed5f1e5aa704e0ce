"""`predict` and `train` on a real history whose warehouse is nowhere."""

import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.cli import main
from tests.fakes.growing_shop import Shop, project

# The command takes the time of now, so the shop's last capture is of a moment ago.
SHOP = Shop(start=datetime.now(UTC) - timedelta(days=19, minutes=1))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("shop"), SHOP.captures(), fct_limit=60)


def run(folder: Path, *words: str) -> Result:
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    return CliRunner().invoke(main, [*words, *where])


def error_lines(result: Result) -> list[str]:
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line[:8] for line in lines] == [" error: ", "    at: ", "   try: "]
    return lines


def test_a_screen_says_when_why_and_for_whom(shop: Path) -> None:
    result = run(shop, "predict")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Breaks within 30 days:"
    assert len(lines) < 40
    assert max(map(len, lines)) <= 100
    first = result.stdout.split("\n\n")[1]
    assert "select sum(revenue) from marts.fct where kind = $1" in first
    assert "breaks  in " in first
    assert "limit" in first
    assert "because `raw.events` grows" in first
    assert "route shop /sum" in first
    assert "(meta.schema_evolve.limit_seconds)" in result.stdout
    assert "Forecast by the prior: " in result.stdout


def test_without_a_warehouse_it_goes_on_and_says_so(shop: Path) -> None:
    result = run(shop, "predict")
    assert result.stderr.splitlines()[-1].startswith("without a warehouse ")


def test_a_history_that_ended_long_ago_is_looked_at_from_its_end(tmp_path: Path) -> None:
    old = Shop(start=datetime(1995, 4, 1, tzinfo=UTC))
    result = run(project(tmp_path, old.captures(), fct_limit=60), "predict")
    assert result.stdout.startswith("Breaks within 30 days:")
    note = "the last capture is of 1995-04-20, and that is taken for today"
    assert note in result.stderr


def test_json_prints_the_records(shop: Path) -> None:
    found: dict[str, Any] = json.loads(run(shop, "predict", "--format", "json").stdout)
    assert found["horizon_days"] == 30
    assert found["spoke"]["predictor"] == "prior"
    first = found["prospects"][0]
    assert first["breaks"] is True
    assert first["breach"]["earliest_days"] <= first["breach"]["days"]
    assert first["forecast"]["predicted_low_us"] < first["forecast"]["predicted_high_us"]
    assert [each["name"] for each in first["affected"]["consumers"]]


def test_markdown_is_a_table_of_what_breaks(shop: Path) -> None:
    text = run(shop, "predict", "--format", "markdown", "--limit", "2").stdout
    assert text.startswith("### What breaks within 30 days\n")
    assert sum(line.startswith("| `") for line in text.splitlines()) == 2
    assert "Less urgent: 3 more." in text


def test_the_limit_bounds_what_is_printed_and_says_how_many_are_left(shop: Path) -> None:
    found = json.loads(run(shop, "predict", "--format", "json").stdout)
    left = sum(each["breaks"] for each in found["prospects"]) - 1
    assert left > 1
    assert f"and {left} more; --limit shows them" in run(shop, "predict", "--limit", "1").stdout


def test_a_shorter_horizon_breaks_less(shop: Path) -> None:
    def breaking(*words: str) -> int:
        found = json.loads(run(shop, "predict", "--format", "json", *words).stdout)
        return sum(each["breaks"] for each in found["prospects"])

    assert breaking("--horizon", "2") < breaking()


@pytest.mark.parametrize(
    "words", [("--horizon", "0"), ("--horizon", "nan"), ("--limit", "0"), ("--limit-seconds", "0")]
)
def test_what_cannot_be_meant_is_a_usage_error(shop: Path, words: tuple[str, str]) -> None:
    assert run(shop, "predict", *words).exit_code == 2


def test_a_pickle_is_refused_as_a_model_and_never_loaded(shop: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    model = tmp_path / "model.pkl"
    model.write_bytes(pickle.dumps(_Opens(opened)))
    lines = error_lines(run(shop, "predict", "--model", str(model)))
    assert "a model is a zip archive" in lines[0]
    packed = tmp_path / "model.zip"
    with ZipFile(packed, "w") as archive:
        archive.write(model, "model.pkl")
        archive.writestr("manifest.json", "{}")
    lines = error_lines(run(shop, "predict", "--model", str(packed)))
    assert "holds model.pkl" in lines[0]
    assert not opened.exists()


class _Opens:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_training_on_too_little_says_so_in_one_sentence_and_changes_nothing(shop: Path) -> None:
    result = run(shop, "train")
    assert result.exit_code == 0, result.output
    assert "that is too little to learn from: it takes 35 days" in result.stdout
    assert not (shop / ".schema_evolve" / "forecast_model.zip").exists()
    found = json.loads(run(shop, "train", "--evaluate", "--format", "json").stdout)
    assert found["scored_by"] == ""
    assert found["have"]["days"] == pytest.approx(19)
    assert found["need"]["examples"] == 400


def test_a_winner_in_a_file_that_was_changed_is_refused(shop: Path, tmp_path: Path) -> None:
    copy = project(tmp_path, Shop(days=1).captures())
    (copy / ".schema_evolve" / "forecast_model.zip").write_bytes(b"PK\x03\x04 nothing")
    lines = error_lines(run(copy, "predict"))
    assert lines[0].startswith(" error: the forecast model")
