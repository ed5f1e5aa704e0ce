"""What will get slower, when, how sure we are, and why."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True)
class Observation:
    """What one subject took in one window, or in one build."""

    at: datetime  # the end of the window
    calls: int
    mean_us: float  # of a call
    blocks_per_call: float | None = None  # shared blocks; None: nobody counted
    temp_blocks_per_call: float | None = None
    rows_per_call: float | None = None


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

    @property
    def ratio_per_day(self) -> float:
        """Growth of a day as a share of today's rows: 0.02 is 2 % a day."""
        return self.rows_per_day / max(self.rows, 1)


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
class Driver:
    """The relation whose rows explain a subject's time best."""

    relation: RelationName
    growth: RelationGrowth
    elasticity: Elasticity
    rows: tuple[float, ...]  # at each observation of the case, between captures interpolated


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a predictor may look at for one subject, none of it after the cut-off."""

    subject: str  # a fingerprint, or the unique id of a model
    cutoff: datetime
    observations: tuple[Observation, ...]  # oldest first
    driver: Driver | None  # None: nothing is known about the rows that it reads
    features: FeatureVector
    relations: tuple[RelationName, ...] = ()  # stored relations that it reads, largest first


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


@dataclass(frozen=True, slots=True)
class Breach:
    """When a subject will pass a limit, in days from when it was predicted."""

    subject: str
    made_at: datetime
    limit_us: float
    days: float | None  # None: not within the days that were looked at
    earliest_days: float | None  # when the interval's upper end passes the limit
    latest_days: float | None  # when its lower end does
    looked_days: float
    reason: str
