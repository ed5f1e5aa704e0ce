"""Makes intervals hold the share of outcomes that they claim to hold, on warehouses never seen.

Conformalized quantile regression (Romano, Patterson, Candès, NeurIPS 2019): by how much outcomes
of warehouses that were not learned from lie outside their intervals is what every interval is
widened by. Outcomes of one warehouse resemble each other, so not they but warehouses are taken to
be exchangeable: each counts the same, and one more, which is the next, counts as missed
(Dunn, Wasserman, Ramdas, "Distribution-free prediction sets for two-layer hierarchical models",
JASA 2023).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BANDS = (3.0, 10.0, 30.0)
"""The last day of each band of horizons: what a day does and what a month does differ in width."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What an interval's ends move outwards by, in logs; below zero where they were too wide."""

    by_band: tuple[float, ...]  # as BANDS

    def at(self, horizon_days: float) -> float:
        """Return the correction of the band that a horizon lies in; the last also holds beyond."""
        return self.by_band[int(np.searchsorted(BANDS[:-1], horizon_days))]


def correction(
    horizons: NDArray[np.float32],
    misses: NDArray[np.float64],
    groups: NDArray[np.int64],
    coverage: float,
) -> Correction:
    """Return what makes intervals hold `coverage` of the outcomes.

    `misses` says how far each outcome lies outside its interval: below zero, how far inside.
    """
    bands = np.searchsorted(BANDS[:-1], horizons)
    return Correction(
        tuple(
            _quantile(misses[bands == band], groups[bands == band], coverage)
            for band in range(len(BANDS))
        )
    )


def _quantile(misses: NDArray[np.float64], groups: NDArray[np.int64], coverage: float) -> float:
    """Return the least that covers; with few groups that is the worst miss, with none nothing."""
    if not len(misses):
        return 0.0
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    weights = 1 / (sizes[group] * (len(sizes) + 1.0))
    order = np.argsort(misses, kind="stable")
    reached = np.cumsum(weights[order])
    place = min(int(np.searchsorted(reached, coverage - 1e-9)), len(misses) - 1)
    return float(misses[order][place])


def misses(
    low: NDArray[np.float64], high: NDArray[np.float64], outcomes: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return how far outcomes lie outside, or (negative) inside of their intervals."""
    return np.maximum(low - outcomes, outcomes - high)
