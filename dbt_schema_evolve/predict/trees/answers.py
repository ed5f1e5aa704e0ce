"""What the ensembles say of many cases at one horizon, made honest, with what speaks for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.predict.bundle import unreadable
from dbt_schema_evolve.predict.trees.causes import Pushes, causes, pushes
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
_Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one case."""

    chance: float  # of a degradation within the next seven runs
    low: float  # of log(time at the horizon / level)
    middle: float
    high: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Cases, and what is said of them whatever the horizon."""

    cases: tuple[Case, ...]
    rows: _Rows
    chances: _Numbers
    pushes: Mapping[int, Pushes]  # towards a degradation, by the number of a case that is likely to
    answers: dict[float, list[Answer]]  # by days ahead, as far as they were asked for


class Ensembles:
    """Trees, loaded. They remember the last cases: limits ask of the same ones day after day."""

    def __init__(self, trees: Trees) -> None:
        """Raises PredictorError where the text is none of LightGBM's."""
        self._trees = trees
        self._boosters = {name: _booster(getattr(trees, name)) for name in ENSEMBLES}
        self._latest: _Batch | None = None

    def answers(self, cases: Sequence[Case], horizon_days: float) -> list[Answer]:
        """Return one a case; beyond FARTHEST_DAYS, that of FARTHEST_DAYS."""
        asked = tuple(cases)
        batch = self._latest
        if batch is None or batch.cases != asked:
            batch = self._latest = self._batch(asked)
        days = min(horizon_days, FARTHEST_DAYS)
        if days not in batch.answers:
            batch.answers[days] = self._answers(batch, days)
        return batch.answers[days]

    def _batch(self, cases: tuple[Case, ...]) -> _Batch:
        rows = case_rows(cases, self._trees.features)
        chances = self._trees.chance(self._said("degraded", rows, raw_score=True))
        likely = np.flatnonzero(chances >= self._trees.base_rate)
        return _Batch(cases, rows, chances, self._pushes("degraded", rows, likely), {})

    def _answers(self, batch: _Batch, days: float) -> list[Answer]:
        projected = [projected_log_ratio(case, days) for case in batch.cases]
        ahead = np.full(len(batch.rows), days)
        wide = np.column_stack((batch.rows, ahead, projected)).astype(np.float32)
        low, middle, high = np.sort([self._said(name, wide) for name in QUANTILES], axis=0)
        wider = self._trees.correction.at(days)
        low, high = np.minimum(low - wider, middle), np.maximum(high + wider, middle)
        ends = zip(low.tolist(), middle.tolist(), high.tolist(), strict=True)
        return [
            Answer(chance, *each, why)
            for chance, each, why in zip(
                batch.chances.tolist(), ends, self._causes(batch, wide, middle), strict=True
            )
        ]

    def _causes(self, batch: _Batch, wide: _Rows, middle: _Numbers) -> list[tuple[Cause, ...]]:
        """Explain what is likely to degrade, or else what gets slower bit by bit, if anything."""
        unlikely = batch.chances < self._trees.base_rate
        creeping = np.flatnonzero(unlikely & (middle >= log(_QUIET_RATIO)))
        found = {**batch.pushes, **self._pushes("middle", wide, creeping)}
        return [causes(case, found.get(number, {})) for number, case in enumerate(batch.cases)]

    def _pushes(self, ensemble: str, rows: _Rows, chosen: _Places) -> Mapping[int, Pushes]:
        """Return what makes trees say so much of some rows, at a hundred times the work of it."""
        if not len(chosen):
            return {}
        names = (*self._trees.features, *HORIZON_FEATURES)[: rows.shape[1]]
        # The last contribution is what all rows have in common.
        found = self._said(ensemble, rows[chosen], pred_contrib=True)[:, :-1]
        return {
            number: pushes(each, names, self._trees.causes)
            for number, each in zip(chosen.tolist(), found.tolist(), strict=True)
        }

    def _said(self, ensemble: str, rows: _Rows, **how: Any) -> _Numbers:
        # One thread: a second that shares its core costs more than it brings.
        return np.asarray(self._boosters[ensemble].predict(rows, num_threads=1, **how))


def _booster(text: str) -> lightgbm.Booster:
    try:
        return lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise unreadable(str(error), "") from error
