"""Two predictors as one: each counts as much as it was worth on groups that neither learned from.

Chances are mixed as log-odds, where evidence adds up; times and their bounds as logarithms, where
a factor too high and the same factor too low cancel out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, log1p, sqrt

from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip

_WEIGHTS = tuple(step / 20 for step in range(21))  # finer than any calibration set can tell apart
_SURE = 1e-6  # a chance nearer to 0 or 1 would outvote anybody

Answered = tuple[float, float, bool]
"""Two predictors' chances of a degradation, and whether it came."""


@dataclass(frozen=True, slots=True)
class Blend:
    """Mixes two predictors, and quotes whichever answers where one does not.

    The first one's causes are told: they are those of trees, and exact.
    """

    first: Predictor
    second: Predictor
    weight: float  # of the second, 0 .. 1

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return one answer a case; where both have none, the first one's reason."""
        return tuple(
            self._mixed(first, second)
            for first, second in zip(
                self.first.predict(cases, horizon_days),
                self.second.predict(cases, horizon_days),
                strict=True,
            )
        )

    def _mixed(self, first: Forecast | Skip, second: Forecast | Skip) -> Forecast | Skip:
        if isinstance(second, Skip):
            return first
        if isinstance(first, Skip):
            return second
        return replace(
            first,
            predicted_us=_mean(first.predicted_us, second.predicted_us),
            predicted_low_us=_mean(first.predicted_low_us, second.predicted_low_us),
            predicted_high_us=_mean(first.predicted_high_us, second.predicted_high_us),
            predicted_probability=self._probability(first, second),
        )

    def _probability(self, first: Forecast, second: Forecast) -> float | None:
        one, other = first.predicted_probability, second.predicted_probability
        if one is None or other is None:
            return other if one is None else one
        return 1 / (1 + exp(-_mixed_log_odds(one, other, self.weight)))


def learned_weight(answered: Sequence[Answered]) -> float:
    """Return the second predictor's weight under which the answers were the least surprising."""

    def surprise(weight: float) -> float:
        return sum(
            log1p(exp(-odds if came else odds))
            for odds, came in (
                (_mixed_log_odds(one, other, weight), came) for one, other, came in answered
            )
        )

    # Of equals the one nearest to half and half: two opinions are safer than one.
    return min(_WEIGHTS, key=lambda weight: (surprise(weight), abs(weight - 0.5), weight))


def _mixed_log_odds(one: float, other: float, weight: float) -> float:
    return (1 - weight) * _log_odds(one) + weight * _log_odds(other)


def _log_odds(chance: float) -> float:
    held = min(max(chance, _SURE), 1 - _SURE)
    return log(held / (1 - held))


def _mean(one_us: float, other_us: float) -> float:
    return sqrt(one_us) * sqrt(other_us)
