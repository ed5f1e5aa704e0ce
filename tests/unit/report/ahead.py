"""Days ahead with a little of everything, for the texts and pages about them."""

from datetime import UTC, datetime

from dbt_schema_evolve.records.answers import Place
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

NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
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
        "source.shop.raw.events", f"because {GROWTH}, and {FLIP}", probability, causes,
        None if probability is None else probability / 2,
    )  # fmt: skip


def breach(days: float | None, earliest: float | None, latest: float | None) -> Breach:
    return Breach("s", NOW, 60e6, days, earliest, latest, 365.0)


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
