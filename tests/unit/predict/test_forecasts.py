"""Forecasts: near the truth, honest about their width, absent where the past is too short."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from math import isfinite, log
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.predict.forecasts import forecasts
from dbt_schema_evolve.predict.intervals import student
from dbt_schema_evolve.predict.limits import days_until
from dbt_schema_evolve.predict.linear_trend import LinearTrend
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.projection import ElasticityProjection
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import (
    Breach,
    Case,
    Driver,
    Elasticity,
    FeatureVector,
    Forecast,
    Observation,
    RelationGrowth,
)
from dbt_schema_evolve.records.workload import Skip
from tests.fakes.forecasting import EVENTS, ORDERS, World, day, world

BASELINES = (ElasticityProjection(), LinearTrend(), Persistence())
REGIMES: dict[str, Callable[[float], float]] = {
    "flat": lambda _: 1.0,
    "linear": lambda t: 1 + 0.02 * t,
    "compound": lambda t: 1.02**t,
    "backfill": lambda t: 1.0 if t < 7 else 1.5,
    "onset": lambda t: 1 + 0.05 * max(0.0, t - 7),
    "shrink": lambda t: 1 - 0.01 * t,
}


def cases(facts: World) -> tuple[Case, ...]:
    return Cases(facts.facts).at(facts.today)


def errors(found: tuple[Forecast, ...], facts: World) -> float:
    return median(abs(log(f.predicted_us / facts.truth_us[f.subject])) for f in found)


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("days", [14, 45])
def test_the_interval_holds_the_truth_as_often_as_it_says(regime: str, days: int) -> None:
    """Of 60 outcomes in an interval of 90 %, 48 or fewer happen once in 300 times."""
    held = 0
    for seed in range(2):
        facts = world(REGIMES[regime], days=days, queries=30, seed=seed)
        found, skips = forecasts(cases(facts))
        assert not skips
        held += sum(
            f.predicted_low_us <= facts.truth_us[f.subject] <= f.predicted_high_us for f in found
        )
    assert held >= 49


@pytest.mark.parametrize("regime", ["linear", "compound", "onset", "shrink"])
def test_where_rows_move_the_projection_is_nearer_than_standing_still(regime: str) -> None:
    facts = world(REGIMES[regime], exponents=(1.0, 1.1, 1.2))
    projected, _ = forecasts(cases(facts))
    persisted, _ = forecasts(cases(facts), predictor=Persistence())
    assert errors(projected, facts) < 0.6 * errors(persisted, facts)


def test_a_forecast_names_its_cause() -> None:
    facts = world(REGIMES["linear"], exponents=(1.1,), queries=1, noise=0.02)
    ((forecast,), _) = forecasts(cases(facts))
    assert forecast.cause_id == "source.shop.events"
    assert forecast.reason == (
        'because `"Rohdaten"."Ereignisse 2.0"` grows 1.6 % a day;'
        " time follows its rows with exponent 1.0 ± 0.2"
    )


def test_a_relation_that_keeps_its_size_slows_nothing_down() -> None:
    facts = world(REGIMES["flat"], exponents=(1.1,), queries=1, noise=0.02)
    only = {f: replace(u, base_relations=frozenset({EVENTS})) for f, u in facts.uses.items()}
    ((forecast,), _) = forecasts(cases(replace(facts, uses=only)))
    assert forecast.predicted_ratio == pytest.approx(1, abs=0.05)
    assert forecast.reason.endswith("keeps its size")


def test_the_steepest_comes_first() -> None:
    found, _ = forecasts(cases(world(REGIMES["linear"])))
    ratios = [forecast.predicted_ratio for forecast in found]
    assert ratios == sorted(ratios, reverse=True)


def test_a_longer_horizon_is_less_certain() -> None:
    held = cases(world(REGIMES["linear"], queries=1, exponents=(1.0,)))
    widths = []
    for horizon in (1.0, 7.0, 30.0, 90.0):
        ((forecast,), _) = forecasts(held, horizon)
        widths.append(forecast.predicted_high_us / forecast.predicted_low_us)
    assert widths == sorted(widths)


def reason(case: Case, horizon: float = 30.0) -> str:
    found, skips = forecasts([case], horizon)
    assert not found
    (skip,) = skips
    assert skip.subject == case.subject
    return skip.reason


def case(
    *times_us: float, step: float = 1.0, cutoff: float | None = None, driver: Driver | None = None
) -> Case:
    held = tuple(Observation(day(step * n), 5, us) for n, us in enumerate(times_us))
    end = day(step * (len(times_us) - 1)) if cutoff is None else day(cutoff)
    if driver is not None:
        driver = replace(driver, rows=(1_000.0,) * len(held))
    return Case("q", end, held, driver, FeatureVector("q", end, ()), (EVENTS,))


DRIVER = Driver(
    EVENTS,
    RelationGrowth("source.shop.events", 1_000, 20.0, 1.0, 14.0, 15),
    Elasticity("q", "source.shop.events", 1.0, 0.1, 0.1, 15),
    (),
)


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (case(driver=DRIVER, cutoff=1), "never seen to run"),
        (case(5.0, driver=DRIVER), "seen in one window only; a forecast needs 4"),
        (case(5.0, 5.0, 5.0, driver=DRIVER), "seen in 3 windows only; a forecast needs 4"),
        (case(*[5.0] * 9, step=0.1, driver=DRIVER), "seen for 0.8 days only; a forecast needs 3"),
        (case(*[0.0] * 9, driver=DRIVER), "none of its windows holds a time that a call can take"),
        (
            case(*[float("nan")] * 9, driver=DRIVER),
            "none of its windows holds a time that a call can take",
        ),
        (case(*[5.0] * 9, cutoff=30, driver=DRIVER), "not seen for 22 days"),
        (case(*[5.0] * 9), 'too few row counts of what it reads: `"Rohdaten"."Ereignisse 2.0"`'),
        (
            replace(case(*[5.0] * 9), relations=()),
            "lineage knows no stored relation that it reads",
        ),
    ],
)
def test_no_forecast_without_enough_history_but_the_reason(held: Case, says: str) -> None:
    assert reason(held) == says


@pytest.mark.parametrize("horizon", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("predictor", BASELINES)
def test_a_horizon_that_is_not_ahead_is_refused(horizon: float, predictor: Predictor) -> None:
    (answer,) = predictor.predict([case(*[5.0] * 9, driver=DRIVER)], horizon)
    assert isinstance(answer, Skip)
    assert "is not in the future" in answer.reason


def test_one_window_of_zero_time_does_not_hide_the_others() -> None:
    found, _ = forecasts([case(5.0, 5.0, 0.0, 5.0, 5.0, driver=DRIVER)])
    assert len(found) == 1


def test_doubled_rows_double_the_time_of_a_scan() -> None:
    ((forecast,), _) = forecasts([case(*[5_000.0] * 9, driver=DRIVER)], 50)
    assert forecast.measured_us == pytest.approx(5_000)
    assert forecast.predicted_us == pytest.approx(10_000)


def test_few_points_widen_the_interval() -> None:
    assert student(3) == pytest.approx(2.353, rel=0.02)
    assert student(30) == pytest.approx(1.697, rel=0.001)


def breach(held: Case, limit_us: float) -> Breach:
    (answer,) = days_until(ElasticityProjection(), [held], {"q": limit_us})
    assert isinstance(answer, Breach)
    return answer


def test_days_until_a_limit_are_when_the_projection_passes_it() -> None:
    found = breach(case(*[5_000.0] * 9, driver=DRIVER), 7_500)
    assert found.days == pytest.approx(25, abs=0.5)
    assert found.earliest_days is not None
    assert found.latest_days is not None
    assert found.earliest_days < found.days < found.latest_days


def test_a_limit_that_is_passed_already_is_passed_today() -> None:
    found = breach(case(*[5_000.0] * 9, driver=DRIVER), 4_000)
    assert (found.earliest_days, found.days, found.latest_days) == (0, 0, 0)


def test_a_limit_beyond_the_year_is_not_given_a_day() -> None:
    found = breach(case(*[5_000.0] * 9, driver=DRIVER), 10**9)
    assert found.days is None
    assert found.latest_days is None


def test_only_subjects_with_a_limit_are_asked_and_skips_pass_through() -> None:
    held = case(5.0, driver=DRIVER)
    assert days_until(ElasticityProjection(), [held], {}) == ()
    (answer,) = days_until(ElasticityProjection(), [held], {"q": 10.0})
    assert isinstance(answer, Skip)
    (answer,) = days_until(
        ElasticityProjection(), [case(*[5.0] * 9, driver=DRIVER)], {"q": float("nan")}
    )
    assert isinstance(answer, Skip)


def test_a_limit_is_found_where_the_simulation_passes_it() -> None:
    facts = world(REGIMES["linear"], exponents=(1.0,), queries=1, noise=0.02)
    (held,) = cases(facts)
    now_us = held.observations[-1].mean_us
    (found,) = days_until(ElasticityProjection(), [held], {held.subject: 1.5 * now_us})
    assert isinstance(found, Breach)
    # 1.28 today, so 1.92 is reached on day 46.
    assert found.days == pytest.approx(32, abs=5)


wild_floats = st.floats(allow_nan=True, allow_infinity=True)
wild_observations = st.lists(
    st.builds(
        Observation,
        at=st.floats(-400, 20).map(day),
        calls=st.integers(-1, 2**62),
        mean_us=wild_floats,
        blocks_per_call=st.none() | wild_floats,
        temp_blocks_per_call=st.none() | wild_floats,
    ),
    max_size=30,
    unique_by=lambda o: o.at,
).map(lambda held: tuple(sorted(held, key=lambda o: o.at)))
wild_drivers = st.builds(
    Driver,
    relation=st.just(ORDERS),
    growth=st.builds(
        RelationGrowth,
        relation_id=st.just("x"),
        rows=st.integers(-5, 2**63),
        rows_per_day=wild_floats,
        stderr_rows_per_day=wild_floats,
        days=wild_floats,
        points=st.integers(0, 10**6),
    ),
    elasticity=st.builds(
        Elasticity,
        subject=st.just("q"),
        driver_id=st.just("x"),
        exponent=wild_floats,
        stderr=wild_floats,
        residual_ratio=wild_floats,
        points=st.integers(0, 10**6),
    ),
    rows=st.just(()),
)


@st.composite
def wild_cases(draw: st.DrawFn) -> Case:
    held = draw(wild_observations)
    driver = draw(st.none() | wild_drivers)
    if driver is not None:
        rows = draw(st.lists(wild_floats, min_size=len(held), max_size=len(held)))
        driver = replace(driver, rows=tuple(rows))
    return Case("q", day(20), held, driver, FeatureVector("q", day(20), ()), (ORDERS,))


def check(answer: Forecast | Skip) -> None:
    if isinstance(answer, Forecast):
        numbers = (answer.predicted_low_us, answer.predicted_us, answer.predicted_high_us)
        assert all(isfinite(number) and number > 0 for number in (*numbers, answer.measured_us))
        assert list(numbers) == sorted(numbers)
        assert isfinite(answer.predicted_ratio)
        assert answer.predicted_probability is not None
        assert 0 <= answer.predicted_probability <= 1


@given(wild_cases(), st.floats(allow_nan=True))
def test_strange_numbers_never_raise_and_never_become_a_forecast_of_nan(
    held: Case, horizon: float
) -> None:
    for predictor in BASELINES:
        (answer,) = predictor.predict([held], horizon)
        check(answer)


@given(wild_cases(), wild_floats)
def test_strange_limits_never_raise(held: Case, limit_us: float) -> None:
    (answer,) = days_until(ElasticityProjection(), [held], {"q": limit_us})
    if isinstance(answer, Breach) and answer.days is not None:
        assert 0 <= answer.days <= 365


counters = st.integers(0, 2**63)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 2**62), *[counters] * 4), max_size=25),
    st.lists(st.tuples(st.integers(-10, 40), st.integers(-3, 2**62)), max_size=25),
)
def test_strange_histories_never_raise_from_end_to_end(
    windows: list[tuple[int, ...]], counts: list[tuple[int, int]]
) -> None:
    facts = world(REGIMES["linear"], queries=1)
    template = facts.stats[0]
    stats = tuple(
        replace(
            template, window_start=day(end - 1), window_end=day(end), calls=calls,
            total_us=total, rows=rows, shared_blocks=blocks, temp_blocks=temp,
        )
        for end, calls, total, rows, blocks, temp in windows
    )  # fmt: skip
    series: tuple[tuple[datetime, int], ...] = tuple((day(at), rows) for at, rows in counts)
    odd = replace(facts, stats=stats, row_series={EVENTS: series}, today=day(30))
    found, skips = forecasts(cases(odd))
    assert len(found) + len(skips) == len(cases(odd))
    for forecast in found:
        check(forecast)
