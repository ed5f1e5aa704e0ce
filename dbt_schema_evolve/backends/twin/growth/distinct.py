"""How many distinct values ANALYZE will report once there are more rows.

The rows of a column are draws from a pool of values. A category of five values is soon complete,
prices go on filling up for long, free text hardly repeats at all: what was reported so far says
how large the pool is. Where its size is known, as of a reference the number of keys, the report
says instead how many rows in a row share one draw, as the lines of an order share a customer.

ANALYZE itself estimates from a sample (Haas and Stokes 1998, `compute_scalar_stats`), and is too
low where rows share draws. The planner of tomorrow will believe it, so we predict the estimate,
not the truth.
"""

import math
from collections.abc import Callable

from dbt_schema_evolve.records.catalog import ColumnStatistics

SAMPLE_ROWS = 30_000
"""What ANALYZE reads: 300 rows for each of the default 100 entries, one page a row at most."""

_AS_SHARE = 0.1  # above this share of the rows ANALYZE states the number as a share: analyze.c
_ADJACENT = 0.9  # physical order follows the values this closely where equal ones are neighbours
_UNREPEATED = 0.5  # values without a repetition come from a pool where that is no surprise
_TOO_EVEN = 0.01  # the chance below which equal shares are no accident
_STEPS = 60  # of a bisection: to the last digits of a float


def estimate(pool: float, run: float, drawn: float, pages: int) -> float:
    """Return the number of values that ANALYZE would report, on average.

    So many rows are drawn from so many values, in runs of neighbouring rows with the same value.
    """
    sample = min(drawn, SAMPLE_ROWS)
    read = min(1.0, SAMPLE_ROWS / pages) if pages and run > 1 else 1.0
    taken = min(1.0, sample / drawn / read)  # of the rows on the pages that are read
    runs = drawn / run / pool * read
    unseen = math.exp(-runs * (1 - (1 - taken) ** run))
    once = runs * run * taken * (1 - taken) ** (run - 1) * unseen
    mean = sample / pool
    return min(sample * (1 - unseen) / (mean - once * (1 - sample / drawn)), drawn)


def pool_size(distinct: float, drawn: float) -> float:
    """Return how many values single rows are drawn from, where the estimate is this one."""
    # The birthday problem: of P values, this many pairs of rows do without a repetition with a
    # chance of e^(-pairs/P). One row makes no pair, and says nothing of a second value.
    seen = min(drawn, SAMPLE_ROWS)
    most = max(seen * (seen - 1) / 2 / -math.log(_UNREPEATED), distinct)
    if distinct >= drawn:
        return most
    return _solved(lambda pool: estimate(pool, 1.0, drawn, 0) - distinct, distinct, most)


def run_length(distinct: float, pool: float, drawn: float, pages: int) -> float:
    """Return how many rows share a draw from a pool of this size, where the estimate is this."""
    if estimate(pool, 1.0, drawn, pages) <= distinct:
        return 1.0
    return _solved(lambda run: distinct - estimate(pool, run, drawn, pages), 1.0, drawn)


def true_distinct(n_distinct: float, rows: float, bias: float) -> float:
    """Return the number of values behind a statistic; `bias` as `neighbours_bias` says."""
    reported = -n_distinct * rows if n_distinct < 0 else n_distinct
    return reported * bias if reported * bias > SAMPLE_ROWS else reported


def as_reported(distinct: float, rows: float, bias: float) -> float:
    """Return the statistic that ANALYZE would make of a number of values."""
    reported = min(distinct / bias if distinct > SAMPLE_ROWS else distinct, rows)
    return -reported / rows if reported > _AS_SHARE * rows else float(max(1, round(reported)))


def neighbours_bias(correlation: float | None, pages: int) -> float:
    """Return how many times too few values ANALYZE reports where equal values are neighbours.

    It reads some pages only, and several rows of each: it meets equal ones more often than a
    random draw would. It matters where there are more values than rows in the sample.
    """
    return max(1.0, pages / SAMPLE_ROWS) if in_order(correlation) else 1.0


def in_order(correlation: float | None) -> bool:
    """Return whether the physical order of the rows follows the values."""
    return abs(correlation or 0.0) >= _ADJACENT


def in_groups(row: ColumnStatistics, rows: float) -> bool:
    """Return whether values come in groups too equal in size for draws, as versions of one thing.

    Then each further row belongs to a further thing. It shows where ANALYZE read the whole table,
    and states the number of values as a share of the rows.
    """
    drawn = rows * (1 - row.null_fraction)
    if not -1 < row.n_distinct < 0 or rows > SAMPLE_ROWS or drawn < 1:
        return False
    pool = pool_size(-row.n_distinct * rows, drawn)
    largest = round((row.most_common_frequencies or (1 / rows,))[0] * rows)
    return pool * math.log(_poisson_up_to(largest, drawn / pool)) < math.log(_TOO_EVEN)


def _poisson_up_to(most: int, mean: float) -> float:
    term = total = math.exp(-mean)
    for count in range(1, most + 1):
        term *= mean / count
        total += term
    return min(total, 1.0)


def _solved(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that rises turns positive, sought on a scale of magnitudes."""
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return high
