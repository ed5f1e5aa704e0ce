"""A straight line through noisy points that a few wild ones cannot turn."""

from functools import cache
from math import sqrt

import numpy as np

from dbt_schema_evolve.features.timeline import Floats

MAX_POINTS = 64
"""More are thinned out first: slopes are taken between all pairs."""

_Z = 1.645  # two-sided 90 %


def theil_sen(xs: Floats, ys: Floats) -> tuple[float, float]:
    """Return the median slope between all pairs of points, and its standard error."""
    low, slope, high = slope_interval(xs, ys)
    return slope, (high - low) / (2 * _Z)


def slope_interval(xs: Floats, ys: Floats) -> tuple[float, float, float]:
    """Return the median slope between all pairs of points between the ends of its 90 % interval.

    Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968): the
    interval comes from the slopes' ranks, so it needs no assumption about the noise. Fewer than two
    different places give no slope: zeros. `xs` are sorted.
    """
    xs, ys = thin(xs, ys)
    count = len(xs)
    first, second = _pairs(count)
    run, rise = xs[second] - xs[first], ys[second] - ys[first]
    if not run.all():
        rise, run = rise[run != 0], run[run != 0]
    if not len(run):
        return 0.0, 0.0, 0.0
    slopes = np.sort(rise / run)
    spread = _Z * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(round((len(slopes) - spread) / 2), 0)
    high = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    return float(slopes[low]), middle(slopes), float(slopes[high])


@cache
def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.triu_indices(count, 1)
    return first, second


def middle(ordered: Floats) -> float:
    """Return the median of sorted numbers; several times faster on short ones than numpy's own."""
    half = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[half])
    return float(ordered[half - 1] + ordered[half]) / 2


def thin(xs: Floats, ys: Floats, most: int = MAX_POINTS) -> tuple[Floats, Floats]:
    """Return at most `most` points: the last of each equally long stretch; `xs` are sorted."""
    if len(xs) <= most:
        return xs, ys
    width = (xs[-1] - xs[0]) / (most - 1) or 1.0
    stretch = np.minimum((xs - xs[0]) // width, most - 1)
    last = np.append(stretch[1:] != stretch[:-1], True)
    return xs[last], ys[last]
