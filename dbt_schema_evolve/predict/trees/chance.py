"""Turns a score into a probability that means what it says: two numbers (Platt, 1999)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_STEPS = 50  # Newton's method takes about six
_CLOSE = 1e-8
_RIDGE = 1e-6  # keeps a step finite where all scores are alike
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
    """Fit by maximum likelihood; a score that misleads is not believed at all.

    As Platt has it, an answer counts as certain only as far as so many of its kind can make it:
    otherwise a score that separates all that was seen would claim to be always right.
    """
    degraded, kept = float(np.sum(truth)), float(np.sum(1 - truth))
    answers = np.where(truth > 0, (degraded + 1) / (degraded + 2), 1 / (kept + 2))
    known = np.column_stack((log_odds, np.ones(len(log_odds))))

    def loss(line: Numbers) -> float:
        odds = known @ line
        return float(np.sum(np.logaddexp(0, odds) - answers * odds))

    even = float(np.log((degraded + 1) / (kept + 1)))
    line = np.array([0.0, even])
    for _ in range(_STEPS):
        said = Chance(*line.tolist())(log_odds)
        curvature = (known.T * (said * (1 - said))) @ known + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, known.T @ (said - answers))
        while loss(line - step) > loss(line) and np.abs(step).max() > _CLOSE:
            step /= 2
        line -= step
        if np.abs(step).max() <= _CLOSE:
            break
    return Chance(*line.tolist()) if line[0] > 0 else Chance(0.0, even)


def brier(chances: Numbers, truth: NDArray[np.float32]) -> float:
    """Return the mean squared error of probabilities; of a constant base rate b it is b(1 - b)."""
    return float(np.mean((chances - truth) ** 2))
