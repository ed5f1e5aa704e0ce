"""Scores whose values can be counted by hand."""

from datetime import UTC, datetime
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.predict.scores import average_precision, brier, log_quantiles, pinball
from dbt_schema_evolve.records.forecasts import Forecast


def test_a_perfect_order_has_all_the_area_and_the_reverse_little() -> None:
    assert average_precision([(0.9, True), (0.8, True), (0.2, False), (0.1, False)]) == 1
    assert average_precision([(0.1, True), (0.8, False), (0.9, False)]) == pytest.approx(1 / 3)


def test_equal_scores_are_one_step_whatever_their_order() -> None:
    scored = [(0.5, True), (0.5, False), (0.5, False), (0.5, True)]
    assert average_precision(scored) == average_precision(scored[::-1]) == pytest.approx(0.5)


def test_without_anything_that_came_true_there_is_no_area() -> None:
    assert average_precision([(0.5, False)]) is None
    assert average_precision([]) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_area_is_a_share_and_does_not_depend_on_the_order(
    scored: list[tuple[float, bool]],
) -> None:
    area = average_precision(scored)
    assert area is None or 0 < area <= 1 + 1e-9
    assert area == pytest.approx(average_precision(sorted(scored)))


def test_a_certainty_that_fails_costs_all_and_an_even_chance_a_quarter() -> None:
    assert brier([(1.0, False)]) == 1
    assert brier([(0.5, True), (0.5, False)]) == 0.25
    assert brier([]) is None


def test_a_quantile_costs_more_on_the_side_where_few_outcomes_should_be() -> None:
    assert pinball([(0.95, 1.0)], 2.0) == pytest.approx(0.95)
    assert pinball([(0.95, 1.0)], 0.0) == pytest.approx(0.05)
    assert pinball([(0.5, 1.0)], 1.0) == 0


def test_the_true_quantile_costs_least() -> None:
    came = [n / 100 for n in range(100)]

    def cost(value: float) -> float:
        return sum(pinball([(0.9, value)], each) for each in came)

    assert cost(0.9) < min(cost(0.8), cost(1.0))


def test_a_forecast_is_read_as_shares_of_outcomes_below_it() -> None:
    said = Forecast("q", datetime(2026, 1, 1, tzinfo=UTC), 7, 10.0, 20.0, 5.0, 40.0, 0.9, "", "")
    assert log_quantiles(said) == (
        (pytest.approx(0.05), pytest.approx(log(0.5))),
        (0.5, pytest.approx(log(2))),
        (pytest.approx(0.95), pytest.approx(log(4))),
    )
