"""The baselines: what each sees coming, and what chance it gives it."""

from math import exp

import pytest

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.predict.answer import label_days, slower_chance
from dbt_schema_evolve.predict.intervals import Interval, interval
from dbt_schema_evolve.predict.linear_trend import LinearTrend
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.projection import ElasticityProjection
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, FeatureVector, Forecast, Observation
from tests.fakes.forecasting import EVENTS, day, world


def case(*times_us: float, step: float = 1.0) -> Case:
    held = tuple(Observation(day(step * n), 5, us) for n, us in enumerate(times_us))
    end = held[-1].at
    return Case("q", end, held, None, FeatureVector("q", end, ()), (EVENTS,))


def forecast(predictor: Predictor, of: Case, horizon_days: float = 7.0) -> Forecast:
    (found,) = predictor.predict([of], horizon_days)
    assert isinstance(found, Forecast)
    return found


def chance(found: Forecast) -> float:
    assert found.predicted_probability is not None
    return found.predicted_probability


def test_a_trend_goes_on() -> None:
    found = forecast(LinearTrend(), case(*[1_000 * exp(0.05 * n) for n in range(20)]), 10)
    assert found.predicted_us == pytest.approx(1_000 * exp(0.05 * 29))
    assert found.reason == "it changed by +5.0 % a day over its last 20 windows"


def test_three_wild_windows_do_not_turn_a_line() -> None:
    times = [1_000 * exp(0.05 * n) for n in range(20)]
    times[4] = times[9] = times[15] = 50_000.0
    assert forecast(LinearTrend(), case(*times), 10).predicted_us == pytest.approx(
        1_000 * exp(0.05 * 29), rel=0.05
    )


def test_a_line_is_less_certain_farther_from_its_middle() -> None:
    noisy = case(*[1_000 + 50 * (n % 3) for n in range(20)])
    widths = []
    for horizon in (1.0, 7.0, 30.0):
        found = forecast(LinearTrend(), noisy, horizon)
        widths.append(found.predicted_high_us / found.predicted_low_us)
    assert widths == sorted(set(widths))


def test_a_line_that_reaches_the_limit_within_a_week_is_a_danger_and_a_flat_one_is_none() -> None:
    steep = case(*[1_000 * exp(0.08 * n) + 30 * (n % 2) for n in range(20)])
    flat = case(*[1_000 + 30 * (n % 2) for n in range(20)])
    assert chance(forecast(LinearTrend(), steep)) > 0.9
    assert chance(forecast(LinearTrend(), flat)) < 0.01
    assert chance(forecast(Persistence(), steep)) < 0.6
    assert chance(forecast(Persistence(), flat)) < 0.01


def test_growth_upstream_is_a_danger_to_the_projection_only() -> None:
    facts = world(lambda t: 1.09**t, exponents=(1.2,), queries=1, noise=0.05)
    (held,) = Cases(facts.facts).at(facts.today)
    assert chance(forecast(ElasticityProjection(), held)) > 0.8
    assert chance(forecast(Persistence(), held)) < 0.5


@pytest.mark.parametrize("predictor", [Persistence(), LinearTrend()])
def test_the_probability_does_not_depend_on_the_horizon_of_the_interval(
    predictor: Predictor,
) -> None:
    noisy = case(*[1_000 + 200 * (n % 4) for n in range(20)])
    found = {chance(forecast(predictor, noisy, horizon)) for horizon in (1.0, 30.0, 90.0)}
    assert len(found) == 1


def test_seven_weekly_runs_are_seven_weeks() -> None:
    assert label_days(case(*[5.0] * 6, step=7)) == 49
    assert label_days(case(*[5.0] * 9)) == 7


def test_the_chance_is_the_share_of_the_interval_beyond_half_as_slow_again() -> None:
    assert slower_chance(Interval(1_500, 1_000, 2_250), 1_000) == pytest.approx(0.5)
    assert slower_chance(Interval(1_000, 1_000 / 1.5, 1_500), 1_000) == pytest.approx(
        0.05, abs=1e-4
    )
    assert slower_chance(interval(0.0, 0.0, 9), 1.0) == 0
    assert slower_chance(interval(0.5, 0.0, 9), 1.0) == 1
