"""How well changes of plan are foretold, on projects that were never seen.

A threshold is set on calibration projects, as low as most warnings still come true there; what the
twin says without having learned from anybody is counted beside it, on the same lines.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.degradation.product import Product
from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import UNSCORED, Table
from benchmarks.degradation.watch import Flags, Floats
from benchmarks.fleet.flips import FlipCounts
from dbt_schema_evolve.features.plans import HORIZONS

PRECISION = 0.61
"""On calibration projects: three of five are wanted, and other projects differ a little."""


def flip_figures(lines: Table, deals: tuple[Split, ...], scorer: Product) -> dict[str, Any]:
    """Return recall and precision over all horizons, by horizon, and of the twin's word alone."""
    learned = dict.fromkeys(HORIZONS, FlipCounts())
    alone = dict.fromkeys(HORIZONS, FlipCounts())
    for split in deals:
        limit = _limit(lines, split, scorer)
        for days in HORIZONS:
            chosen, came = _known(lines, split.test, days)
            learned[days] += _counts(scorer.flips(split, chosen, days) >= limit, came)
            alone[days] += _counts(lines.column(f"plan_flips_{days}")[chosen] == 1, came)
    together, twin = (sum(each.values(), FlipCounts()) for each in (learned, alone))
    return {
        "flip_recall": together.recall,
        "flip_precision": together.precision,
        "flips": together.foreseen_and_came + together.came_only,
        "flips_by_days": {days: _shares(each) for days, each in learned.items()},
        "flips_by_the_twin_alone": _shares(twin),
    }


def _known(lines: Table, projects: frozenset[str], days: int) -> tuple[Flags, Flags]:
    """Return lines of which it is known whether the plan changed by then, and whether it did."""
    flipped = lines.flipped[:, HORIZONS.index(days)]
    chosen = lines.of(projects) & (flipped != UNSCORED)
    return chosen, flipped[chosen] == 1


def _limit(lines: Table, split: Split, scorer: Product) -> float:
    """Return the lowest chance from which on enough warnings come true on calibration projects."""
    scores, truths = [], []
    for days in HORIZONS:
        chosen, came = _known(lines, split.calibration, days)
        scores.append(scorer.flips(split, chosen, days))
        truths.append(came)
    return precise(np.concatenate(scores), np.concatenate(truths), PRECISION)


def precise(scores: Floats, truth: Flags, wanted: float) -> float:
    """Return the lowest score from which on that share is true; infinite where there is none."""
    order = np.argsort(-scores, kind="stable")
    precision = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    last_of_equal = np.diff(scores[order], append=np.nan) != 0
    enough = np.flatnonzero((precision >= wanted) & last_of_equal)
    return float(scores[order][enough[-1]]) if len(enough) else float("inf")


def _counts(foreseen: Flags, came: Flags) -> FlipCounts:
    return FlipCounts(
        int((foreseen & came).sum()), int((foreseen & ~came).sum()), int((~foreseen & came).sum())
    )


def _shares(counts: FlipCounts) -> Mapping[str, float | None]:
    return {"recall": counts.recall, "precision": counts.precision}
