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


def fit(
    xs: Sequence[float], ys: Sequence[float], weights: Sequence[float], before: Belief, noise: float
) -> Fit:
    """Fit a line; `noise` is the standard deviation that is expected of y."""
    variance = noise**2
    slope = before.mean
    robust = list(weights)
    for _ in range(_ROUNDS):
        total = sum(robust)
        middle_x = sum(w * x for w, x in zip(robust, xs, strict=True)) / total
        middle_y = sum(w * y for w, y in zip(robust, ys, strict=True)) / total
        points = [(w, x - middle_x, y - middle_y) for w, x, y in zip(robust, xs, ys, strict=True)]
        sxx = sum(w * x * x for w, x, _ in points)
        sxy = sum(w * x * y for w, x, y in points)
        precision = 1 / before.stderr**2 + sxx / variance
        slope = (before.mean / before.stderr**2 + sxy / variance) / precision
        squares = sum(w * (y - slope * x) ** 2 for w, x, y in points)
        variance = (_NOISE_POINTS * noise**2 + squares) / (_NOISE_POINTS + max(total - 1, 0))
        limit = _HUBER * sqrt(variance)
        robust = [
            w * min(1.0, limit / max(abs(y - slope * x), 1e-12))
            for w, (_, x, y) in zip(weights, points, strict=True)
        ]
    stderr = sqrt(1 / (1 / before.stderr**2 + sxx / variance))
    return Fit(
        Belief(slope, stderr), sqrt(variance), _log_evidence(points, before, variance, sxx, sxy)
    )


def _log_evidence(
    points: Sequence[tuple[float, float, float]],
    before: Belief,
    variance: float,
    sxx: float,
    sxy: float,
) -> float:
    """Log density of y with the slope integrated out: a better driver has more of it."""
    off = sum(w * (y - before.mean * x) ** 2 for w, x, y in points)
    pull = sxy - before.mean * sxx
    room = 1 + before.stderr**2 * sxx / variance
    explained = before.stderr**2 * pull**2 / variance / room
    count = sum(w for w, _, _ in points)
    return -0.5 * (count * log(variance) + log(room) + (off - explained) / variance)
