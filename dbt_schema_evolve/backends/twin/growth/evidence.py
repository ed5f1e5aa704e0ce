"""What today's statistics of a column show of how its values are spread."""

import math

from dbt_schema_evolve.backends.twin.growth.draws import SAMPLE_ROWS, draws, even, pool_size
from dbt_schema_evolve.records.catalog import ColumnStatistics

_BY_CHANCE = 0.01  # what is likelier than this needs no reason
_IN_ORDER = 0.9  # physical order follows the values this closely where equal ones are neighbours


def distinct_values(row: ColumnStatistics, rows: float) -> float:
    """Return the number of values, which ANALYZE may state as a share of the rows."""
    return -row.n_distinct * rows if row.n_distinct < 0 else row.n_distinct


def is_in_order(row: ColumnStatistics) -> bool:
    """Return whether the physical order of the rows follows the values."""
    return abs(row.correlation or 0.0) >= _IN_ORDER


def is_uneven(row: ColumnStatistics, rows: float) -> bool:
    """Return whether some values are more common than chance would make them."""
    if not row.most_common_frequencies or row.n_distinct == -1:
        return False
    largest = round(row.most_common_frequencies[0] * min(rows, SAMPLE_ROWS))
    return 1 - _chance_that_none_exceeds(largest - 1, row, rows) < _BY_CHANCE


def is_in_groups(row: ColumnStatistics, rows: float) -> bool:
    """Return whether values come in groups too equal in size for chance, as versions of a thing.

    Then each further row belongs to a further thing. It shows where ANALYZE read the whole table
    and states the number of values as a share of the rows.
    """
    if not -1 < row.n_distinct < 0 or not 1 <= rows <= SAMPLE_ROWS:
        return False
    largest = round((row.most_common_frequencies or (1 / rows,))[0] * rows)
    return _chance_that_none_exceeds(largest, row, rows) < _BY_CHANCE


def _chance_that_none_exceeds(count: int, row: ColumnStatistics, rows: float) -> float:
    """The chance that even draws meet no value more often than this."""
    of = draws(rows, 0, 1 - row.null_fraction)
    pool = pool_size(min(distinct_values(row, rows), of.rows), of, even)
    return math.pow(_poisson_up_to(count, of.sample / pool), pool)


def _poisson_up_to(most: int, mean: float) -> float:
    term = total = math.exp(-mean)
    for count in range(1, most + 1):
        term *= mean / count
        total += term
    return min(total, 1.0)
