"""Whether a learned predictor still deserves to be heard; where not, the projection speaks.

Two witnesses: the subjects look like those in training (`stability`), and the probabilities that
were issued came true better than one constant would have (`is_worse_than_base_rate`).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from statistics import fmean, stdev

from dbt_schema_evolve.predict.stability import Population, stability
from dbt_schema_evolve.records.forecasts import FeatureVector

FEWEST_MATURED = 100
"""Forecasts whose outcome is known; with fewer one bad day decides."""
FEWEST_SUBJECTS = 10  # days of one subject share their outcomes, so subjects are what is counted
_CLEAR = 1.645  # standard errors: one warehouse in twenty falls back by chance


@dataclass(frozen=True, slots=True)
class Matured:
    """A probability that was issued, and what came."""

    subject: str
    made_at: datetime
    probability: float
    degraded: bool


@dataclass(frozen=True, slots=True)
class RollingBrier:
    """The score of issued probabilities beside the score of their base rate."""

    brier: float
    base_rate_brier: float
    matured: int
    is_worse: bool  # beyond chance


def rolling_brier(matured: Sequence[Matured]) -> RollingBrier | None:
    """Score probabilities against the base rate of the same outcomes; None where there are few.

    The base rate in hindsight is the best that a constant can do: its Brier is r * (1 - r). A
    predictor that is not better has no resolution (Murphy, "A New Vector Partition of the
    Probability Score", Journal of Applied Meteorology 12, 1973).
    """
    by_subject: dict[str, list[Matured]] = defaultdict(list)
    for each in matured:
        by_subject[each.subject].append(each)
    if len(matured) < FEWEST_MATURED or len(by_subject) < FEWEST_SUBJECTS:
        return None
    base = fmean(each.degraded for each in matured)
    said = fmean((each.probability - each.degraded) ** 2 for each in matured)
    # Sums by subject, as its days are not independent of each other.
    excess = [
        sum((m.probability - m.degraded) ** 2 - (base - m.degraded) ** 2 for m in held)
        for _, held in sorted(by_subject.items())
    ]
    error = stdev(excess) / sqrt(len(excess))
    return RollingBrier(said, base * (1 - base), len(matured), fmean(excess) > _CLEAR * error)


def broken(
    known: Population | None, vectors: Sequence[FeatureVector], matured: Sequence[Matured]
) -> str:
    """Say in one line why a predictor is not to be heard; empty where nothing speaks against it.

    `known` are the subjects of its training; None: nobody kept what they were like.
    """
    score = rolling_brier(matured)
    if score is not None and score.is_worse:
        return (
            f"of its last {score.matured:,} probabilities the Brier score is {score.brier:.3f},"
            f" and that of their base rate {score.base_rate_brier:.3f}"
        )
    found = None if known is None else stability(known, vectors)
    if known is not None and found is not None and found.is_another_population:
        names = ", ".join(name for name, _ in found.moved[:3])
        return (
            f"what runs now is unlike what it learned from: population stability index"
            f" {found.index:.2f}, above {known.limit:.2f}, most of all in {names}"
        )
    return ""
