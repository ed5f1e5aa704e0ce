"""How many distinct values ANALYZE will report once there are more rows.

Rows are taken as draws from a pool of values. Of P values, n draws at random meet
P (1 - e^(-n/P)): a category of five values is soon complete, prices go on filling up for long,
and free text hardly repeats at all. What was met so far says how large the pool is.
"""

import math

SAMPLE_ROWS = 30_000
"""What ANALYZE reads: 300 rows for each of the default 100 entries, one page a row at most."""

_AS_SHARE = 0.1  # above this share of the rows ANALYZE states the number as a share: analyze.c
_ADJACENT = 0.9  # physical order follows the values this closely where equal ones are neighbours
_SOLVED = 1e-9


def pool_size(distinct: float, drawn: float) -> float:
    """Return how many values there are to draw from, where so many draws met so many values."""
    if distinct >= drawn:
        # No repetition at all: more likely than not only from this many values or more (the
        # birthday problem). ANALYZE saw no more rows than its sample.
        seen = min(drawn, SAMPLE_ROWS)
        return max(seen * seen / (2 * math.log(2)), distinct)
    low, high = distinct, distinct * drawn / (drawn - distinct)
    while high - low > _SOLVED * high:
        middle = (low + high) / 2
        low, high = (middle, high) if met(middle, drawn) < distinct else (low, middle)
    return high


def met(pool: float, drawn: float) -> float:
    """Return how many values of the pool so many draws meet."""
    return -math.expm1(-drawn / pool) * pool if pool else 0.0


def true_distinct(n_distinct: float, rows: float, bias: float) -> float:
    """Return the number of values behind a statistic; `bias` as `neighbours_bias` says."""
    reported = -n_distinct * rows if n_distinct < 0 else n_distinct
    return reported * bias if reported * bias > SAMPLE_ROWS else reported


def as_reported(distinct: float, rows: float, bias: float) -> float:
    """Return the statistic that ANALYZE would make of a number of values."""
    reported = distinct / bias if distinct > SAMPLE_ROWS else distinct
    reported = min(reported, rows)
    return -reported / rows if reported > _AS_SHARE * rows else float(max(1, round(reported)))


def neighbours_bias(correlation: float | None, pages: int) -> float:
    """Return how many times too few values ANALYZE reports where equal values are neighbours.

    It reads some pages only, and several rows of each: it meets equal ones more often than a
    random draw would. It matters where there are more values than rows in the sample.
    """
    if abs(correlation or 0.0) < _ADJACENT:
        return 1.0
    return max(1.0, pages / SAMPLE_ROWS)
