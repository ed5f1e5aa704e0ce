"""How often times came to lie in the intervals that were given for them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.degradation.learn import taken
from benchmarks.degradation.metrics import between
from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats

HORIZONS = (1, 3, 7, 14, 30)  # days

Ends = Callable[[Split, Flags, int], tuple[Floats, Floats]]
"""The ends of intervals of chosen lines so many days ahead, as logs of times over the level."""


def coverage(lines: Table, deals: tuple[Split, ...], ends: Ends) -> dict[str, Any]:
    """Return the share of test outcomes within their intervals: all horizons, and each.

    Cut-offs of every third day count, scored by the label or not.
    """
    held = {horizon: np.zeros(len(lines.projects)) for horizon in HORIZONS}
    known = {horizon: np.zeros(len(lines.projects)) for horizon in HORIZONS}
    for split in deals:
        test = taken(lines, lines.of(split.test))
        for horizon in HORIZONS:
            came = lines.log_ratios[:, horizon - 1]
            chosen = test & ~np.isnan(came)
            low, high = ends(split, chosen, horizon)
            within = (low <= came[chosen]) & (came[chosen] <= high)
            count = len(lines.projects)
            held[horizon] += np.bincount(lines.project[chosen], within, count)
            known[horizon] += np.bincount(lines.project[chosen], minlength=count)
    all_held, all_known = sum(held.values()), sum(known.values())
    tested = np.flatnonzero(all_known)

    def share(weights: Mapping[int, float]) -> float:
        weight = np.array([weights.get(int(project), 0.0) for project in tested])
        return float((weight @ all_held[tested]) / (weight @ all_known[tested]))

    return {
        "coverage_90": share(dict.fromkeys(tested.tolist(), 1.0)),
        "coverage_90_ci": between(tested, share),
        "coverage_by_days": {
            str(horizon): float(held[horizon].sum() / known[horizon].sum())
            for horizon in HORIZONS
            if known[horizon].any()
        },
    }
