"""How fast relations grow: a robust line through their row counts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import hypot

from dbt_schema_evolve.features.lines import theil_sen
from dbt_schema_evolve.features.rows import RowSeries
from dbt_schema_evolve.records.forecasts import RelationGrowth
from dbt_schema_evolve.records.relations import RelationName

MIN_POINTS = 4  # with three points one wild value decides the median slope
MIN_DAYS = 3.0  # less is one weekend: no rhythm of a week shows
MAX_DAYS = 60.0  # older growth says little about the next month
WEEK = 7.0  # a change of pace within a week may be the week's own rhythm
_CLEAR = 2.0  # standard errors between two slopes, so that one in twenty differs by chance

_DAY = timedelta(days=1)

Points = Sequence[tuple[float, float]]


def relation_growth(relation_id: str, series: RowSeries, cutoff: datetime) -> RelationGrowth | None:
    """Return the growth of one relation up to the cut-off; None where its history is too short.

    Where the last half, quarter, ... of the history clearly goes another way, it alone counts: a
    backfill is over, growth has begun.
    """
    points = [
        ((at - cutoff) / _DAY, float(rows))
        for at, rows in series
        if cutoff - timedelta(days=MAX_DAYS) <= at <= cutoff
    ]
    if len(points) < MIN_POINTS or _length(points) < MIN_DAYS:
        return None
    chosen: Points = points
    slope, stderr = theil_sen(points)
    recent = _last_half(points)
    while len(recent) >= MIN_POINTS and _length(recent) >= WEEK:
        recent_slope, recent_stderr = theil_sen(recent)
        if abs(recent_slope - slope) > _CLEAR * hypot(recent_stderr, stderr):
            chosen, slope, stderr = recent, recent_slope, recent_stderr
        recent = _last_half(recent)
    return RelationGrowth(
        relation_id=relation_id,
        rows=round(points[-1][1]),
        rows_per_day=slope,
        stderr_rows_per_day=stderr,
        days=_length(chosen),
        points=len(chosen),
    )


def _length(points: Points) -> float:
    return points[-1][0] - points[0][0]


def _last_half(points: Points) -> Points:
    middle = points[-1][0] - _length(points) / 2
    return [point for point in points if point[0] >= middle]


def growths(
    row_series: Mapping[RelationName, RowSeries], ids: Mapping[RelationName, str], cutoff: datetime
) -> Mapping[RelationName, RelationGrowth]:
    """Return the growth of each relation whose history is long enough."""
    found = {}
    for relation, series in sorted(row_series.items()):
        growth = relation_growth(relation_id(relation, ids), sorted_series(series), cutoff)
        if growth is not None:
            found[relation] = growth
    return found


def relation_id(relation: RelationName, ids: Mapping[RelationName, str]) -> str:
    """Return the lineage node id of a relation; dbt need not know it."""
    return ids.get(relation) or f"relation.{relation.schema}.{relation.name}"


def sorted_series(series: RowSeries) -> RowSeries:
    """Return a series in order of time; of two counts at one instant the higher one."""
    return tuple(dict(sorted(series)).items())
