"""What the ensembles say of many cases at one horizon, made honest, with what speaks for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, NamedTuple

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
_ASKED = "outlook_age_days"  # a feature of those subjects alone of which the planner was asked
_QUIET_RATIO = 1.1  # a tenth slower is within what a median of seven runs moves by itself

_Rows = NDArray[np.float32]
_Numbers = NDArray[np.float64]
_Places = NDArray[np.intp]


class Quantiles(NamedTuple):
    """Of log(time at the horizon / level)."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one case."""

    chance: float  # of a degradation within the next seven runs
    flip_chance: float | None  # of another plan within the horizon; None: no planner was asked
    log_ratio: Quantiles
    causes: tuple[Cause, ...]


class Ensembles:
    """Trees, loaded; beyond FARTHEST_DAYS they say what they say of FARTHEST_DAYS."""

    def __init__(self, trees: Trees) -> None:
        """Raises PredictorError where the text is none of LightGBM's, or of other features."""
        self._trees = trees
        wide = (*trees.features, *HORIZON_FEATURES)
        self._boosters = {
            name: _booster(text, trees.features if name == "degraded" else wide)
            for name in ENSEMBLES
            if (text := getattr(trees, name))
        }

    def answers(self, cases: Sequence[Case], horizon_days: float) -> list[Answer]:
        """Return one a case, with what speaks for it."""
        rows = case_rows(cases, self._trees.features)
        wide = _at_horizon(rows, cases, horizon_days)
        quantiles = self._quantiles(wide, horizon_days)
        chances = self._trees.chance(self._said("degraded", rows, raw_score=True))
        flips = self._flip_chances(wide)
        pushed = self._explained(rows, wide, chances, quantiles)
        return [
            Answer(chance, flips.get(number), log_ratio, causes(case, pushed.get(number, {})))
            for number, (case, chance, log_ratio) in enumerate(
                zip(cases, chances.tolist(), quantiles, strict=True)
            )
        ]

    def quantiles(
        self, cases: Sequence[Case], horizons_days: Iterable[float]
    ) -> Iterator[list[Quantiles]]:
        """Yield those of all cases, horizon by horizon."""
        rows = case_rows(cases, self._trees.features)
        known: dict[float, list[Quantiles]] = {}
        for days in horizons_days:
            nearer = min(days, FARTHEST_DAYS)
            if nearer not in known:
                known[nearer] = self._quantiles(_at_horizon(rows, cases, nearer), nearer)
            yield known[nearer]

    def _quantiles(self, wide: _Rows, days: float) -> list[Quantiles]:
        low, middle, high = np.sort([self._said(name, wide) for name in QUANTILES], axis=0)
        wider = self._trees.correction.at(min(days, FARTHEST_DAYS))
        low, high = np.minimum(low - wider, middle), np.maximum(high + wider, middle)
        return list(map(Quantiles, low.tolist(), middle.tolist(), high.tolist()))

    def _flip_chances(self, wide: _Rows) -> Mapping[int, float]:
        """Return chances of those rows whose planner was asked what it would do."""
        if "flips" not in self._boosters or _ASKED not in self._trees.features:
            return {}
        asked = np.flatnonzero(~np.isnan(wide[:, self._trees.features.index(_ASKED)]))
        if not len(asked):
            return {}
        chances = self._trees.flip_chance(self._said("flips", wide[asked], raw_score=True))
        return dict(zip(asked.tolist(), chances.tolist(), strict=True))

    def _explained(
        self, rows: _Rows, wide: _Rows, chances: _Numbers, quantiles: Sequence[Quantiles]
    ) -> Mapping[int, Pushes]:
        """Explain what is likely to degrade, or else what gets slower bit by bit, if anything."""
        likely = chances >= self._trees.base_rate
        slower = np.array([each.middle >= log(_QUIET_RATIO) for each in quantiles], dtype=bool)
        return {
            **self._pushes("degraded", rows, np.flatnonzero(likely)),
            **self._pushes("middle", wide, np.flatnonzero(~likely & slower)),
        }

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


def _at_horizon(rows: _Rows, cases: Sequence[Case], horizon_days: float) -> _Rows:
    """Return rows with HORIZON_FEATURES behind them."""
    days = min(horizon_days, FARTHEST_DAYS)
    projected = [projected_log_ratio(case, days) for case in cases]
    ahead = np.full(len(rows), days)
    return np.column_stack((rows, ahead, projected)).astype(np.float32)


def _booster(text: str, features: Sequence[str]) -> lightgbm.Booster:
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise unreadable(str(error), "") from error
    if booster.feature_name() != list(features):
        raise unreadable("its trees have learned other features than it lists", "")
    return booster
