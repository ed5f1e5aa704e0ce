"""How far ahead the network looks, and what it means for the days between and beyond."""

from collections.abc import Sequence
from itertools import pairwise
from math import expm1, log1p, sqrt

HORIZONS = (1, 3, 7, 14, 21, 30)  # days
LEVELS = (0.05, 0.5, 0.95)  # quantiles

_MOST = 50.0  # of a logarithm: beyond it a forecast is not a number that anybody can use

Quantiles = tuple[float, float, float]  # log ratios at LEVELS


def at_horizon(days: float, log_ratios: Sequence[Sequence[float]]) -> Quantiles:
    """Return the quantiles so many days ahead, from one row for each of HORIZONS.

    Between two horizons a line is drawn. Beyond the last a subject goes on by as many microseconds
    a day as until then, what gets faster stops there, and the interval widens with the square root
    of time, as a walk does.
    """
    first = log_ratios[0]
    if days <= HORIZONS[0]:
        # A line to the level of today, but no narrower: tomorrow's noise is that of any run.
        middle = first[1] * days / HORIZONS[0]
        return middle - (first[1] - first[0]), middle, middle + (first[2] - first[1])
    for (before, near), (after, far) in pairwise(zip(HORIZONS, log_ratios, strict=True)):
        if days <= after:
            share = (days - before) / (after - before)
            low, middle, high = (a + share * (b - a) for a, b in zip(near, far, strict=True))
            return low, middle, high
    low, middle, high = log_ratios[-1]
    further = days / HORIZONS[-1]
    then = log1p(further * expm1(bounded(middle))) if middle > 0 else middle
    wider = sqrt(further)
    return then - wider * (middle - low), then, then + wider * (high - middle)


def bounded(log_value: float) -> float:
    """Keep a logarithm where its exponential is a number."""
    return max(-_MOST, min(_MOST, log_value))
