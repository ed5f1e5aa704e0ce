"""How many distinct values a column will have: `n_distinct`, as ANALYZE will report it.

The rows of a column are draws from a pool of values. A category of five values is soon complete,
prices go on filling up for long, free text hardly repeats at all: what is reported today says how
large the pool is. Where that is known, as of a reference the number of keys, the report says
instead how many rows share a draw.
"""

from dbt_schema_evolve.backends.twin.growth.draws import (
    Spread,
    draws,
    estimate,
    even,
    in_order,
    in_runs,
    pool_size,
    run_length,
    uneven,
)
from dbt_schema_evolve.backends.twin.growth.evidence import (
    distinct_values,
    is_in_order,
    is_uneven,
)
from dbt_schema_evolve.backends.twin.growth.kinds import Growth
from dbt_schema_evolve.records.catalog import ColumnStatistics, TableShape

_AS_SHARE = 0.1  # above this share of the rows ANALYZE states the number as a share: analyze.c


def grown_n_distinct(
    row: ColumnStatistics, growth: Growth, before: TableShape, after: TableShape
) -> float:
    """Return the statistic of a grown column; `before` and `after` have its rows and pages."""
    present = 1 - row.null_fraction
    if row.n_distinct == 0 or min(before.rows, after.rows) * present < 1:
        return row.n_distinct
    if growth.with_rows:
        share = distinct_values(row, before.rows) / before.rows
        return (
            row.n_distinct if row.n_distinct < 0 else _as_reported(share * after.rows, after.rows)
        )
    common, share = _common(row, growth, before.rows)
    today = draws(before.rows, before.pages, present * (1 - share))
    tomorrow = draws(after.rows, after.pages, present * (1 - share))
    found = min(distinct_values(row, before.rows) - common, today.rows)
    spread: Spread = in_order if is_in_order(row) else uneven if common else even
    pool = pool_size(found, today, spread)
    if growth.values is not None and spread is even:
        pool = max(growth.values, found)
        spread = in_runs(run_length(found, pool, today))
    will_be_found = common + estimate(pool * growth.pool, tomorrow, spread)
    return _as_reported(min(will_be_found, after.rows * present), after.rows)


def _common(row: ColumnStatistics, growth: Growth, rows: float) -> tuple[int, float]:
    """How many values are drawn more often than the rest, and how often."""
    shares = row.most_common_frequencies or ()
    share = sum(shares) / (1 - row.null_fraction)
    rest = distinct_values(row, rows) - len(shares)
    if growth.values is None and growth.pool == 1 and rest >= 1 and share < 1:
        return (len(shares), share) if is_uneven(row, rows) else (0, 0.0)
    return 0, 0.0


def _as_reported(distinct: float, rows: float) -> float:
    return -distinct / rows if distinct > _AS_SHARE * rows else float(max(1, round(distinct)))
