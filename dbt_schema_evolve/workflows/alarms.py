"""Columns that will not hold the next rows, from the history, and who has the same values."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dbt_schema_evolve.features.column_trends import column_trends
from dbt_schema_evolve.lineage.same_values import same_values
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.predict import alarms as predicted
from dbt_schema_evolve.predict.alarms import worth_watching
from dbt_schema_evolve.records.column_trends import Alarm, ColumnTrend
from dbt_schema_evolve.workflows.lineage import Lineage

WATCHED = timedelta(days=90)  # a quarter, so that what happens at its end is in it


def alarms(
    history: History, lineage: Lineage, now: datetime, within_days: float = predicted.YEAR
) -> tuple[Alarm, ...]:
    """Return what will be full, from facts no later than `now`, the soonest first."""
    latest = column_trends(history.latest_column_profiles(), now)
    return alarms_among(latest, history, lineage, now, within_days)


def alarms_among(
    latest: Sequence[ColumnTrend],
    history: History,
    lineage: Lineage,
    now: datetime,
    within_days: float = predicted.YEAR,
) -> tuple[Alarm, ...]:
    """Return the same of columns whose last profiles are read already."""
    foreign_keys = [(each.column, each.references) for each in latest if each.references]
    same = same_values(lineage.graph, foreign_keys, [each.column for each in latest])
    watched = worth_watching(latest, same)
    trends = column_trends(history.column_profiles(now - WATCHED, watched), now)
    known = {trend.column: trend for trend in (*latest, *trends)}
    return predicted.alarms(known.values(), same, now, within_days)
