"""The statistics that ANALYZE would find of a column once it has grown."""

from dataclasses import replace

from dbt_schema_evolve.backends.twin.growth.distinct import grown_n_distinct
from dbt_schema_evolve.backends.twin.growth.draws import SAMPLE_ROWS
from dbt_schema_evolve.backends.twin.growth.kinds import Growth
from dbt_schema_evolve.records.catalog import ColumnEnds, ColumnStatistics, TableShape

_MOST_COMMON = 0.95  # of the rows: no drift goes on until nothing else is there
_MET_TWICE = 2  # ANALYZE lists no value that it met only once


def grown_column(
    row: ColumnStatistics, growth: Growth, before: TableShape, after: TableShape
) -> ColumnStatistics:
    """Return a column's statistics; `before` and `after` are what its rows and pages are."""
    # No table has more values than rows, however few it shrinks to.
    distinct = min(grown_n_distinct(row, growth, before, after), max(after.rows, 1.0))
    row = replace(row, n_distinct=distinct)
    if growth.calendar is not None:
        return growth.calendar.moved(row)
    return _drifted(_with_shares(_moved(row, growth), growth, after), growth.drift)


def _drifted(row: ColumnStatistics, drift: float) -> ColumnStatistics:
    """The shares once the most common value has gained some, which all others lose in proportion.

    What is left to the values of the histogram follows: shares are of all rows.
    """
    present = 1 - row.null_fraction
    first, *rest = row.most_common_frequencies or (present,)
    if not drift or first >= present:
        return row  # nothing drifts, or there is no other value to lose what it gains
    there = min(max(first + drift, min(rest, default=0.0)), _MOST_COMMON * present)
    left = (present - there) / max(present - first, there - first)
    return replace(
        row, most_common_frequencies=(there, *(min(share * left, there) for share in rest))
    )


def grown_ends(ends: ColumnEnds, growth: Growth) -> ColumnEnds:
    """Return the true ends of a column, which go with its histogram."""
    if growth.calendar is not None:
        return growth.calendar.moved_ends(ends)
    if growth.scale is None:
        return ends
    smallest, largest = growth.scale.stretched((ends.smallest, ends.largest))
    return replace(ends, smallest=smallest, largest=largest)


def _moved(row: ColumnStatistics, growth: Growth) -> ColumnStatistics:
    if growth.scale is None:
        return row
    common, bounds = row.most_common_values, row.histogram_bounds
    return replace(
        row,
        most_common_values=common and growth.scale.stretched(common),
        histogram_bounds=bounds and growth.scale.stretched(bounds),
    )


def _with_shares(row: ColumnStatistics, growth: Growth, after: TableShape) -> ColumnStatistics:
    """The shares of the common values among more values; those that shrink too far are dropped."""
    if not row.most_common_frequencies or not row.most_common_values or growth.pool == 1:
        return row
    # Among fewer values the shares rise, but not beyond all rows.
    factor = min(1 / growth.pool, (1 - row.null_fraction) / sum(row.most_common_frequencies))
    least = _MET_TWICE / min(SAMPLE_ROWS, max(after.rows, 1.0))
    shares: dict[str, float] = {}
    for value, share in zip(row.most_common_values, row.most_common_frequencies, strict=True):
        if share * factor >= least:
            shares.setdefault(value, share * factor)  # numbers that moved together may be one
    return replace(
        row,
        most_common_values=tuple(shares) or None,
        most_common_frequencies=tuple(shares.values()) or None,
    )
