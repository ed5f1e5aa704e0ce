"""What the past of columns says, as far as advice can follow from it."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from dbt_schema_evolve.features.column_trends import column_trends
from dbt_schema_evolve.lineage.calculated import calculated
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.recommend import column_type, skew
from dbt_schema_evolve.records.column_trends import ColumnTrend, WatchedColumns
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.lineage import EdgeKind
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.workflows.alarms import alarms_among
from dbt_schema_evolve.workflows.lineage import Lineage

REMEMBERED = timedelta(days=400)  # a year and its end: the busiest season is in it
_AT_ONCE = 50  # columns: of a year of hourly captures they are half a million profiles


def watched_columns(
    evidence: Evidence, history: History, lineage: Lineage, now: datetime
) -> WatchedColumns:
    """Return the trends of all columns, with the past of those that it could matter of."""
    latest = column_trends(history.latest_column_profiles(), now)
    worth_reading = {
        trend.column
        for trend in latest
        if column_type.is_worth_reading(evidence, trend) or skew.is_worth_reading(evidence, trend)
    }
    known = {trend.column: trend for trend in (*latest, *_trends(worth_reading, history, now))}
    return WatchedColumns(
        tuple(known[column] for column in sorted(known)),
        alarms_among(latest, history, lineage, now),
        calculated(lineage.graph, {EdgeKind.EXPRESSION}),
        calculated(lineage.graph, {EdgeKind.AGGREGATE, EdgeKind.WINDOW}),
    )


def _trends(
    columns: Collection[ColumnName], history: History, now: datetime
) -> Iterator[ColumnTrend]:
    ordered = sorted(columns)
    for start in range(0, len(ordered), _AT_ONCE):
        some = frozenset(ordered[start : start + _AT_ONCE])
        yield from column_trends(history.column_profiles(now - REMEMBERED, some), now)
