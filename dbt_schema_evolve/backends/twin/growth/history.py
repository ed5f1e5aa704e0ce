"""What profiles of the past show of columns: which stood still, and which become more uneven."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from dbt_schema_evolve.backends.twin.growth.evidence import is_in_order
from dbt_schema_evolve.features.lines import theil_sen
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.relations import ColumnName

_GREW = 1.1  # times its rows; below, an estimate from a sample hides what was added
_MAX_DAYS = 21.0  # older drift says little of the next month
_MIN_DAYS, _MIN_POINTS = 5.0, 5
_CLEAR = 3.0  # standard errors: there are many columns, so that of many one differs by chance
_ADVANCED = 0.5  # of the growth of the rows: between a column that stands and one that advances


def in_order(catalog: Catalog) -> frozenset[ColumnName]:
    """Return the columns that rows are in the order of, which may only look as if they advanced."""
    return frozenset(
        ColumnName(table.relation, row.column)
        for table in catalog.tables
        for row in table.statistics
        if is_in_order(row)
    )


def standing_still(
    relations: Iterable[RelationProfile], columns: Iterable[ColumnProfile]
) -> frozenset[ColumnName]:
    """Return the columns that gained few values, or none, while their tables gained rows.

    If their rows are in order then because they are stored so, as by a model's ORDER BY; a column
    that advances gains values as fast as its table gains rows.
    """
    rows = {
        (profile.relation, profile.captured_at): float(profile.estimated_rows)
        for profile in relations
        if profile.estimated_rows
    }
    known: defaultdict[ColumnName, list[tuple[datetime, float, float]]] = defaultdict(list)
    for profile in columns:
        count = rows.get((profile.relation, profile.captured_at))
        if count and profile.distinct:
            distinct = -profile.distinct * count if profile.distinct < 0 else profile.distinct
            name = ColumnName(profile.relation, profile.column)
            known[name].append((profile.captured_at, count, distinct))
    return frozenset(name for name, points in known.items() if _stood(min(points), max(points)))


def drifting(columns: Iterable[ColumnProfile], now: datetime) -> Mapping[ColumnName, float]:
    """Return what the most common value of a column gains or loses a day, where that is clear."""
    shares: defaultdict[ColumnName, dict[float, float]] = defaultdict(dict)
    for profile in columns:
        age = (now - profile.captured_at) / timedelta(days=1)
        if profile.top_value_ratio is not None and 0 <= age <= _MAX_DAYS:
            name = ColumnName(profile.relation, profile.column)
            shares[name][-age] = profile.top_value_ratio
    return {
        name: slope
        for name, by_day in sorted(shares.items())
        if (slope := _slope(sorted(by_day.items()))) is not None
    }


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    days, shares = (np.array(axis) for axis in zip(*points, strict=True))
    # An unclear one, or of a value that is rare for all that, would be noise times a month.
    if len(points) < _MIN_POINTS or days[-1] - days[0] < _MIN_DAYS:
        return None
    slope, stderr = theil_sen(days, shares)
    return slope if abs(slope) > _CLEAR * stderr else None


def _stood(first: tuple[datetime, float, float], last: tuple[datetime, float, float]) -> bool:
    (_, rows, distinct), (_, more_rows, more_distinct) = first, last
    grew = more_rows / rows
    return grew >= _GREW and more_distinct / distinct - 1 < _ADVANCED * (grew - 1)
