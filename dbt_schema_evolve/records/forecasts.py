"""What will get slower, when, how sure we are, and why."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeatureVector:
    """Named numbers about one subject, from facts no later than the cut-off."""

    subject: str  # a fingerprint, or the unique id of a model
    cutoff: datetime
    values: tuple[tuple[str, float], ...]  # sorted by name


@dataclass(frozen=True, slots=True)
class RelationGrowth:
    """How one relation's rows have moved; a straight line through its history."""

    relation_id: str  # lineage node id
    rows: int  # at the cut-off
    rows_per_day: float
    stderr_rows_per_day: float
    days: float  # length of the history
    points: int


@dataclass(frozen=True, slots=True)
class Elasticity:
    """Percent more time for one percent more rows of the relation that drives a query."""

    subject: str
    driver_id: str  # lineage node id of the relation whose rows explain the time best
    exponent: float
    stderr: float
    residual_ratio: float  # standard deviation of log(time) around the fit
    points: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """A predicted slowdown; absent altogether where the history is too short."""

    subject: str
    made_at: datetime
    horizon_days: float
    measured_us: float  # a typical call or build now
    predicted_us: float
    predicted_low_us: float
    predicted_high_us: float
    coverage: float  # the share of outcomes that the interval should hold
    cause_id: str  # lineage node id
    reason: str  # the cause in one sentence

    @property
    def predicted_ratio(self) -> float:
        """Predicted time over today's."""
        return self.predicted_us / self.measured_us
