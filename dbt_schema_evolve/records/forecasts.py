"""What will get slower, when, how sure we are, and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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


class CauseKind(StrEnum):
    """What makes a subject slower."""

    GROWTH = "growth"  # of rows somewhere upstream
    PLAN_FLIP = "plan_flip"  # the planner will choose another plan
    SPILL = "spill"  # a sort or hash table will not fit into work_mem
    BLOAT = "bloat"  # dead rows and the pages they leave behind
    STALE_STATISTICS = "stale_statistics"  # the planner judges by an older table
    SKEW = "skew"  # one key takes an ever larger share of the rows
    USAGE = "usage"  # a new consumer, or more calls
    CHANGED_FLOW = "changed_flow"  # a deployment changed what is read or how it is made
    OWN_TREND = "own_trend"  # it gets slower, and nothing that we know of explains it


@dataclass(frozen=True, slots=True)
class Suspect:
    """Somebody whom a kind of cause would be about, if it should turn out to lead."""

    kind: CauseKind
    node_id: str  # lineage node id; empty: the subject itself
    sentence: str  # what is known of it: `` `raw.events` grows 4.0 % a day``
    brings_rows: bool = False  # though it is no growth: the rows that have come are its doing


@dataclass(frozen=True, slots=True)
class UpstreamRows:
    """A stored relation on the way to a subject, however far up."""

    relation: RelationName
    relation_id: str  # lineage node id
    influence: (
        float  # the share of its growth that is expected to reach the subject, 0 .. 1 and more
    )
    distance: int  # builds between it and what the subject reads; 0: the subject reads it
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
    upstream: tuple[UpstreamRows, ...] = ()  # the most influential first
    suspects: tuple[Suspect, ...] = ()  # at most one a kind


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason for a forecast, with its share of what speaks for it."""

    kind: CauseKind
    node_id: str  # lineage node id; empty: the subject itself
    share: float  # of all that speaks for a slowdown, 0 .. 1
    sentence: str


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
    # That at least two of the next seven runs will be half as slow again: predict/labels.py.
    # None: the predictor does not say.
    predicted_probability: float | None = None
    causes: tuple[Cause, ...] = ()  # the leading one first
    # That its plan will be another one within the horizon, for good. None: nobody asked the
    # planner, or the predictor does not say.
    flip_probability: float | None = None

    @property
    def predicted_ratio(self) -> float:
        """Predicted time over today's."""
        return self.predicted_us / self.measured_us


@dataclass(frozen=True, slots=True)
class Course:
    """How slow a subject is expected to get, from horizon to horizon."""

    subject: str
    made_at: datetime
    measured_us: float  # a typical call or build now
    predicted_us: tuple[float, ...]  # at each horizon, like its interval
    predicted_low_us: tuple[float, ...]
    predicted_high_us: tuple[float, ...]


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
