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
_ASKED = "outlook_age_days"  # a feature of those subjects alone of which the planner was asked
_QUIET_RATIO = 1.1  # a tenth slower is within what a median of seven runs moves by itself

_Rows = NDArray[np.float32]
_Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one case."""

    chance: float  # of a degradation within the next seven runs
    flip_chance: float | None  # of another plan within the horizon; None: no planner was asked
    low: float  # of log(time at the horizon / level)
    middle: float
    high: float
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Cases, and what is said of them whatever the horizon."""

    cases: tuple[Case, ...]
    rows: _Rows
    contributions: _Numbers  # to the log-odds of a degradation
    chances: _Numbers
    answers: dict[float, list[Answer]]  # by days ahead, as far as they were asked for


class Ensembles:
    """Trees, loaded. They remember the last cases: limits ask of the same ones day after day."""

    def __init__(self, trees: Trees) -> None:
        """Raises PredictorError where the text is none of LightGBM's."""
        self._trees = trees
        self._boosters = {
            name: _booster(text) for name in ENSEMBLES if (text := getattr(trees, name))
        }
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
        contributions, log_odds = self._contributions("degraded", rows)
        return _Batch(cases, rows, contributions, self._trees.chance(log_odds), {})

    def _answers(self, batch: _Batch, days: float) -> list[Answer]:
        projected = [projected_log_ratio(case, days) for case in batch.cases]
        ahead = np.full(len(batch.rows), days)
        wide = np.column_stack((batch.rows, ahead, projected)).astype(np.float32)
        low, middle, high = np.sort([self._said(name, wide) for name in QUANTILES], axis=0)
        wider = self._trees.correction.at(days)
        low, high = np.minimum(low - wider, middle), np.maximum(high + wider, middle)
        return [
            Answer(*each)
            for each in zip(
                batch.chances.tolist(),
                self._flip_chances(batch, wide),
                *(low.tolist(), middle.tolist(), high.tolist()),
                self._causes(batch, wide, middle),
                strict=True,
            )
        ]

    def _flip_chances(self, batch: _Batch, wide: _Rows) -> list[float | None]:
        """Return chances where the planner was asked what it would do."""
        found: list[float | None] = [None] * len(batch.cases)
        if "flips" not in self._boosters or _ASKED not in self._trees.features:
            return found
        asked = np.flatnonzero(~np.isnan(wide[:, self._trees.features.index(_ASKED)])).tolist()
        if asked:
            chances = self._trees.flip_chance(self._said("flips", wide[asked], raw_score=True))
            for number, chance in zip(asked, chances.tolist(), strict=True):
                found[number] = chance
        return found

    def _causes(self, batch: _Batch, wide: _Rows, middle: _Numbers) -> list[tuple[Cause, ...]]:
        """Explain what is likely to degrade, or else what gets slower bit by bit, if anything."""
        is_likely = batch.chances >= self._trees.base_rate
        creeping = np.flatnonzero(~is_likely & (middle >= log(_QUIET_RATIO))).tolist()
        names, kinds = self._trees.features, self._trees.causes
        found = {
            number: pushes(batch.contributions[number].tolist(), names, kinds)
            for number in np.flatnonzero(is_likely).tolist()
        }
        if creeping:
            slower, _ = self._contributions("middle", wide[creeping])
            names = (*names, *HORIZON_FEATURES)
            for number, each in zip(creeping, slower.tolist(), strict=True):
                found[number] = pushes(each, names, kinds)
        return [causes(case, found.get(number, {})) for number, case in enumerate(batch.cases)]

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
