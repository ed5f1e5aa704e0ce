"""What `predict` and `train` print: a screen, numbers with units, nothing that is not known."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dbt_schema_evolve.records.backtests import Amount, Score, Training
from dbt_schema_evolve.records.forecasts import Breach
from dbt_schema_evolve.records.prospects import Spoke
from dbt_schema_evolve.report.forecast_markdown import foresight_markdown
from dbt_schema_evolve.report.forecast_text import foresight_text, when
from dbt_schema_evolve.report.training_text import training_text
from tests.unit.report.ahead import (
    CALM,
    FORESIGHT,
    MODEL,
    NOW,
    QUERY,
    breach,
    forecast,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "report"
TRAINING = Training(
    Amount(92.3, 12_345, 678),
    Amount(35.0, 500, 30),
    tuple(NOW - timedelta(days=days) for days in (28, 21, 14)),
    (
        Score("own", 2_100, 150, 0.613, 0.0451, 0.0213, 0.904),
        Score("prior", 2_100, 150, 0.552, 0.0502, 0.0251, 0.871),
        Score("persistence", 2_100, 150, 0.216, 0.0711, None, None),
    ),
    "pr_auc", "own", "it won the back-test: PR-AUC 0.61", (), ".schema_evolve/forecast_model.zip",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("foresight.txt", foresight_text(FORESIGHT, 10)),
        ("foresight.md", foresight_markdown(FORESIGHT, 2)),
        ("training.txt", training_text(TRAINING)),
    ],
)
def test_the_page_is_as_agreed(name: str, text: str) -> None:
    if os.environ.get("SCHEMA_EVOLVE_GOLDEN") == "write":
        (GOLDEN / name).write_text(f"{text.rstrip()}\n", encoding="utf-8")
    assert (GOLDEN / name).read_text(encoding="utf-8") == f"{text.rstrip()}\n"


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, ""),
        (breach(None, None, None), ""),
        (breach(None, 40.9, None), "perhaps in 40 days"),
        (breach(0.0, 0.0, 0.0), "over its limit already"),
        (breach(9.9, 6.2, 14.1), "in 9 days (6..15)"),
        (breach(1.2, 0.2, None), "in 1 day (0..365+)"),
        (breach(0.4, 0.2, 3.0), "within a day (0..3)"),
    ],
)
def test_when_a_limit_is_passed_is_said_in_days_with_the_interval(
    found: Breach | None, says: str
) -> None:
    assert when(found) == says


def test_every_line_fits_on_a_screen() -> None:
    long = replace(QUERY, name="select " + ", ".join(f"column_{n}" for n in range(500)))
    text = foresight_text(replace(FORESIGHT, prospects=(MODEL, long, CALM)), 10)
    assert max(map(len, text.splitlines())) <= 100


def test_nothing_breaking_is_good_news_and_the_likeliest_are_shown_all_the_same() -> None:
    text = foresight_text(replace(FORESIGHT, prospects=(CALM,)), 10)
    assert text.startswith("Nothing is expected to break within 30 days.\n\nThe likeliest:\n")


def test_what_is_listed_for_its_chance_says_that_first() -> None:
    late = replace(MODEL, breach=breach(68.0, 0.4, None))
    text = foresight_text(replace(FORESIGHT, prospects=(late,)), 10)
    assert "82 % chance that its next 7 runs degrade; in 68 days (0..365+)" in text


def test_a_chance_is_never_nothing_and_never_certain() -> None:
    unsure, sure = (
        replace(QUERY, forecast=forecast("q", 1.6, probability)) for probability in (1e-9, 0.9999)
    )
    text = foresight_text(replace(FORESIGHT, prospects=(unsure, sure)), 10)
    assert "under 1 % chance" in text
    assert "over 99 % chance" in text


def test_a_model_of_ones_own_is_called_so() -> None:
    own = replace(FORESIGHT, spoke=Spoke("own", "it won the back-test"))
    said = "Forecast by the project's own model: it won the back-test."
    assert foresight_text(own, 10).endswith(said)
    assert said in foresight_markdown(own, 10)


def test_no_forecast_at_all_is_said() -> None:
    assert "No forecast: " in foresight_text(replace(FORESIGHT, prospects=()), 10)
    assert "No forecast: " in foresight_markdown(replace(FORESIGHT, prospects=()), 10)


def test_a_name_cannot_break_out_of_the_table() -> None:
    odd = replace(QUERY, name="select '|' || `x` from t\n| a |")
    lines = foresight_markdown(replace(FORESIGHT, prospects=(odd,)), 5).splitlines()
    (row,) = (line for line in lines if "select" in line)
    assert row.replace("\\|", "").count("|") == 7


def test_too_little_history_is_one_sentence() -> None:
    little = replace(TRAINING, scores=(), origins=(), scored_by="", reason="too little")
    assert training_text(little).splitlines()[-1] == "Nothing was trained: too little."
