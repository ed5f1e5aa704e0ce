"""What ANALYZE reports of values that are drawn from a pool, and how large the pool then is.

ANALYZE estimates the number of distinct values from a sample (Haas and Stokes 1998, in
`compute_scalar_stats`), too low where rows share draws or values are uneven. The planner of
tomorrow will believe it, so this predicts the estimate, not the truth.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

SAMPLE_ROWS = 30_000
"""What ANALYZE reads: 300 rows for each of the default 100 entries, one page a row at most."""

_UNREPEATED = 0.5  # values without a repetition come from a pool where that is no surprise
_STEPS = 60  # of a bisection: to the last digits of a float


@dataclass(frozen=True, slots=True)
class Draws:
    """Rows that hold a drawn value, and what ANALYZE sees of them."""

    rows: float
    sample: float
    pages: int  # of the table, whatever else is on them

    @property
    def read(self) -> float:
        """The share of the pages that ANALYZE reads."""
        return min(1.0, SAMPLE_ROWS / self.pages) if self.pages else 1.0


def draws(table_rows: float, pages: int, share: float) -> Draws:
    """Return the draws in a share of a table's rows."""
    sample = min(table_rows, SAMPLE_ROWS)
    return Draws(table_rows * share, sample * share, pages)


Spread = Callable[[Draws, float], tuple[float, float]]
"""From the draws and the size of the pool to the shares of the pool seen at all, and seen once."""


def even(of: Draws, pool: float) -> tuple[float, float]:
    """Each row draws for itself, each value as likely as any other."""
    mean = of.sample / pool
    return -math.expm1(-mean), mean * math.exp(-mean)


def uneven(of: Draws, pool: float) -> tuple[float, float]:
    """Some values are likelier than others: by an exponential distribution."""
    mean = of.sample / pool
    return mean / (1 + mean), mean / (1 + mean) ** 2


def in_order(of: Draws, pool: float) -> tuple[float, float]:
    """The rows of a value are neighbours: on a page, or on a few, of which none may be read."""
    reached = 1 - (1 - of.read) ** max(1.0, of.pages / pool)
    mean = of.sample / pool / reached
    return -math.expm1(-mean) * reached, mean * math.exp(-mean) * reached


def in_runs(length: float) -> Spread:
    """So many neighbouring rows share a draw, as the lines of an order share its customer."""

    def spread(of: Draws, pool: float) -> tuple[float, float]:
        taken = min(1.0, of.sample / of.rows / of.read)  # of the rows on the pages that are read
        runs = of.rows * of.read / length / pool
        unseen = math.exp(-runs * (1 - (1 - taken) ** length))
        return 1 - unseen, runs * length * taken * (1 - taken) ** (length - 1) * unseen

    return spread


def estimate(pool: float, of: Draws, spread: Spread) -> float:
    """Return the number of values that ANALYZE would report, on average."""
    seen, once = spread(of, pool)
    mean = of.sample / pool
    return min(of.sample * seen / (mean - once * (1 - of.sample / of.rows)), of.rows)


def pool_size(reported: float, of: Draws, spread: Spread) -> float:
    """Return how many values there are to draw from, where ANALYZE reported so many."""
    # The birthday problem: of P values, this many pairs of rows do without a repetition with a
    # chance of e^(-pairs/P). One row makes no pair, and says nothing of a second value.
    pairs = of.sample * (of.sample - 1) / 2
    most = max(pairs / -math.log(_UNREPEATED), reported)
    if reported >= of.rows:
        return most
    return _solved(lambda pool: estimate(pool, of, spread) - reported, reported, most)


def run_length(reported: float, pool: float, of: Draws) -> float:
    """Return how many rows share a draw from a pool of this size, where it reported so many."""
    if estimate(pool, of, in_runs(1.0)) <= reported:
        return 1.0
    return _solved(lambda run: reported - estimate(pool, of, in_runs(run)), 1.0, of.rows)


def _solved(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a function that rises turns positive, sought on a scale of magnitudes."""
    for _ in range(_STEPS):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return high
