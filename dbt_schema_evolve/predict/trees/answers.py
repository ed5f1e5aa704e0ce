"""What the ensembles say of many cases at one horizon, made honest, with what speaks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.predict.bundle import unreadable
from dbt_schema_evolve.predict.trees.causes import causes, pushes
from dbt_schema_evolve.predict.trees.table import (
    HORIZON_FEATURES,
    HORIZONS,
    case_rows,
    projected_log_ratio,
)
from dbt_schema_evolve.predict.trees.trees import ENSEMBLES, QUANTILES, Trees
from dbt_schema_evolve.records.forecasts import Case, Cause

FARTHEST_DAYS = HORIZONS[-1]
_QUIET_RATIO = 1.1  # a tenth slower is within what a median of seven runs moves by itself

_Rows = NDArray[np.float32]
_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one case."""

    chance: float  # of a degradation within the next seven runs
    low: float  # of log(time at the horizon / level)
    middle: float
    high: float
    causes: tuple[Cause, ...]


class Ensembles:
    """Trees, loaded."""

    def __init__(self, trees: Trees) -> None:
        """Raises PredictorError where the text is none of LightGBM's."""
        self._trees = trees
        self._boosters = {name: _booster(getattr(trees, name)) for name in ENSEMBLES}

    def answers(self, cases: Sequence[Case], horizon_days: float) -> list[Answer]:
        """Return one a case; beyond FARTHEST_DAYS, that of FARTHEST_DAYS."""
        rows = case_rows(cases, self._trees.features)
        days = min(horizon_days, FARTHEST_DAYS)
        projected = [projected_log_ratio(case, days) for case in cases]
        wide = np.column_stack((rows, np.full(len(rows), days), projected)).astype(np.float32)

        contributions, log_odds = self._contributions("degraded", rows)
        chances = self._trees.chance(log_odds)
        low, middle, high = np.sort([self._said(name, wide) for name in QUANTILES], axis=0)
        wider = self._trees.correction.at(days)
        low, high = np.minimum(low - wider, middle), np.maximum(high + wider, middle)

        found = self._causes(cases, contributions, wide, chances, middle)
        ends = zip(chances.tolist(), low.tolist(), middle.tolist(), high.tolist(), strict=True)
        return [Answer(*each, why) for each, why in zip(ends, found, strict=True)]

    def _causes(
        self, cases: Sequence[Case], contributions: _Numbers, wide: _Rows, chances: _Numbers,
        middle: _Numbers,
    ) -> list[tuple[Cause, ...]]:  # fmt: skip
        """Explain what is likely to degrade, or else what gets slower bit by bit, if anything."""
        is_likely = chances >= self._trees.base_rate
        likely = np.flatnonzero(is_likely)
        creeping = np.flatnonzero(~is_likely & (middle >= log(_QUIET_RATIO))).tolist()
        names, kinds = self._trees.features, self._trees.causes
        found = {n: pushes(contributions[n].tolist(), names, kinds) for n in likely.tolist()}
        if creeping:
            slower, _ = self._contributions("middle", wide[creeping])
            names = (*names, *HORIZON_FEATURES)
            for n, each in zip(creeping, slower.tolist(), strict=True):
                found[n] = pushes(each, names, kinds)
        return [causes(case, found.get(n, {})) for n, case in enumerate(cases)]

    def _contributions(self, ensemble: str, rows: _Rows) -> tuple[_Numbers, _Numbers]:
        """Return what each feature adds to what all rows have in common, and the sum of both."""
        found = self._said(ensemble, rows, pred_contrib=True)
        return found[:, :-1], found.sum(axis=1)

    def _said(self, ensemble: str, rows: _Rows, **how: Any) -> _Numbers:
        # One thread: a second that shares its core costs more than it brings.
        return np.asarray(self._boosters[ensemble].predict(rows, num_threads=1, **how))


def _booster(text: str) -> lightgbm.Booster:
    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise unreadable(str(error), "") from error
