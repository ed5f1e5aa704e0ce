"""How fast relations grow: a robust line through their row counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dbt_schema_evolve.features.lines import theil_sen
from dbt_schema_evolve.features.rows import RowSeries
from dbt_schema_evolve.records.forecasts import RelationGrowth
from dbt_schema_evolve.records.relations import RelationName

MIN_POINTS = 4  # with three points one wild value decides the median slope
MIN_DAYS = 3.0  # less is one weekend: no rhythm of a week shows
MAX_DAYS = 60.0  # older growth says little about the next month

_DAY = timedelta(days=1)


def relation_growth(relation_id: str, series: RowSeries, cutoff: datetime) -> RelationGrowth | None:
    """Return the growth of one relation up to the cut-off; None where its history is too short."""
    oldest = cutoff - timedelta(days=MAX_DAYS)
    points = [((at - cutoff) / _DAY, float(rows)) for at, rows in series if oldest <= at <= cutoff]
    if len(points) < MIN_POINTS:
        return None
    days = points[-1][0] - points[0][0]
    if days < MIN_DAYS:
        return None
    slope, stderr = theil_sen(points)
    return RelationGrowth(
        relation_id=relation_id,
        rows=round(points[-1][1]),
        rows_per_day=slope,
        stderr_rows_per_day=stderr,
        days=days,
        points=len(points),
    )


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
