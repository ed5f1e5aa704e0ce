"""Two predictors as one: each counts as much as it was worth on groups that neither learned from.

Chances are mixed as log-odds, where evidence adds up; times and their bounds as logarithms, where
a factor too high and the same factor too low cancel out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite, log

import numpy as np

from dbt_schema_evolve.predict.bundle import Bundle, Part, unreadable
from dbt_schema_evolve.predict.conformal import BANDS, Correction
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.trees.chance import Chance
from dbt_schema_evolve.records.forecasts import Case, Course, Forecast
from dbt_schema_evolve.records.workload import Skip

NAME = "blend"
_SURE = 1e-6  # a chance nearer to 0 or 1 would outvote anybody


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms two predictors are mixed."""

    weight: float  # of the second, 0 .. 1
    chance: Chance  # of mixed log-odds: two that agree are surer than either
    correction: Correction  # of mixed intervals


UNLEARNED = Terms(0.5, Chance(1.0, 0.0), Correction((0.0,) * len(BANDS)))


@dataclass(frozen=True, slots=True)
class Blend(Predictor):
    """Mixes two predictors, and quotes whichever answers where one does not.

    Causes are the first one's.
    """

    first: Predictor
    second: Predictor
    terms: Terms = UNLEARNED

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return one answer a case; where both have none, the first one's reason."""
        return tuple(
            mixed(first, second, self.terms)
            for first, second in zip(
                self.first.predict(cases, horizon_days),
                self.second.predict(cases, horizon_days),
                strict=True,
            )
        )

    def courses(
        self, cases: Sequence[Case], horizons_days: Sequence[float]
    ) -> tuple[Course | Skip, ...]:
        """Return the times of such forecasts."""
        return tuple(
            _mixed_course(first, second, horizons_days, self.terms.correction)
            for first, second in zip(
                self.first.courses(cases, horizons_days),
                self.second.courses(cases, horizons_days),
                strict=True,
            )
        )


def _mixed_course(
    first: Course | Skip,
    second: Course | Skip,
    horizons_days: Sequence[float],
    correction: Correction,
) -> Course | Skip:
    if isinstance(second, Skip):
        return first
    if isinstance(first, Skip):
        return second
    times = (
        _mixed_times(one, other, exp(correction.at(days)))
        for days, one, other in zip(horizons_days, _times(first), _times(second), strict=True)
    )
    low, middle, high = zip(*times, strict=True)
    return replace(first, predicted_us=middle, predicted_low_us=low, predicted_high_us=high)


def mixed(first: Forecast | Skip, second: Forecast | Skip, terms: Terms) -> Forecast | Skip:
    """Return what two predictors say of one case together."""
    if isinstance(second, Skip):
        return first
    if isinstance(first, Skip):
        return second
    one, other = (
        (each.predicted_low_us, each.predicted_us, each.predicted_high_us)
        for each in (first, second)
    )
    low, middle, high = _mixed_times(one, other, exp(terms.correction.at(first.horizon_days)))
    return replace(
        first,
        predicted_us=middle,
        predicted_low_us=low,
        predicted_high_us=high,
        predicted_probability=_probability(first, second, terms),
    )


_Times = tuple[float, float, float]
"""The lower end of an interval, its middle, and its upper end."""


def _times(of: Course) -> Iterator[_Times]:
    return zip(of.predicted_low_us, of.predicted_us, of.predicted_high_us, strict=True)


def _mixed_times(one: _Times, other: _Times, wider: float) -> _Times:
    low, middle, high = map(_between, one, other)
    return min(low / wider, middle), middle, max(high * wider, middle)


def _probability(first: Forecast, second: Forecast, terms: Terms) -> float | None:
    one, other = first.predicted_probability, second.predicted_probability
    if one is None or other is None:
        return other if one is None else one
    return float(terms.chance(np.array(mixed_log_odds(one, other, terms.weight))))


def mixed_log_odds(one: float, other: float, weight: float) -> float:
    """Return the weighted log-odds of two chances; `weight` is that of the other."""
    return (1 - weight) * _log_odds(one) + weight * _log_odds(other)


def _log_odds(chance: float) -> float:
    held = min(max(chance, _SURE), 1 - _SURE)
    return log(held / (1 - held))


def _between(one_us: float, other_us: float) -> float:
    # Half of each, so that the product of two large ones stays a number.
    return float(one_us**0.5 * other_us**0.5)


def part_of(terms: Terms) -> Part:
    """Return the terms as a part of a bundle."""
    facts = {
        "weight": terms.weight,
        "chance": [terms.chance.slope, terms.chance.offset],
        "correction": list(terms.correction.by_band),
    }
    return Part({}, facts)


def terms_of(bundle: Bundle, at: str = "") -> Terms:
    """Return a bundle's terms; raises PredictorError where it has none that can be understood."""
    try:
        facts = bundle.parts[NAME].facts
        slope, offset = facts["chance"]
        numbers = [float(each) for each in (facts["weight"], slope, offset, *facts["correction"])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(f"{type(error).__name__}: {error}", at) from error
    if len(numbers) != 3 + len(BANDS) or not all(isfinite(number) for number in numbers):
        raise unreadable("other terms of a blend", at)
    weight, slope, offset, *by_band = numbers
    return Terms(weight, Chance(slope, offset), Correction(tuple(by_band)))
