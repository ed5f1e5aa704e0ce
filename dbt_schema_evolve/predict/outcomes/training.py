"""Outcomes -> a Bundle: small, the same at each run, and never wiser than its data."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dbt_schema_evolve.predict.outcomes.bundle import Bundle
from dbt_schema_evolve.predict.outcomes.features import FEATURES, pair_features
from dbt_schema_evolve.records.outcomes import Label, Outcome

if TYPE_CHECKING:
    from lightgbm import Booster

# With fewer of one's own the prior is kept as it is; leaves hold at least 10 of them.
MIN_OUTCOMES = 60
_PRIOR_TREES, _OWN_TREES = 110, 20

# Regressions are one outcome in fourteen. Counted three times, more than half a chance is claimed
# where two alarms of three or better are right (benchmarks/belief.py); uncounted, never.
_WEIGHT_OF_REGRESSIONS = 3.0

_SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "lambda_l2": 5.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
# All else equal, what the planner holds to be dearer is never believed to be the better.
_MONOTONE = "log_cost_ratio"


def train(outcomes: Sequence[Outcome], origin: str) -> Bundle:
    """Learn from scratch."""
    return Bundle(
        slower=_fit(outcomes, Label.REGRESSION, None, _PRIOR_TREES),
        faster=_fit(outcomes, Label.GAIN, None, _PRIOR_TREES),
        origin=origin,
        outcomes=len(outcomes),
    )


def retrain(prior: Bundle, outcomes: Sequence[Outcome]) -> Bundle:
    """Correct a prior by what was measured here; with few outcomes it stays what it is."""
    if len(outcomes) < MIN_OUTCOMES:
        return prior
    return Bundle(
        slower=_fit(outcomes, Label.REGRESSION, prior.slower, _OWN_TREES),
        faster=_fit(outcomes, Label.GAIN, prior.faster, _OWN_TREES),
        origin=f"{prior.origin}; {len(outcomes)} outcomes of this project",
        outcomes=prior.outcomes + len(outcomes),
    )


def _fit(outcomes: Sequence[Outcome], label: Label, start: str | None, trees: int) -> str:
    import lightgbm  # noqa: PLC0415 -- costs a second, and most verbs never train
    from numpy import array  # noqa: PLC0415

    rows = array([pair_features(each.before, each.after) for each in outcomes])
    answers = array([float(each.label is label) for each in outcomes])
    direction = 1 if label is Label.REGRESSION else -1
    settings = _SETTINGS | {
        "monotone_constraints": [direction * (name == _MONOTONE) for name in FEATURES],
        "scale_pos_weight": _WEIGHT_OF_REGRESSIONS if label is Label.REGRESSION else 1.0,
    }
    data = lightgbm.Dataset(
        rows,
        answers,
        weight=array(_weights(outcomes)),
        feature_name=list(FEATURES),
        params=settings,
    )
    before: Booster | None = None if start is None else lightgbm.Booster(model_str=start)
    fitted = lightgbm.train(settings, data, num_boost_round=trees, init_model=before)
    return fitted.model_to_string()


def _weights(outcomes: Sequence[Outcome]) -> list[float]:
    """Let each query count the same as another, up to a power: some have a hundred plans."""
    counts: dict[str, int] = defaultdict(int)
    for each in outcomes:
        counts[each.query] += 1
    return [counts[each.query] ** -0.5 for each in outcomes]
