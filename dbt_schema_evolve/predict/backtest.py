"""Back-tests by rolling origin: train before a cut-off, test after it, never across.

Tashman, "Out-of-sample tests of forecasting accuracy", International Journal of Forecasting 16
(2000): several origins, so that no single week decides.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dbt_schema_evolve.predict.answer import slower_chance
from dbt_schema_evolve.predict.intervals import Interval
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.scores import average_precision, brier, log_quantiles, pinball
from dbt_schema_evolve.records.backtests import Score
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Forecast

HORIZON_DAYS = 7
"""As far ahead as the label looks at daily runs; a month ahead is rarely known."""
FEWEST_DEGRADED = 20
"""With fewer moments that degraded one more of them moves PR-AUC by more than predictors differ."""

Learn = Callable[[Sequence[Example]], Predictor]


@dataclass(frozen=True, slots=True)
class Fold:
    """One origin: what was known by then, and what came after."""

    origin: datetime
    past: tuple[Example, ...]  # with outcomes as they were known at the origin
    future: tuple[Example, ...]  # later cut-offs


@dataclass(slots=True)
class _Found:
    """What one contender said, beside what came."""

    chances: list[tuple[float, bool]] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)


def backtest(folds: Iterable[Fold], contenders: Mapping[str, Learn]) -> tuple[Score, ...]:
    """Return the scores in the order of the contenders, each of the same moments.

    Where a contender is silent, what it is taken to say is that nothing changes.
    """
    found = {name: _Found() for name in contenders}
    for fold in folds:
        cases = [example.case for example in fold.future]
        silent = Persistence().predict(cases, HORIZON_DAYS)
        for name, learn in contenders.items():
            answers = learn(fold.past).predict(cases, HORIZON_DAYS)
            for example, answer, instead in zip(fold.future, answers, silent, strict=True):
                said = answer if isinstance(answer, Forecast) else instead
                if isinstance(said, Forecast):
                    _note(found[name], said, example)
    return tuple(_score(name, each) for name, each in found.items())


def best(scores: Sequence[Score]) -> tuple[Score, str] | None:
    """Return the winner and what it won by; the first of equals. None: nothing was scored."""
    if scores and all(s.pr_auc is not None and s.degraded >= FEWEST_DEGRADED for s in scores):
        return max(scores, key=lambda score: score.pr_auc or 0.0), "pr_auc"
    with_loss = [score for score in scores if score.pinball is not None]
    if not with_loss:
        return None
    return min(with_loss, key=lambda score: score.pinball or 0.0), "pinball"


def _note(found: _Found, said: Forecast, example: Example) -> None:
    degraded = example.outcome.degraded
    if degraded is not None:
        found.chances.append((_chance(said), degraded))
    came = example.outcome.log_ratios.get(HORIZON_DAYS)
    if came is not None:
        quantiles = log_quantiles(said)
        found.losses.append(pinball(quantiles, came))
        found.held.append(quantiles[0][1] <= came <= quantiles[-1][1])


def _chance(said: Forecast) -> float:
    if said.predicted_probability is not None:
        return said.predicted_probability
    interval = Interval(said.predicted_us, said.predicted_low_us, said.predicted_high_us)
    return slower_chance(interval, said.measured_us)


def _score(name: str, found: _Found) -> Score:
    return Score(
        predictor=name,
        examples=len(found.chances),
        degraded=sum(degraded for _, degraded in found.chances),
        pr_auc=average_precision(found.chances),
        brier=brier(found.chances) or 0.0,
        pinball=sum(found.losses) / len(found.losses) if found.losses else None,
        coverage=sum(found.held) / len(found.held) if found.held else None,
    )
