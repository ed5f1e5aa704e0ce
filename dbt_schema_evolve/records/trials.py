"""What was built and measured on the shadow target, and what follows from it."""

from dataclasses import dataclass
from enum import StrEnum

from dbt_schema_evolve.records.changes import Recommendation
from dbt_schema_evolve.records.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class ResultCheck:
    """Whether baseline and patched target gave the same multiset of rows."""

    subject: str  # a fingerprint or a dbt unique id
    identical: bool | None  # None: could not be compared
    note: str = ""


@dataclass(frozen=True, slots=True)
class PairedTimes:
    """Times of one query on both targets, in pairs that ran next to each other."""

    fingerprint: str
    calls: int
    baseline_us: tuple[int, ...]
    patched_us: tuple[int, ...]
    used_indexes: frozenset[str] = frozenset()  # names, from the patched target's plan


@dataclass(frozen=True, slots=True)
class SpeedComparison:
    """Patched over baseline: below one is faster."""

    fingerprint: str
    calls: int
    measured_baseline_us: float  # medians
    measured_patched_us: float
    measured_ratio: float  # median of the pairs' ratios
    ratio_low: float  # 95 % confidence interval of that median
    ratio_high: float


@dataclass(frozen=True, slots=True)
class BuildTimes:
    """How long dbt took for one node on both targets."""

    unique_id: str
    baseline_us: int
    patched_us: int


class Decision(StrEnum):
    """What a trial says of a recommendation."""

    ACCEPT = "accept"
    REJECT = "reject"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with its reasons."""

    recommendation: Recommendation
    decision: Decision
    reasons: tuple[str, ...]
    measured_speedup_ratio: float | None  # median over the queries that it serves; above 1: faster
    measured_bytes: int | None = None
    measured_build_us: int | None = None  # patched minus baseline, per dbt run
    served: tuple[str, ...] = ()  # fingerprints of the queries that it can have touched


@dataclass(frozen=True, slots=True)
class KeptVerdict:
    """What is remembered of a verdict, for whoever sees the recommendation again."""

    decision: Decision
    measured_speedup_ratio: float | None = None
    measured_bytes: int | None = None
    measured_build_us: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One build-and-measure on the shadow target."""

    number: int
    recommendations: tuple[Recommendation, ...]
    results: tuple[ResultCheck, ...]
    speeds: tuple[SpeedComparison, ...]
    builds: tuple[BuildTimes, ...]
    verdicts: tuple[Verdict, ...]
    outcomes: tuple[Outcome, ...] = ()  # of the queries whose plan is another than before
