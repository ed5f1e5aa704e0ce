"""Slopes from few noisy points: what is known beforehand, corrected by what they say.

With weights w and centred x, y, noise sigma and a slope believed to be m +- s beforehand:

    precision = 1/s^2 + Sxx/sigma^2          Sxx = sum w x^2,  Sxy = sum w x y
    slope     = (m/s^2 + Sxy/sigma^2) / precision
    stderr    = precision^-1/2

so two weeks of 1.4x growth (Sxx of about 0.2) move the belief only as far as the noise allows.
Sigma has a belief of its own, worth `_NOISE_POINTS` points, and wild points count less
(Huber's weights), because a noisy neighbour is not news about the query.

Many lines are fitted at once, one a row of each array: alone, each would spend its time in calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dbt_schema_evolve.features.timeline import Floats

_NOISE_POINTS = 4.0
_HUBER = 1.345  # 95 % efficiency under normal noise; Huber, "Robust Statistics" (1981)
_ROUNDS = 4  # the weights have settled by then


@dataclass(frozen=True, slots=True)
class Belief:
    """A slope with its uncertainty."""

    mean: float
    stderr: float


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """The beliefs after the points, the noise around each line, and how well it explains them."""

    mean: Floats
    stderr: Floats
    noise: Floats  # standard deviation of y around the line
    log_evidence: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Weighted sums of centred points."""

    weight: Floats
    x: Floats  # the means
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    def squares(self, slope: Floats) -> Floats:
        """Squared distances from a line through the middle."""
        return np.maximum(self.yy - 2 * slope * self.xy + slope * slope * self.xx, 0.0)


def fit(
    xs: Floats, ys: Floats, weights: Floats, mean: Floats, stderr: Floats, noise: float
) -> Fits:
    """Fit one line a row; `noise` is the standard deviation that is expected of y.

    A point without weight is none, but has to hold a number; the first point of a row has weight.
    """
    # From the first point on, so that sums of squares do not drown small differences.
    xs, ys = xs - xs[:, :1], ys - ys[:, :1]
    robust = weights
    variance = np.full(len(xs), noise * noise)
    known = 1 / (stderr * stderr)
    for _ in range(_ROUNDS):
        sums = _moments(xs, ys, robust)
        slope = (mean * known + sums.xy / variance) / (known + sums.xx / variance)
        variance = (_NOISE_POINTS * noise * noise + sums.squares(slope)) / (
            _NOISE_POINTS + np.maximum(sums.weight - 1, 0.0)
        )
        limit = _HUBER * np.sqrt(variance)
        away = np.abs(ys - (sums.y - slope * sums.x)[:, None] - slope[:, None] * xs)
        robust = weights * (limit[:, None] / np.maximum(away, limit[:, None]))
    precision = known + sums.xx / variance
    return Fits(
        slope, np.sqrt(1 / precision), np.sqrt(variance),
        _log_evidence(sums, mean, stderr, variance),
    )  # fmt: skip


def stacked(lines: Sequence[Floats], width: int) -> Floats:
    """Put lines of several lengths into one array; what is missing at their ends is zero."""
    array = np.zeros((len(lines), width))
    for row, line in zip(array, lines, strict=True):
        row[: len(line)] = line
    return array


def _moments(xs: Floats, ys: Floats, weights: Floats) -> _Moments:
    weighted_x, weighted_y = weights * xs, weights * ys
    total, sum_x, sum_y = weights.sum(1), weighted_x.sum(1), weighted_y.sum(1)
    x, y = sum_x / total, sum_y / total
    return _Moments(
        total, x, y,
        (weighted_x * xs).sum(1) - sum_x * x,
        (weighted_x * ys).sum(1) - sum_x * y,
        (weighted_y * ys).sum(1) - sum_y * y,
    )  # fmt: skip


def _log_evidence(sums: _Moments, mean: Floats, stderr: Floats, variance: Floats) -> Floats:
    """Log density of y with the slope integrated out: a better driver has more of it."""
    pull = sums.xy - mean * sums.xx
    room = 1 + stderr * stderr * sums.xx / variance
    explained = stderr * stderr * pull * pull / variance / room
    off = sums.squares(mean)
    return -0.5 * (sums.weight * np.log(variance) + np.log(room) + (off - explained) / variance)
