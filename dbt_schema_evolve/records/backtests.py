"""What predictors were worth on days that are past."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Amount:
    """How much history there is to learn from."""

    days: float  # from the first to the last run that anybody saw
    examples: int  # moments of which it is known what came
    degraded: int  # of these


@dataclass(frozen=True, slots=True)
class Score:
    """One predictor, scored on the same moments as all others, none of which it learned from."""

    predictor: str
    examples: int
    degraded: int
    pr_auc: float | None  # None: nothing degraded
    brier: float
    pinball: float | None  # of log(time a week ahead / today's); None: no time is known there
    coverage: float | None  # the share of these times that its interval held


@dataclass(frozen=True, slots=True)
class Training:
    """What a training came to."""

    have: Amount
    need: Amount
    origins: tuple[datetime, ...]  # cut-offs: what is before is learned from, what is after scored
    scores: tuple[Score, ...]  # the best first
    scored_by: str  # pr_auc, pinball; empty: there was too little history
    winner: str  # empty: none was looked for
    reason: str  # in a sentence
    notes: tuple[str, ...] = ()  # what keeps it from being whole
    written_to: str = ""  # the file of the winner; empty: nothing was written
