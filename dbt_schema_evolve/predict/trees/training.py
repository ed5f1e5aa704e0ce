"""Examples -> Trees: the same at each run, and honest about groups that were not learned from.

Everything is cross-fitted by group: five times a fifth of the groups is left out, and what the
trees of the other four fifths say of it decides how many trees there are, what a score means as a
probability, and how wide intervals have to be. The trees that are kept learn from all groups.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, cast

import lightgbm
import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict import conformal
from dbt_schema_evolve.predict.conformal import Correction
from dbt_schema_evolve.predict.intervals import COVERAGE
from dbt_schema_evolve.predict.trees.chance import Chance, brier, chance
from dbt_schema_evolve.predict.trees.table import (
    FOLDS,
    GROWTH_FEATURES,
    HORIZON_FEATURES,
    Floats,
    Table,
    table,
)
from dbt_schema_evolve.predict.trees.trees import Trees
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import CauseKind

CauseOf = Callable[[str], CauseKind | None]

_MOST_TREES = 20  # at a learning rate of 1; so many more as it is smaller
_PATIENCE = 20  # trees without any gain on left-out groups
_SETTINGS: dict[str, Any] = {
    "learning_rate": 0.1,
    "max_bin": 63,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "lambda_l2": 10.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # two that share a core wait for each other: ten times as long
    "verbose": -1,
}
# All else equal, more growth ahead is never the smaller chance. It costs unseen projects nothing;
# of regimes that were left out of training, backfills gain 0.02 of the PR-AUC, exponentials 0.01.
_RISING = "projected_"
_CLASSES = _SETTINGS | {"objective": "binary", "metric": "binary_logloss"}
# Chances of a degradation are worth finer trees: 0.015 of the PR-AUC on the 200 projects of the
# fleet, left out by project. Twice the leaves at half the rate bring 0.001 more at twice the size;
# fewer features a tree, fewer rows a leaf or stronger regularisation bring less.
CHANCES = _CLASSES | {
    "learning_rate": 0.05,
    "max_bin": 255,
    "num_leaves": 31,
    "lambda_l2": 1.0,
    "bagging_fraction": 0.9,
}
_QUANTILES = {
    name: _SETTINGS | {"objective": "quantile", "metric": "quantile", "alpha": alpha}
    for name, alpha in (
        ("low", (1 - COVERAGE) / 2),
        ("middle", 0.5),
        ("high", (1 + COVERAGE) / 2),
    )
}

# What corrects a prior: few trees, and none where own history is too short to say anything.
_OWN_TREES = 30
_LEAST_DEGRADED = 30
_LEAST_FUTURES = 500

Fold = tuple[NDArray[np.int64], NDArray[np.int64]]  # rows to learn from, rows left out


def train(examples: Iterable[Example], cause_of: CauseOf) -> Trees:
    """Learn from scratch; examples are read one at a time. Raises PredictorError without any."""
    known = table(examples)
    if np.isfinite(known.degraded).sum() < FOLDS or len(known.future.came) < FOLDS:
        raise PredictorError(
            "there is nothing to learn from: of no moment is it known what came of it",
            remedy="wait until two weeks of history are there",
        )
    nothing = Trees(
        features=known.names,
        causes=_causes(known.names, cause_of),
        degraded="",
        low="",
        middle="",
        high="",
        flips="",
        chance=Chance(1.0, 0.0),
        flip_chance=Chance(1.0, 0.0),
        correction=Correction((0.0,) * len(conformal.BANDS)),
        base_rate=0.0,
        figures={},
    )
    return _with_flips(_with_quantiles(_with_degradation(nothing, known), known), known)


def fine_tune(prior: Trees, examples: Iterable[Example]) -> Trees:
    """Correct a prior by one's own history; what that is too short for stays as it is.

    So do flips: a single warehouse has too few of them.
    """
    known = table(examples, prior.features)
    tuned = prior
    if np.nansum(known.degraded) >= _LEAST_DEGRADED:
        tuned = _with_degradation(tuned, known)
    if len(known.future.came) >= _LEAST_FUTURES:
        tuned = _with_quantiles(tuned, known)
    return tuned


def _with_degradation(start: Trees, known: Table) -> Trees:
    scored = np.flatnonzero(~np.isnan(known.degraded))
    truth, groups = known.degraded[scored], _numbered(known.groups)[scored]
    rising = [int(name.startswith(_RISING)) for name in known.names]
    settings = (_CLASSES if start.degraded else CHANCES) | {"monotone_constraints": rising}
    fitted = _fit(settings, known.rows[scored], truth, groups, known.names, start.degraded)
    said = chance(fitted.left_out, truth)
    base_rate = float(np.mean(truth))
    figures = {
        "brier": brier(said(fitted.left_out), truth),
        "brier_of_base_rate": base_rate * (1 - base_rate),
    }
    return replace(
        start,
        degraded=fitted.text,
        chance=said,
        base_rate=base_rate,
        figures={**start.figures, **figures},
    )


def _with_quantiles(start: Trees, known: Table) -> Trees:
    future, rows = known.future, known.at_horizons(known.future)
    groups = _numbered(known.groups)[future.example]
    names = (*known.names, *HORIZON_FEATURES)
    fitted = {
        name: _fit(settings, rows, future.came, groups, names, getattr(start, name))
        for name, settings in _QUANTILES.items()
    }
    missed = conformal.misses(fitted["low"].left_out, fitted["high"].left_out, future.came)
    return replace(
        start,
        low=fitted["low"].text,
        middle=fitted["middle"].text,
        high=fitted["high"].text,
        correction=conformal.correction(future.horizon, missed, groups, COVERAGE),
        figures={**start.figures, "coverage_uncorrected": float(np.mean(missed <= 0))},
    )


def _with_flips(start: Trees, known: Table) -> Trees:
    flips = known.flips
    if len(set(flips.came.tolist())) < len((0, 1)):
        return start
    groups = _numbered(known.groups)[flips.example]
    names = (*known.names, *HORIZON_FEATURES)
    fitted = _fit(_CLASSES, known.at_horizons(flips), flips.came, groups, names, "")
    return replace(start, flips=fitted.text, flip_chance=chance(fitted.left_out, flips.came))


@dataclass(frozen=True, slots=True)
class _Fitted:
    text: str
    left_out: NDArray[np.float64]  # what was said of each row by trees that did not learn from it


def _fit(
    settings: dict[str, Any], rows: Floats, answers: Floats, groups: NDArray[np.int64],
    names: Sequence[str], start: str,
) -> _Fitted:  # fmt: skip
    """Fit as many trees as left-out groups gain from; to those of a start, a few more."""
    data = lightgbm.Dataset(
        rows, answers, feature_name=list(names), params=settings, free_raw_data=False
    )
    before = lightgbm.Booster(model_str=start) if start else None
    folds = _folds(groups)
    found = lightgbm.cv(
        settings,
        data,
        num_boost_round=_OWN_TREES if start else round(_MOST_TREES / settings["learning_rate"]),
        folds=folds,
        init_model=before,
        callbacks=[] if start else [lightgbm.early_stopping(_PATIENCE, verbose=False)],
        return_cvbooster=True,
    )
    crossed = cast("lightgbm.CVBooster", found["cvbooster"])
    trees = _OWN_TREES if start else crossed.best_iteration
    left_out = np.zeros(len(rows))
    for booster, (_, out) in zip(crossed.boosters, folds, strict=True):
        until = booster.num_trees() if start else trees
        left_out[out] = booster.predict(rows[out], raw_score=True, num_iteration=until)
    whole = lightgbm.train(settings, data, num_boost_round=trees, init_model=before)
    return _Fitted(whole.model_to_string(), left_out)


def _folds(groups: NDArray[np.int64]) -> list[Fold]:
    fold_of = groups % FOLDS
    return [
        (np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold))
        for fold in sorted(set(fold_of.tolist()))
    ]


def _numbered(groups: Sequence[str]) -> NDArray[np.int64]:
    """Number groups in an order that has nothing to do with their names, but is always the same."""
    shuffled = sorted(set(groups), key=lambda group: sha256(group.encode()).digest())
    number = {group: place for place, group in enumerate(shuffled)}
    return np.array([number[group] for group in groups], np.int64)


def _causes(names: Sequence[str], cause_of: CauseOf) -> dict[str, CauseKind]:
    asked = {name: cause_of(name) for name in names if name not in GROWTH_FEATURES}
    known = {name: kind for name, kind in asked.items() if kind is not None}
    return known | dict.fromkeys(GROWTH_FEATURES, CauseKind.GROWTH)
