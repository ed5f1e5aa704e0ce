"""What a trial says of each recommendation: results first, speed second, cost third."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from dbt_schema_evolve.records.changes import (
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Recommendation,
    Spec,
)
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.trials import (
    BuildTimes,
    Decision,
    ResultCheck,
    SpeedComparison,
    Verdict,
)

SLOWER = 1.10  # a query may become this much slower before it speaks against a change
# A query timed against itself, 20 times on two shared cores: its two medians lay 34 us apart in the
# median and 322 us at most (a scan of 20,000 rows). In between, a difference may be chance.
NOISE_US = 150.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything one build-and-measure saw; keys of the mappings are fingerprints."""

    results: tuple[ResultCheck, ...]
    speeds: tuple[SpeedComparison, ...]
    builds: tuple[BuildTimes, ...]
    touched: Mapping[str, frozenset[RelationName]]  # relations and views behind a query
    used: Mapping[str, frozenset[IndexSpec]]  # indexes in the patched plan, as production has them
    model_relations: Mapping[str, RelationName]  # unique id -> relation
    sizes: Mapping[str, int]  # recommendation key -> measured extra bytes


def slower_beyond_noise(speed: SpeedComparison) -> bool:
    """Whether a query is more than SLOWER slower, and certainly so."""
    lost_us = speed.measured_patched_us - speed.measured_baseline_us
    return speed.ratio_low > SLOWER and lost_us > NOISE_US


def faster_beyond_noise(speed: SpeedComparison) -> bool:
    """Whether a query is certainly faster."""
    return speed.ratio_high < 1.0


def serves(recommendation: Recommendation, fingerprint: str, measured: Measured) -> bool:
    """Whether a change can have touched a query's time.

    A new index has where the patched plan scans it; any other change wherever the relation is read.
    """
    spec = recommendation.spec
    if isinstance(spec, IndexSpec):
        return any(spec.is_like(used) for used in measured.used.get(fingerprint, frozenset()))
    return spec.relation in measured.touched.get(fingerprint, frozenset())


def judge(
    recommendations: Sequence[Recommendation],
    measured: Measured,
    runs: Mapping[str, ModelRuns],
    window_days: float,
) -> tuple[Verdict, ...]:
    """Give each recommendation a verdict; `runs` tells how often each model is built."""
    return tuple(
        _verdict(recommendation, measured, runs, window_days) for recommendation in recommendations
    )


def _verdict(
    recommendation: Recommendation,
    measured: Measured,
    runs: Mapping[str, ModelRuns],
    window_days: float,
) -> Verdict:
    served = [s for s in measured.speeds if serves(recommendation, s.fingerprint, measured)]
    build = next((b for b in measured.builds if b.unique_id == recommendation.model_id), None)
    build_us = build.patched_us - build.baseline_us if build else None
    objections = _objections(recommendation, served, measured)
    if objections:
        decision, reasons = Decision.REJECT, objections
    else:
        model_runs = runs.get(recommendation.model_id)
        builds_per_day = (model_runs.builds if model_runs else 0) / max(window_days, 1.0)
        balance = Balance(
            saved_us_per_day=_saved_us(served) / max(window_days, 1.0),
            build_us_per_day=builds_per_day * (build_us or 0),
        )
        decision, *reasons_found = _gain(recommendation.spec, served, balance)
        reasons = tuple(reasons_found)
    # A drop is not meant to make anything faster; that other changes do is not its merit.
    is_drop = isinstance(recommendation.spec, DropIndexSpec)
    return Verdict(
        recommendation=recommendation,
        decision=decision,
        reasons=reasons,
        measured_speedup_ratio=(
            median(1 / s.measured_ratio for s in served) if served and not is_drop else None
        ),
        measured_bytes=measured.sizes.get(recommendation.number_key),
        measured_build_us=build_us,
        served=() if is_drop else tuple(s.fingerprint for s in served),
    )


def _saved_us(speeds: Sequence[SpeedComparison]) -> float:
    return sum(s.calls * (s.measured_baseline_us - s.measured_patched_us) for s in speeds)


@dataclass(frozen=True, slots=True)
class Balance:
    """What a change saves readers and costs builds, measured, a day."""

    saved_us_per_day: float
    build_us_per_day: float

    @property
    def net_us_per_day(self) -> float:
        """Above zero: worth its builds."""
        return self.saved_us_per_day - self.build_us_per_day

    @property
    def readers(self) -> str:
        """What readers gain, in words."""
        verb = "save" if self.saved_us_per_day >= 0 else "lose"
        return f"its queries {verb} {abs(self.saved_us_per_day) / 1e6:.2f} s a day"

    @property
    def builds(self) -> str:
        """What the model's builds gain, in words."""
        verb = "cost" if self.build_us_per_day >= 0 else "save"
        return f"its model's builds {verb} {abs(self.build_us_per_day) / 1e6:.2f} s a day"

    def __str__(self) -> str:
        """Both, measured with all changes of the trial in place."""
        return f"{self.readers}, {self.builds}"


def _objections(
    recommendation: Recommendation, served: Sequence[SpeedComparison], measured: Measured
) -> tuple[str, ...]:
    """Reasons that no gain can outweigh: another result, or a slower query."""
    return _differing_results(recommendation, measured) or tuple(
        f"query {s.fingerprint} takes {s.measured_ratio:.2f}x its time "
        f"(95 % interval {s.ratio_low:.2f}..{s.ratio_high:.2f})"
        for s in served
        if slower_beyond_noise(s)
    )


def _gain(
    spec: Spec, served: Sequence[SpeedComparison], balance: Balance
) -> tuple[Decision, str, str]:
    """Weigh a change that nothing speaks against."""
    winners = sum(faster_beyond_noise(s) for s in served)
    match spec:
        case DropIndexSpec():
            return Decision.ACCEPT, "no query became slower without it", balance.builds
        case MaterializationSpec(materialized="view") if balance.net_us_per_day > 0:
            return Decision.ACCEPT, "no query became slower beyond noise", balance.builds
        case MaterializationSpec(materialized="view"):
            return Decision.INCONCLUSIVE, "no gain beyond noise", str(balance)
        case _ if not winners:
            reason = "no query became faster beyond noise" if served else "no query uses it"
            return Decision.REJECT, reason, str(balance)
        case _ if balance.net_us_per_day <= 0:
            reason = "it costs builds more time than it saves readers"
            return Decision.REJECT, reason, str(balance)
        case _:
            reason = f"{winners} of {len(served)} queries faster beyond noise"
            return Decision.ACCEPT, reason, str(balance)


def _differing_results(recommendation: Recommendation, measured: Measured) -> tuple[str, ...]:
    relation = recommendation.spec.relation
    return tuple(
        f"results of {check.subject} differ: {check.note}".rstrip(": ")
        for check in measured.results
        if check.identical is False
        and (
            relation in measured.touched.get(check.subject, frozenset())
            or measured.model_relations.get(check.subject) == relation
        )
    )
