"""A blend: between its two predictors, worth more than the worse, and never without an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.predict.blend import Blend, learned_weight
from dbt_schema_evolve.records.forecasts import Case, Cause, CauseKind, FeatureVector, Forecast
from dbt_schema_evolve.records.workload import Skip
from tests.fakes.forecasting import day

CASE = Case("q", day(0), (), None, FeatureVector("q", day(0), ()))
GROWTH = Cause(CauseKind.GROWTH, "source.shop.events", 1.0, "`raw.events` grows")


def forecast(us: float, chance: float | None, causes: tuple[Cause, ...] = ()) -> Forecast:
    return Forecast("q", day(0), 7.0, 1e3, us, us / 2, us * 2, 0.9, "", "why", chance, causes)


@dataclass
class Says:
    """A predictor that says the same of everybody."""

    answer: Forecast | Skip

    def predict(self, cases: Sequence[Case], _: float) -> tuple[Forecast | Skip, ...]:
        return tuple(self.answer for _ in cases)


def blended(
    first: Forecast | Skip, second: Forecast | Skip, weight: float = 0.5
) -> Forecast | Skip:
    (answer,) = Blend(Says(first), Says(second), weight).predict([CASE], 7.0)
    return answer


def test_times_meet_halfway_between_factors() -> None:
    mixed = blended(forecast(1_000, 0.5), forecast(4_000, 0.5))
    assert (mixed.predicted_low_us, mixed.predicted_us, mixed.predicted_high_us) == pytest.approx(
        (1_000, 2_000, 4_000)
    )


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_mixed_chance_lies_between_the_two(one: float, other: float, weight: float) -> None:
    mixed = blended(forecast(1, one), forecast(1, other), weight).predicted_probability
    low, high = sorted((one, other))
    assert low - 2e-6 <= mixed <= high + 2e-6


def test_without_weight_the_second_has_no_say_in_the_chance() -> None:
    assert blended(forecast(1, 0.2), forecast(1, 0.9), 0.0).predicted_probability == pytest.approx(
        0.2
    )


def test_causes_are_the_first_ones() -> None:
    assert blended(forecast(1, 0.2, (GROWTH,)), forecast(1, 0.9)).causes == (GROWTH,)


def test_whoever_answers_is_quoted() -> None:
    one, none = forecast(1_000, 0.3), Skip("q", "too short")
    assert blended(one, none) == one
    assert blended(none, one) == one
    assert blended(none, Skip("q", "no network")) == none


def test_a_predictor_that_names_no_chance_leaves_it_to_the_other() -> None:
    assert blended(forecast(1, None), forecast(1, 0.4)).predicted_probability == 0.4
    assert blended(forecast(1, 0.4), forecast(1, None)).predicted_probability == 0.4


def answered(first_noise: float, second_noise: float) -> list[tuple[float, float, bool]]:
    """The truth is log-odds; each predictor sees it through noise."""
    rng = Random(1)

    def chance(odds: float) -> float:
        return 1 / (1 + exp(-odds))

    found = []
    for _ in range(4_000):
        odds = rng.gauss(-1, 2)
        seen = [chance(odds + rng.gauss(0, noise)) for noise in (first_noise, second_noise)]
        found.append((seen[0], seen[1], rng.random() < chance(odds)))
    return found


def test_the_weight_goes_to_whoever_knows_more() -> None:
    assert learned_weight(answered(0.2, 3.0)) < 0.2
    assert learned_weight(answered(3.0, 0.2)) > 0.8
    assert 0.35 <= learned_weight(answered(1.5, 1.5)) <= 0.65


def test_where_nothing_is_known_both_count_alike() -> None:
    assert learned_weight([]) == 0.5


def test_the_order_of_the_answers_does_not_matter() -> None:
    said = answered(1.0, 2.0)
    assert learned_weight(said) == learned_weight(Random(2).sample(said, len(said)))
