"""Turns a score into a probability that means what it says: two numbers (Platt, 1999)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_STEPS = 50  # Newton's method takes about six
_CLOSE = 1e-10
_RIDGE = 1e-6  # keeps the step finite where all answers are alike
_MOST = 30.0  # of log-odds: a certainty of one in 10^13 is none that data can give


@dataclass(frozen=True, slots=True)
class Chance:
    """A straight line through log-odds."""

    slope: float
    offset: float

    def __call__(self, log_odds: Numbers) -> Numbers:
        """Return probabilities."""
        line = self.slope * log_odds + self.offset
        chances: Numbers = 1 / (1 + np.exp(-np.clip(line, -_MOST, _MOST)))
        return chances


def chance(log_odds: Numbers, truth: NDArray[np.float32]) -> Chance:
    """Fit by maximum likelihood; a score that misleads is not believed at all."""
    known = np.column_stack((log_odds, np.ones(len(log_odds))))
    line = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        said = Chance(float(line[0]), float(line[1]))(log_odds)
        gradient = known.T @ (said - truth)
        curvature = (known.T * (said * (1 - said))) @ known + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        line = np.clip(line - step, -_MOST, _MOST)
        if np.abs(step).max() < _CLOSE:
            break
    if line[0] > 0:
        return Chance(float(line[0]), float(line[1]))
    rate = float(np.clip(np.mean(truth), 1e-6, 1 - 1e-6))
    return Chance(0.0, float(np.log(rate / (1 - rate))))


def brier(chances: Numbers, truth: NDArray[np.float32]) -> float:
    """Return the mean squared error of probabilities; of a constant base rate b it is b(1 - b)."""
    return float(np.mean((chances - truth) ** 2))
