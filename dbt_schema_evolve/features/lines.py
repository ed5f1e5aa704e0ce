"""A straight line through noisy points that a few wild ones cannot turn."""

from collections.abc import Sequence
from math import sqrt
from statistics import median

MAX_POINTS = 64
"""More are thinned out first: slopes are taken between all pairs."""

_Z = 1.645  # two-sided 90 %

Point = tuple[float, float]


def theil_sen(points: Sequence[Point]) -> tuple[float, float]:
    """Return the median slope between all pairs of points, and its standard error.

    Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63 (1968): the
    interval comes from the slopes' ranks, so it needs no assumption about the noise. Fewer than two
    different places give no slope: zero, and zero for its error.
    """
    thinned = thin(points)
    slopes = sorted(
        (y2 - y1) / (x2 - x1)
        for index, (x1, y1) in enumerate(thinned)
        for x2, y2 in thinned[index + 1 :]
        if x2 != x1
    )
    if not slopes:
        return 0.0, 0.0
    count = len(thinned)
    spread = _Z * sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(round((len(slopes) - spread) / 2), 0)
    high = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    return median(slopes), (slopes[high] - slopes[low]) / (2 * _Z)


def thin(points: Sequence[Point], most: int = MAX_POINTS) -> list[Point]:
    """Return at most `most` points: the last of each equally long stretch."""
    ordered = sorted(points)
    if len(ordered) <= most:
        return ordered
    first, last = ordered[0][0], ordered[-1][0]
    width = (last - first) / (most - 1) or 1.0
    kept = {min(int((x - first) / width), most - 1): (x, y) for x, y in ordered}
    return list(kept.values())
