"""What `predict` and `train` print: a screen, numbers with units, nothing that is not known."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dbt_schema_evolve.records.answers import Place
from dbt_schema_evolve.records.backtests import Amount, Score, Training
from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind, Slope, Span
from dbt_schema_evolve.records.forecasts import Breach, Cause, CauseKind, Forecast
from dbt_schema_evolve.records.prospects import (
    Affected,
    Foresight,
    Limit,
    Prospect,
    Spoke,
    Waiting,
)
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.report.forecast_markdown import foresight_markdown
from dbt_schema_evolve.report.forecast_text import foresight_text, when
from dbt_schema_evolve.report.training_text import training_text
from tests.unit.report.sample import NOW

GOLDEN = Path(__file__).parents[2] / "golden" / "report"
GROWTH = "`raw.events` grows 4.0 % a day"
FLIP = "within 14 days its plan changes: Index Scan on marts.orders -> Seq Scan"


def forecast(subject: str, ratio: float, probability: float | None = None) -> Forecast:
    causes = (
        Cause(CauseKind.GROWTH, "source.shop.raw.events", 0.7, GROWTH),
        Cause(CauseKind.PLAN_FLIP, "", 0.25, FLIP),
        Cause(CauseKind.SKEW, "", 0.2, "36 % of its rows share one key"),
    )
    us = 41_200_000.0
    return Forecast(
        subject, NOW, 30.0, us, us * ratio, us * ratio * 0.8, us * ratio * 1.3, 0.9,
        "source.shop.raw.events", f"because {GROWTH} and {FLIP}", probability, causes,
        None if probability is None else probability / 2,
    )  # fmt: skip


def breach(days: float | None, earliest: float | None, latest: float | None) -> Breach:
    return Breach("s", NOW, 60e6, days, earliest, latest, 365.0, "")


MODEL = Prospect(
    "fct_orders_daily", "model", forecast("model.shop.fct_orders_daily", 1.9, 0.82),
    Limit(60e6, "meta.schema_evolve.limit_seconds"), breach(9.4, 6.2, 14.5), True,
    Affected(
        tuple(Place(name, "", "model", f"model.shop.{name}") for name in ("mart_a", "mart_b",
              "mart_c", "mart_d", "mart_e")),
        (Waiting("exposure.shop.sales", "dashboard", "Sales", "finance"),
         Waiting("consumer.route.shop /orders", "route", "shop /orders"),
         Waiting("consumer.role.web", "role", "web")),
    ),
)  # fmt: skip
QUERY = Prospect(
    "select /* route='/sum' */ sum(revenue) from marts.fct where kind = $1 and day >= $2 and"
    " day < $3 and region in ($4, $5, $6) group by region order by region",
    "query", forecast("q1", 1.6), Limit(61.8e6, "1.5x now"), breach(21.0, 0.3, None), True,
    Affected((), (Waiting("consumer.role.web", "role", "web"),)),
)  # fmt: skip
CALM = Prospect(
    "select 1 from marts.fct", "query", forecast("q2", 1.08, 0.03), Limit(61.8e6, "1.5x now"),
    None, False, Affected(),
)  # fmt: skip
KEY = ColumnName(RelationName("raw", "events"), "id")
ALARM = Alarm(
    AlarmKind.KEY, KEY, "integer", NOW, 1_900_000_000, 2_147_483_647,
    Slope(6e6, 5.8e6, 6.2e6, 30.0, 30), Span(41.2, 39.9, 42.7), True, KEY,
)  # fmt: skip
FORESIGHT = Foresight(
    NOW, 30.0, Spoke("prior", "it ships with the package"), (MODEL, QUERY, CALM),
    (Skip("q3", "never seen to run"),), (ALARM,), ("cannot connect: no plan was looked at",),
)  # fmt: skip
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


def test_nothing_breaking_is_good_news_and_the_steepest_are_shown_all_the_same() -> None:
    text = foresight_text(replace(FORESIGHT, prospects=(CALM,)), 10)
    assert text.startswith("Nothing is expected to break within 30 days.\n\nThe steepest:\n")


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
