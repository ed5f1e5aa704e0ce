"""Learns on what terms two predictors are mixed, from groups that neither of them learned from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from math import log

import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.predict import conformal
from dbt_schema_evolve.predict.blend import UNLEARNED, Terms, mixed, mixed_log_odds
from dbt_schema_evolve.predict.intervals import COVERAGE
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.trees.chance import Chance, Numbers, chance
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.workload import Skip

_HORIZONS = (1, 3, 7, 14, 21, 30)
_WEIGHTS = tuple(step / 20 for step in range(21))  # finer than any such set can tell apart
_BATCH = 2_000


@dataclass(slots=True)
class _Seen:
    """What both said of examples, beside what came of them."""

    chances: list[tuple[float, float, bool]] = field(default_factory=list)
    bounds: list[tuple[float, float]] = field(default_factory=list)  # mixed, in log ratios
    log_ratios: list[float] = field(default_factory=list)
    horizons: list[float] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)


def learn_terms(first: Predictor, second: Predictor, examples: Iterable[Example]) -> Terms:
    """Return the terms under which the examples' outcomes were the least surprising.

    Of each example one horizon is asked for, in turns; they may be a stream.
    """
    seen = _Seen()
    numbered = enumerate(examples)
    while batch := list(islice(numbered, _BATCH)):
        for turn, horizon in enumerate(_HORIZONS):
            asked = [each for number, each in batch if number % len(_HORIZONS) == turn]
            cases = [each.case for each in asked]
            answers = zip(
                asked, first.predict(cases, horizon), second.predict(cases, horizon), strict=True
            )
            for example, one, other in answers:
                _note(seen, example, horizon, one, other)
    weight, said = _weighed(seen.chances)
    return Terms(weight, said, _correction(seen))


def _note(
    seen: _Seen, example: Example, horizon: int, one: Forecast | Skip, other: Forecast | Skip
) -> None:
    both = mixed(one, other, UNLEARNED)
    if isinstance(one, Skip) or isinstance(other, Skip) or isinstance(both, Skip):
        return
    came = example.outcome.degraded
    chances = one.predicted_probability, other.predicted_probability
    if came is not None and chances[0] is not None and chances[1] is not None:
        seen.chances.append((chances[0], chances[1], came))
    log_ratio = example.outcome.log_ratios.get(horizon)
    if log_ratio is not None:
        bounds = both.predicted_low_us, both.predicted_high_us
        seen.bounds.append((log(bounds[0] / both.measured_us), log(bounds[1] / both.measured_us)))
        seen.log_ratios.append(log_ratio)
        seen.horizons.append(horizon)
        seen.groups.append(example.group)


def _weighed(chances: Sequence[tuple[float, float, bool]]) -> tuple[float, Chance]:
    truth = np.array([came for _, _, came in chances], np.float32)
    if not truth.any() or truth.all():
        return UNLEARNED.weight, UNLEARNED.chance
    found = []
    for weight in _WEIGHTS:
        odds = np.array([mixed_log_odds(one, other, weight) for one, other, _ in chances])
        line = chance(odds, truth)
        # Of equals the one nearest to half and half: two opinions are safer than one.
        found.append((_surprise(line(odds), truth), abs(weight - 0.5), weight, line))
    *_, weight, line = min(found, key=lambda each: each[:3])
    return weight, line


def _surprise(chances: Numbers, truth: NDArray[np.float32]) -> float:
    return float(-np.log(np.where(truth > 0, chances, 1 - chances)).mean())


def _correction(seen: _Seen) -> conformal.Correction:
    bounds = np.array(seen.bounds).reshape(-1, 2)
    missed = conformal.misses(bounds[:, 0], bounds[:, 1], np.array(seen.log_ratios, np.float32))
    numbers = {group: number for number, group in enumerate(sorted(set(seen.groups)))}
    groups = np.array([numbers[group] for group in seen.groups], np.int64)
    return conformal.correction(np.array(seen.horizons, np.float32), missed, groups, COVERAGE)
