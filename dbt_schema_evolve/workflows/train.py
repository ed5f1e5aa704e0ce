"""Learns from a warehouse's own history, where there is enough, and keeps who wins a back-test."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.ports import Progress
from dbt_schema_evolve.predict.backtest import FEWEST_DEGRADED, Learn, backtest, best
from dbt_schema_evolve.predict.choice import BASELINES, PROJECTION
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.backtests import Amount, Score, Training
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.workflows.own_past import OwnPast

OWN, PRIOR = "own", "prior"
NEED = Amount(days=35.0, examples=400, degraded=30)
"""Five weeks are one origin: a week of past runs, a week to learn from, a week until it is known
what came of it, a week to test on, and another until that is known. 400 moments are a tree of eight
leaves of 40 from the four fifths that each fold learns from. With fewer than 30 that degraded, the
standard error of a recall is above 0.09: no back-test could tell who is better."""
_SAID = {
    "pr_auc": "PR-AUC {score.pr_auc:.2f}",
    "pinball": f"pinball loss {{score.pinball:.3f}}, as fewer than {FEWEST_DEGRADED} degraded",
}


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training came to, and what to learn from for good where the own predictor won."""

    training: Training
    examples: tuple[Example, ...]


def train(
    facts: Facts,
    group: str,
    now: datetime,
    progress: Progress,
    learn: Learn,
    prior: Predictor | None = None,
) -> Trained:
    """Back-test every predictor on the past of one warehouse.

    `learn` makes a predictor of examples; `prior` is the one that ships. With too little history
    the prior stays, or else the projection.
    """
    progress.step("what came of each moment of the history")
    past = OwnPast(facts, group, now)
    have = past.amount()
    usual = PRIOR if prior is not None else PROJECTION
    if not _is_enough(have):
        return Trained(Training(have, NEED, (), (), "", usual, _too_little(usual)), ())
    folds = past.folds()
    progress.step(f"back-test from {len(folds)} cut-offs")
    ready = {**({} if prior is None else {PRIOR: prior}), **BASELINES}
    contenders = {**{name: _as_it_is(each) for name, each in ready.items()}, OWN: learn}
    scores = backtest(folds, contenders)
    found = best(scores)
    if found is None:
        reason = f"nothing is known of what came after any cut-off; the {usual} stays"
        return Trained(Training(have, NEED, (), scores, "", usual, reason), ())
    winner, scored_by = found
    training = Training(
        have=have,
        need=NEED,
        origins=tuple(fold.origin for fold in folds),
        scores=_ordered(scores, scored_by),
        scored_by=scored_by,
        winner=winner.predictor,
        reason=f"it won the back-test: {_SAID[scored_by].format(score=winner)}",
    )
    return Trained(training, past.examples(now) if winner.predictor == OWN else ())


def _as_it_is(predictor: Predictor) -> Learn:
    return lambda _: predictor


def _is_enough(have: Amount) -> bool:
    return (
        have.days >= NEED.days and have.examples >= NEED.examples and have.degraded >= NEED.degraded
    )


def _too_little(usual: str) -> str:
    return (
        f"that is too little to learn from: it takes {NEED.days:.0f} days, {NEED.examples:,} such"
        f" moments and {NEED.degraded:,} degraded ones; the {usual} stays"
    )


def _ordered(scores: tuple[Score, ...], scored_by: str) -> tuple[Score, ...]:
    if scored_by == "pr_auc":
        return tuple(sorted(scores, key=lambda s: -(s.pr_auc or 0.0)))
    return tuple(sorted(scores, key=lambda s: (s.pinball is None, s.pinball or 0.0)))
