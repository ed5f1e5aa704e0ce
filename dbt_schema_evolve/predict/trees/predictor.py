"""Forecasts from trees: how likely a degradation is, how slow it gets, and the leading cause."""

from collections.abc import Sequence
from math import copysign, exp, expm1, log, log1p, pi, sqrt

import lightgbm
import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.predict.bundle import Bundle, unreadable
from dbt_schema_evolve.predict.history import MIN_WINDOWS, RECENT, Level, latest
from dbt_schema_evolve.predict.intervals import COVERAGE, student
from dbt_schema_evolve.predict.trees.causes import because, causes, pushes
from dbt_schema_evolve.predict.trees.table import HORIZONS, case_rows, projected_log_ratio
from dbt_schema_evolve.predict.trees.trees import ENSEMBLES, trees_of
from dbt_schema_evolve.records.forecasts import Case, Cause, Forecast
from dbt_schema_evolve.records.workload import Skip

_FARTHEST = HORIZONS[-1]
_MOST = 50.0  # of a logarithm: beyond it a forecast is not a number that anybody can use
_QUIET_RATIO = 1.1  # a tenth slower is within what a median of seven runs moves by itself


class TreePredictor:
    """Says what gradient-boosted trees learned; a short history makes its intervals wider."""

    def __init__(self, bundle: Bundle) -> None:
        """Load the ensembles; raises PredictorError where they are none."""
        self._trees = trees_of(bundle)
        self._boosters = {name: _booster(getattr(self._trees, name)) for name in ENSEMBLES}

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return a forecast for each case that ever ran, however short its history."""
        levels = [latest(case, horizon_days) for case in cases]
        known = [case for case, now in zip(cases, levels, strict=True) if isinstance(now, Level)]
        if not known:
            return tuple(now for now in levels if isinstance(now, Skip))
        rows = case_rows(known, self._trees.features)
        chances, leading = self._chances(known, rows)
        ranges = self._log_ratios(known, rows, horizon_days)
        answers = iter(zip(known, chances, leading, ranges, strict=True))
        return tuple(
            now if isinstance(now, Skip) else self._forecast(now, horizon_days, *next(answers))
            for now in levels
        )

    def _chances(
        self, cases: Sequence[Case], rows: NDArray[np.float32]
    ) -> tuple[list[float], list[tuple[Cause, ...]]]:
        """Return how likely each case is to degrade, and what speaks for it."""
        trees = self._trees
        # A contribution for each feature, and last what all have in common.
        contributions = np.asarray(self._boosters["degraded"].predict(rows, pred_contrib=True))
        chances = trees.chance(contributions.sum(axis=1)).tolist()
        leading = [
            causes(case, pushes(each[:-1], trees.features, trees.causes))
            for case, each in zip(cases, contributions, strict=True)
        ]
        return chances, leading

    def _log_ratios(
        self, cases: Sequence[Case], rows: NDArray[np.float32], horizon_days: float
    ) -> list[list[float]]:
        """Return low, middle and high of log(time at the horizon / level) for each case."""
        days = min(horizon_days, _FARTHEST)
        projected = [projected_log_ratio(case, days) for case in cases]
        wide = np.column_stack((rows, np.full(len(rows), days), projected)).astype(np.float32)
        said = [self._boosters[name].predict(wide) for name in ("low", "middle", "high")]
        low, middle, high = np.sort(np.array(said), axis=0)
        wider = self._trees.correction.at(days)
        low, high = np.minimum(low - wider, middle), np.maximum(high + wider, middle)
        found: list[list[float]] = np.stack((low, middle, high), axis=1).tolist()
        return found

    def _forecast(
        self, now: Level, horizon_days: float, case: Case, chance: float,
        leading: tuple[Cause, ...], log_ratios: Sequence[float],
    ) -> Forecast:  # fmt: skip
        low, middle, high = _extended(log_ratios, horizon_days)
        stretch = _stretch(len(now.recent))
        quiet = chance < self._trees.base_rate and middle < log(_QUIET_RATIO)
        named = () if quiet else leading
        return Forecast(
            subject=case.subject,
            made_at=case.cutoff,
            horizon_days=horizon_days,
            measured_us=now.us,
            predicted_us=_exp(now.log_us + middle),
            predicted_low_us=_exp(now.log_us + middle - stretch * (middle - low)),
            predicted_high_us=_exp(now.log_us + middle + stretch * (high - middle)),
            coverage=COVERAGE,
            cause_id=named[0].node_id if named else "",
            reason=because(named) + _caveat(len(now.recent)),
            predicted_probability=chance,
            causes=named,
        )


def _booster(text: str) -> lightgbm.Booster:
    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise unreadable(str(error), "") from error


def _extended(log_ratios: Sequence[float], horizon_days: float) -> tuple[float, float, float]:
    """Go on beyond the last horizon that was learned, ever wider.

    Rows grow by so many a day or by a share of themselves; which of them, nobody can tell from a
    month. The middle takes the line, and each end whichever of both lies further out.
    """
    low, middle, high = log_ratios
    times = horizon_days / _FARTHEST
    if times <= 1:
        return low, middle, high
    return (
        min(_line(low, times), low * times),
        _line(middle, times),
        max(_line(high, times), high * times),
    )


def _line(log_ratio: float, times: float) -> float:
    return copysign(log1p(expm1(min(abs(log_ratio), _MOST)) * times), log_ratio)


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
