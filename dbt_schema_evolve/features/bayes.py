"""A slope from few noisy points: what is known beforehand, corrected by what they say.

With weights w and centred x, y, noise sigma and a slope believed to be m +- s beforehand:

    precision = 1/s^2 + Sxx/sigma^2          Sxx = sum w x^2,  Sxy = sum w x y
    slope     = (m/s^2 + Sxy/sigma^2) / precision
    stderr    = precision^-1/2

so two weeks of 1.4x growth (Sxx of about 0.2) move the belief only as far as the noise allows.
Sigma has a belief of its own, worth `_NOISE_POINTS` points, and wild points count less
(Huber's weights), because a noisy neighbour is not news about the query.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt

_NOISE_POINTS = 4.0
_HUBER = 1.345  # 95 % efficiency under normal noise; Huber, "Robust Statistics" (1981)
_ROUNDS = 4  # the weights have settled by then


@dataclass(frozen=True, slots=True)
class Belief:
    """A slope with its uncertainty."""

    mean: float
    stderr: float


@dataclass(frozen=True, slots=True)
class Fit:
    """The belief after the points, the noise around it, and how well it explains them."""

    slope: Belief
    noise: float  # standard deviation of y around the line
    log_evidence: float


@dataclass(frozen=True, slots=True)
class _Moments:
    """Weighted sums of centred points."""

    weight: float
    x: float  # the means
    y: float
    xx: float
    xy: float
    yy: float

    def squares(self, slope: float) -> float:
        """Squared distances from a line through the middle."""
        return max(self.yy - 2 * slope * self.xy + slope * slope * self.xx, 0.0)


def fit(
    xs: Sequence[float], ys: Sequence[float], weights: Sequence[float], before: Belief, noise: float
) -> Fit:
    """Fit a line; `noise` is the standard deviation that is expected of y."""
    # From the first point on, so that sums of squares do not drown small differences.
    points = [(w, x - xs[0], y - ys[0]) for w, x, y in zip(weights, xs, ys, strict=True)]
    robust = list(weights)
    variance = noise * noise
    known = 1 / (before.stderr * before.stderr)
    for _ in range(_ROUNDS):
        sums = _moments(points, robust)
        precision = known + sums.xx / variance
        slope = (before.mean * known + sums.xy / variance) / precision
        variance = (_NOISE_POINTS * noise * noise + sums.squares(slope)) / (
            _NOISE_POINTS + max(sums.weight - 1, 0.0)
        )
        limit = _HUBER * sqrt(variance)
        base = sums.y - slope * sums.x
        robust = [
            w if abs(y - base - slope * x) <= limit else w * limit / abs(y - base - slope * x)
            for w, x, y in points
        ]
    precision = known + sums.xx / variance
    return Fit(
        Belief(slope, sqrt(1 / precision)), sqrt(variance), _log_evidence(sums, before, variance)
    )


def _moments(points: Sequence[tuple[float, float, float]], weights: Sequence[float]) -> _Moments:
    total = sum_x = sum_y = sum_xx = sum_xy = sum_yy = 0.0
    for w, (_, x, y) in zip(weights, points, strict=True):
        wx, wy = w * x, w * y
        total += w
        sum_x += wx
        sum_y += wy
        sum_xx += wx * x
        sum_xy += wx * y
        sum_yy += wy * y
    x, y = sum_x / total, sum_y / total
    return _Moments(total, x, y, sum_xx - sum_x * x, sum_xy - sum_x * y, sum_yy - sum_y * y)


def _log_evidence(sums: _Moments, before: Belief, variance: float) -> float:
    """Log density of y with the slope integrated out: a better driver has more of it."""
    pull = sums.xy - before.mean * sums.xx
    room = 1 + before.stderr * before.stderr * sums.xx / variance
    explained = before.stderr * before.stderr * pull * pull / variance / room
    off = sums.squares(before.mean)
    return -0.5 * (sums.weight * log(variance) + log(room) + (off - explained) / variance)
