"""What profiles of the past show of columns: which stood still while their table grew."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.relations import ColumnName

_GREW = 1.1  # times its rows; below, an estimate from a sample hides what was added
_ADVANCED = 0.5  # of the growth of the rows: between a column that stands and one that advances


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


def _stood(first: tuple[datetime, float, float], last: tuple[datetime, float, float]) -> bool:
    (_, rows, distinct), (_, more_rows, more_distinct) = first, last
    grew = more_rows / rows
    return grew >= _GREW and more_distinct / distinct - 1 < _ADVANCED * (grew - 1)
