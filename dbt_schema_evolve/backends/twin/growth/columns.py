"""The statistics that ANALYZE would find of a column once it has grown."""

from dataclasses import replace

from dbt_schema_evolve.backends.twin.growth.distinct import (
    SAMPLE_ROWS,
    as_reported,
    estimate,
    in_order,
    neighbours_bias,
    pool_size,
    run_length,
    true_distinct,
)
from dbt_schema_evolve.backends.twin.growth.kinds import Growth
from dbt_schema_evolve.records.catalog import ColumnEnds, ColumnStatistics, TableShape

_MET_TWICE = 2  # ANALYZE lists no value that it met only once


def grown_column(
    row: ColumnStatistics, growth: Growth, before: TableShape, after: TableShape
) -> ColumnStatistics:
    """Return a column's statistics; `before` and `after` are what its rows and pages are."""
    row = replace(row, n_distinct=_n_distinct(row, growth, before, after))
    return _with_shares(_moved(row, growth), growth, after)


def grown_ends(ends: ColumnEnds, growth: Growth) -> ColumnEnds:
    """Return the true ends of a column, which go with its histogram."""
    if growth.scale is None:
        return ends
    smallest, largest = growth.scale.stretched((ends.smallest, ends.largest))
    return replace(ends, smallest=smallest, largest=largest)


def _n_distinct(
    row: ColumnStatistics, growth: Growth, before: TableShape, after: TableShape
) -> float:
    present = 1 - row.null_fraction
    drawn, will_be_drawn = before.rows * present, after.rows * present
    found = true_distinct(
        row.n_distinct, before.rows, neighbours_bias(row.correlation, before.pages)
    )
    if growth.every_row or found <= 0 or drawn < 1 or will_be_drawn < 1:
        return row.n_distinct
    found = min(found, drawn)
    # In the order of the rows each value has one run of its own, however long.
    known = None if in_order(row.correlation) else growth.values
    pool = max(known, found) if known else pool_size(found, drawn)
    run = run_length(found, pool, drawn, before.pages)
    will_be_found = estimate(pool * growth.pool, run, will_be_drawn, after.pages)
    return as_reported(
        will_be_found, after.rows, neighbours_bias(row.correlation, after.pages)
    )


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
    least = _MET_TWICE / min(SAMPLE_ROWS, max(after.rows, 1.0))
    shares = [share / growth.pool for share in row.most_common_frequencies]
    kept = [
        (value, share)
        for value, share in zip(row.most_common_values, shares, strict=True)
        if share >= least
    ]
    return replace(
        row,
        most_common_values=tuple(value for value, _ in kept) or None,
        most_common_frequencies=tuple(share for _, share in kept) or None,
    )
