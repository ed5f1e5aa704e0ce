"""What predictors learn from: a case at a cut-off, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbt_schema_evolve.records.forecasts import Case


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one subject after a cut-off."""

    # Whether it degraded within its next seven runs; None: unscored, because it was degraded
    # already, it was a near miss, or its future is not known that far.
    degraded: bool | None
    runs_until: int | None  # runs until the first degraded one, from 1; None: there was none
    # log(time at the horizon / level at the cut-off) by whole days ahead, where a run was seen.
    log_ratios: Mapping[int, float]
    # Whether its plan changes within so many days, and stays changed on most of the next runs;
    # only where the planner was asked at the cut-off, and later plans are known.
    flipped: Mapping[int, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Example:
    """One line of a training set."""

    group: str  # examples of one group share a warehouse, and are never split
    case: Case
    outcome: Outcome
