"""Forecasts of trees: near the truth, as likely as they say, and silent only without any past."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from math import exp, inf, isfinite, nan
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.limits import days_until
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import (
    Breach,
    Case,
    FeatureVector,
    Forecast,
    Observation,
)
from dbt_schema_evolve.records.workload import Skip
from tests.fakes.fleet import TODAY, case, examples, log_ratio

Foretold = Callable[..., Forecast]


@pytest.fixture(scope="module")
def unseen() -> list[Example]:
    return list(examples(projects=30, seed=11))


def test_what_grows_slows_down_as_its_table_grows(foretold: Foretold) -> None:
    growing = case(growth=0.04)
    for days in (7, 14, 30):
        assert foretold(growing, days).predicted_ratio == pytest.approx(
            exp(log_ratio(growing, days)), rel=0.1
        )


def test_what_keeps_still_keeps_its_time(foretold: Foretold) -> None:
    still = foretold(case(), 30)
    assert still.predicted_ratio == pytest.approx(1.0, abs=0.05)
    assert still.predicted_probability is not None
    assert still.predicted_probability < 0.02
    assert still.causes == ()
    assert still.reason == "nothing that is known of it speaks for a slowdown"


def test_a_probability_comes_true_as_often_as_it_says(
    predictor: TreePredictor, unseen: list[Example]
) -> None:
    answers = predictor.predict([example.case for example in unseen], 7)
    said = [
        (answer.predicted_probability or 0.0, float(example.outcome.degraded or False))
        for answer, example in zip(answers, unseen, strict=True)
        if isinstance(answer, Forecast)
    ]
    assert len(said) == len(unseen)
    assert mean(truth for _, truth in said) == pytest.approx(mean(p for p, _ in said), abs=0.03)
    assert mean((p - truth) ** 2 for p, truth in said) < 0.04
    for low, high in ((0.0, 0.2), (0.8, 1.0)):
        inside = [(p, truth) for p, truth in said if low <= p <= high]
        assert low <= mean(truth for _, truth in inside) <= high


@pytest.mark.parametrize("days", [1, 7, 14, 30])
def test_the_interval_holds_the_share_of_unseen_projects_outcomes_that_it_says(
    predictor: TreePredictor, unseen: list[Example], days: int
) -> None:
    answers = predictor.predict([example.case for example in unseen], days)
    held = [
        answer.predicted_low_us
        <= answer.measured_us * exp(example.outcome.log_ratios[days])
        <= answer.predicted_high_us
        for answer, example in zip(answers, unseen, strict=True)
        if isinstance(answer, Forecast)
    ]
    assert 0.85 <= mean(held) <= 0.97


def test_one_window_is_enough_but_the_interval_is_wider_and_says_so(foretold: Foretold) -> None:
    long, short = foretold(case(growth=0.04)), foretold(case(growth=0.04, windows=1))
    assert short.predicted_probability is not None
    assert short.predicted_high_us / short.predicted_low_us > (
        long.predicted_high_us / long.predicted_low_us
    )
    assert short.reason.endswith("; seen in one window only, so the interval is wide")
    assert "interval is wide" not in long.reason


def test_without_any_past_there_is_no_forecast(predictor: TreePredictor) -> None:
    (answer,) = predictor.predict([case(growth=0.04, windows=0)], 7)
    assert answer == Skip("q", "never seen to run")


def test_what_has_not_run_for_weeks_is_left_out(predictor: TreePredictor) -> None:
    ran = case(growth=0.04)
    old = replace(ran, observations=tuple(o for o in ran.observations if (TODAY - o.at).days > 9))
    (answer,) = predictor.predict([old], 7)
    assert answer == Skip("q", "not seen for 10 days")


def test_answers_come_in_the_order_of_the_cases(predictor: TreePredictor) -> None:
    asked = [case("a", windows=0), case("b"), case("c", windows=0), case("d", growth=0.08)]
    assert [answer.subject for answer in predictor.predict(asked, 7)] == ["a", "b", "c", "d"]
    assert predictor.predict([], 7) == ()


@pytest.mark.parametrize("horizon_days", [0.0, -1.0, nan, inf])
def test_a_horizon_that_is_not_in_the_future_is_refused(
    predictor: TreePredictor, horizon_days: float
) -> None:
    (answer,) = predictor.predict([case()], horizon_days)
    assert isinstance(answer, Skip)
    assert "is not in the future" in answer.reason


def test_beyond_a_month_a_forecast_goes_on_ever_less_certain(foretold: Foretold) -> None:
    growing = case(growth=0.04)
    found = [foretold(growing, days) for days in (30, 60, 120, 365)]
    for near, far in pairwise(found):
        assert far.predicted_ratio > near.predicted_ratio
        assert far.predicted_high_us / far.predicted_low_us > (
            near.predicted_high_us / near.predicted_low_us
        )
    assert found[-1].predicted_ratio == pytest.approx(1 + 365 * 0.04, rel=0.15)


def test_a_course_holds_what_forecasts_say_at_each_horizon(
    predictor: TreePredictor, unseen: list[Example]
) -> None:
    asked = [*(example.case for example in unseen[:50]), case("none", windows=0), case(windows=1)]
    horizons = (1.0, 6.5, 30.0, 45.0, 365.0)
    plainly = Predictor.courses(predictor, asked, horizons)
    assert predictor.courses(asked, horizons) == plainly
    assert plainly[50] == Skip("none", "never seen to run")
    assert predictor.courses([], horizons) == ()


def test_the_day_of_a_limit_is_found(predictor: TreePredictor) -> None:
    (breach,) = days_until(predictor, [case(growth=0.04)], {"q": 100_000.0})
    assert isinstance(breach, Breach)
    assert breach.days == pytest.approx(25, abs=4)  # 4 % a day: twice as much after 25
    assert breach.earliest_days is not None
    assert breach.earliest_days < breach.days


wild = st.floats(allow_nan=True, allow_infinity=True)


@given(
    features=st.dictionaries(
        st.sampled_from(["driver_growth_ratio_per_day", "outlook_flip_7", "unknown"]), wild
    ),
    times=st.lists(wild, max_size=9),
    growth=wild,
    horizon_days=st.floats(0.1, 1e6),
)
def test_no_number_makes_it_fail_or_gives_an_interval_that_is_none(
    predictor: TreePredictor,
    features: dict[str, float],
    times: list[float],
    growth: float,
    horizon_days: float,
) -> None:
    sound = case(growth=0.04)
    assert sound.driver is not None
    broken = replace(
        sound,
        observations=tuple(Observation(TODAY, 1, each) for each in times),
        features=FeatureVector("q", TODAY, tuple(sorted(features.items()))),
        driver=replace(sound.driver, growth=replace(sound.driver.growth, rows_per_day=growth)),
    )
    (answer,) = predictor.predict([broken], horizon_days)
    if isinstance(answer, Forecast):
        ends = (answer.predicted_low_us, answer.predicted_us, answer.predicted_high_us)
        assert all(isfinite(end) and end > 0 for end in ends)
        assert list(ends) == sorted(ends)
        assert answer.predicted_probability is not None
        assert 0 <= answer.predicted_probability <= 1


def test_two_predictors_of_one_bundle_say_the_same(
    bundle: Bundle, predictor: TreePredictor
) -> None:
    asked: list[Case] = [case("a", growth=0.05), case("b", bloat=0.04)]
    assert TreePredictor(bundle).predict(asked, 21) == predictor.predict(asked, 21)


@given(still=st.floats(0, 0.1), grown=st.floats(0, 0.1), bloat=st.sampled_from([0.0, 0.02, 0.08]))
def test_all_else_equal_more_growth_ahead_is_never_the_smaller_chance(
    foretold: Foretold, still: float, grown: float, bloat: float
) -> None:
    """Only the projection moves: the features of the case say the same of both."""
    some, more = sorted((still, grown))
    calm = case(growth=0.01, bloat=bloat)
    assert calm.driver is not None
    chances = [
        foretold(
            replace(
                calm,
                driver=replace(
                    calm.driver, growth=replace(calm.driver.growth, rows_per_day=growth * 1e6)
                ),
            )
        ).predicted_probability
        or 0.0
        for growth in (some, more)
    ]
    assert chances == sorted(chances)


def test_what_was_asked_before_changes_no_answer(bundle: Bundle, predictor: TreePredictor) -> None:
    one, other = [case("a", growth=0.05)], [case("a", growth=0.01)]
    asked = [(one, 7.0), (other, 7.0), (one, 30.0), (one, 90.0), (other, 7.0)]
    for cases, days in asked:
        assert predictor.predict(cases, days) == TreePredictor(bundle).predict(cases, days)
