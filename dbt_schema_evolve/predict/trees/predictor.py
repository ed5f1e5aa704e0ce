"""Forecasts from trees: how likely a degradation is, how slow it gets, and the leading cause."""

from collections.abc import Sequence
from itertools import repeat
from math import copysign, exp, expm1, log1p

from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.history import MIN_WINDOWS, Level, latest
from dbt_schema_evolve.predict.intervals import COVERAGE
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.trees.answers import FARTHEST_DAYS, Answer, Ensembles, Quantiles
from dbt_schema_evolve.predict.trees.causes import because
from dbt_schema_evolve.predict.trees.trees import trees_of
from dbt_schema_evolve.records.forecasts import Case, Course, Forecast
from dbt_schema_evolve.records.workload import Skip

_MOST = 50.0  # of a logarithm: beyond it a forecast is not a number that anybody can use


class TreePredictor(Predictor):
    """Says what gradient-boosted trees learned, of short histories too: those are less certain."""

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

    def courses(
        self, cases: Sequence[Case], horizons_days: Sequence[float]
    ) -> tuple[Course | Skip, ...]:
        """Return the times of such forecasts: that takes a fifth of the work."""
        levels = [latest(case, min(horizons_days)) for case in cases]
        known = [case for case, now in zip(cases, levels, strict=True) if isinstance(now, Level)]
        at_horizons = self._ensembles.quantiles(known, horizons_days) if known else ()
        answers = zip(*at_horizons, strict=True)
        return tuple(
            now if isinstance(now, Skip) else _course(case, now, horizons_days, next(answers))
            for case, now in zip(cases, levels, strict=True)
        )


def _course(
    case: Case, now: Level, horizons_days: Sequence[float], answers: Sequence[Quantiles]
) -> Course:
    times = map(_times, repeat(now), horizons_days, answers)
    low, middle, high = zip(*times, strict=True)
    return Course(case.subject, case.cutoff, now.us, middle, low, high)


def _forecast(case: Case, now: Level, horizon_days: float, answer: Answer) -> Forecast:
    low_us, middle_us, high_us = _times(now, horizon_days, answer.log_ratio)
    return Forecast(
        subject=case.subject,
        made_at=case.cutoff,
        horizon_days=horizon_days,
        measured_us=now.us,
        predicted_us=middle_us,
        predicted_low_us=low_us,
        predicted_high_us=high_us,
        coverage=COVERAGE,
        cause_id=answer.causes[0].node_id if answer.causes else "",
        reason=because(answer.causes) + _caveat(len(now.recent)),
        predicted_probability=answer.chance,
        causes=answer.causes,
        flip_probability=answer.flip_chance,
    )


def _times(now: Level, horizon_days: float, log_ratio: Quantiles) -> tuple[float, float, float]:
    low, middle, high = _extended(log_ratio, horizon_days)
    return _exp(now.log_us + low), _exp(now.log_us + middle), _exp(now.log_us + high)


def _extended(log_ratio: Quantiles, horizon_days: float) -> Quantiles:
    """Go on beyond the last horizon that was learned: along a line, and as much wider as further.

    Rows may grow by so many a day or by a share of themselves: of what grows 2 % a day, the
    interval after 90 days holds both.
    """
    low, middle, high = log_ratio
    times = horizon_days / FARTHEST_DAYS
    if times <= 1:
        return log_ratio
    line = copysign(log1p(expm1(min(abs(middle), _MOST)) * times), middle)
    return Quantiles(line - (middle - low) * times, line, line + (high - middle) * times)


def _caveat(windows: int) -> str:
    if windows >= MIN_WINDOWS:
        return ""
    seen = "one window" if windows == 1 else f"{windows} windows"
    return f"; seen in {seen} only, so the interval is wide"


def _exp(value: float) -> float:
    return exp(max(-_MOST, min(_MOST, value)))
