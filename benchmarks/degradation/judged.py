"""One way of scoring all cut-offs, judged: thresholds from calibration, figures from tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.degradation.metrics import (
    average_precision,
    between,
    false_alarm_rate,
    median_lead,
    recall,
    row_recall,
    spread,
    threshold,
)
from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats, Rows, tally

FALSE_ALARMS = 1.0  # per hundred query-weeks

Scorer = Callable[[Split, Flags], Floats]
"""Scores of chosen lines, by whoever has seen no more than the split's training projects."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of tested lines, and which of them ring."""

    rows: Rows
    scores: Floats
    alerting: Flags

    def pr_auc(self, weights: Mapping[int, float] | None = None) -> float:
        """Return the average precision of all tested lines together."""
        of_rows = None if weights is None else spread(self.rows.project, weights)
        return average_precision(self.rows.degraded, self.scores, of_rows)

    def where(self, chosen: Flags) -> "Judged":
        """Return the judgement of some tested lines."""
        return Judged(self.rows.where(chosen), self.scores[chosen], self.alerting[chosen])

    def figures(self) -> dict[str, Any]:
        """Return what is published of every way of scoring."""
        counted = tally(self.rows, self.alerting)
        projects = self.rows.project
        return {
            "pr_auc": self.pr_auc(),
            "pr_auc_ci": between(projects, self.pr_auc),
            "recall_at_1fa": recall(counted),
            "recall_at_1fa_ci": between(projects, lambda weights: recall(counted, weights)),
            "row_recall_at_1fa": row_recall(counted),
            "false_alarms_per_100_weeks": false_alarm_rate(counted),
            "false_alarms_per_100_weeks_ci": between(
                projects, lambda weights: false_alarm_rate(counted, weights)
            ),
            "median_lead_runs": median_lead(counted),
        }


def judged(held: Table, deals: tuple[Split, ...], scorer: Scorer) -> Judged:
    """Score the tests of all deals; each has a threshold of its own, from its calibration."""
    scores, alerting = np.full(len(held), np.nan), np.zeros(len(held), bool)
    for split in deals:
        calibration = held.scored & held.of(split.calibration)
        test = held.scored & held.of(split.test)
        limit = threshold(held.rows(calibration), scorer(split, calibration), FALSE_ALARMS)
        scores[test] = scorer(split, test)
        alerting[test] = scores[test] > limit
    tested = tested_lines(held, deals)
    return Judged(held.rows(tested), scores[tested], alerting[tested])


def tested_lines(held: Table, deals: tuple[Split, ...]) -> Flags:
    """Return the lines that a judgement is about, in its order."""
    return held.scored & held.of(name for split in deals for name in split.test)


def gain(better: Judged, worse: Judged) -> tuple[float, float]:
    """Return the 95 % interval of a difference in average precision on the same lines."""
    return between(better.rows.project, lambda w: better.pr_auc(w) - worse.pr_auc(w))


def loss(worse: Judged, better: Judged) -> tuple[float, float]:
    """Return the 95 % interval of the share of average precision that is lost."""
    return between(better.rows.project, lambda w: 1 - worse.pr_auc(w) / better.pr_auc(w))
