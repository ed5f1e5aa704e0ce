"""Forecasts from trees: how likely a degradation is, how slow it gets, and the leading cause."""

from collections.abc import Sequence
from math import copysign, exp, expm1, log1p, pi, sqrt

from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.history import MIN_WINDOWS, RECENT, Level, latest
from dbt_schema_evolve.predict.intervals import COVERAGE, student
from dbt_schema_evolve.predict.trees.answers import FARTHEST_DAYS, Answer, Ensembles
from dbt_schema_evolve.predict.trees.causes import because
from dbt_schema_evolve.predict.trees.trees import trees_of
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip

_MOST = 50.0  # of a logarithm: beyond it a forecast is not a number that anybody can use


class TreePredictor:
    """Says what gradient-boosted trees learned; a short history makes its intervals wider."""

    def __init__(self, bundle: Bundle) -> None:
        """Load the ensembles; raises PredictorError where the bundle holds none."""
        self._ensembles = Ensembles(trees_of(bundle))

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return a forecast for each case that ever ran, however short its history."""
        levels = [latest(case, horizon_days) for case in cases]
        known = [case for case, now in zip(cases, levels, strict=True) if isinstance(now, Level)]
        answers = iter(self._ensembles.answers(known, horizon_days) if known else ())
        return tuple(
            now if isinstance(now, Skip) else _forecast(case, now, horizon_days, next(answers))
            for case, now in zip(cases, levels, strict=True)
        )


def _forecast(case: Case, now: Level, horizon_days: float, answer: Answer) -> Forecast:
    low, middle, high = _extended(answer, horizon_days)
    wider = _stretch(len(now.recent))
    return Forecast(
        subject=case.subject,
        made_at=case.cutoff,
        horizon_days=horizon_days,
        measured_us=now.us,
        predicted_us=_exp(now.log_us + middle),
        predicted_low_us=_exp(now.log_us + middle - wider * (middle - low)),
        predicted_high_us=_exp(now.log_us + middle + wider * (high - middle)),
        coverage=COVERAGE,
        cause_id=answer.causes[0].node_id if answer.causes else "",
        reason=because(answer.causes) + _caveat(len(now.recent)),
        predicted_probability=answer.chance,
        causes=answer.causes,
        flip_probability=answer.flip_chance,
    )


def _extended(answer: Answer, horizon_days: float) -> tuple[float, float, float]:
    """Go on beyond the last horizon that was learned: along a line, and as much wider as further.

    Rows may grow by so many a day or by a share of themselves: of what grows 2 % a day, the
    interval after 90 days holds both.
    """
    low, middle, high = answer.low, answer.middle, answer.high
    times = horizon_days / FARTHEST_DAYS
    if times <= 1:
        return low, middle, high
    line = copysign(log1p(expm1(min(abs(middle), _MOST)) * times), middle)
    return line - (middle - low) * times, line, line + (high - middle) * times


def _stretch(windows: int) -> float:
    """Return how much wider an interval is whose level rests on few windows.

    With n of them the level's own scatter adds pi / (2 n) to the outcome's variance, and few points
    have Student's quantiles; trees learned from levels of RECENT windows.
    """
    here, learned = (student(count - 2) * sqrt(1 + pi / (2 * count)) for count in (windows, RECENT))
    return here / learned


def _caveat(windows: int) -> str:
    if windows >= MIN_WINDOWS:
        return ""
    seen = "one window" if windows == 1 else f"{windows} windows"
    return f"; seen in {seen} only, so the interval is wide"


def _exp(value: float) -> float:
    return exp(max(-_MOST, min(_MOST, value)))
