"""How many rows a relation will have, from rows that came in many ways."""

from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.pace import Pace, pace

CUTOFF = 100.0


def of(rows: list[float], every: float = 1.0) -> Pace | None:
    """The pace of counts that end at the cut-off."""
    days = [CUTOFF - every * n for n in reversed(range(len(rows)))]
    return pace(np.array(days), np.array(rows), CUTOFF)


def ratio(rows: list[float], days: float, every: float = 1.0) -> float:
    found = of(rows, every)
    assert found is not None
    return found.ratio(days)


def test_the_same_rows_every_day_are_a_line() -> None:
    assert ratio([1000 + 50 * n for n in range(20)], 30) == pytest.approx((1950 + 1500) / 1950)


def test_the_same_share_every_day_compounds() -> None:
    found = of([1000 * exp(0.05 * n) for n in range(20)])
    assert found is not None
    assert found.compounds
    assert found.ratio(30) == pytest.approx(exp(1.5))


def test_a_backfill_is_no_pace() -> None:
    rows = [1000.0 + 10 * n + (4000 if n >= 15 else 0) for n in range(20)]
    assert ratio(rows, 30) == pytest.approx(1 + 300 / rows[-1])


def test_growth_that_began_this_week_counts() -> None:
    rows = [1000.0 + 2 * n + 200 * max(0, n - 14) for n in range(20)]
    assert ratio(rows, 7) > 1.3


def test_what_is_built_every_week_has_a_pace_of_weeks() -> None:
    daily = [1000.0 + 70 * (n // 7) for n in range(36)]
    assert ratio(daily, 14) == pytest.approx(1 + 140 / daily[-1], rel=0.02)


def test_growth_that_has_stopped_is_none() -> None:
    rows = [1000.0 + 50 * min(n, 12) for n in range(20)]
    assert ratio(rows, 30) == 1


def test_a_gap_in_the_captures_is_no_stop() -> None:
    days = np.array([*range(60, 80), 95.0, 100.0])
    found = pace(days, 1000 + 50 * (days - 60), CUTOFF)
    assert found is not None
    assert found.ratio(10) == pytest.approx(1 + 500 / 3000)


@pytest.mark.parametrize("rows", [[], [5.0], [1.0, 2.0, 3.0], [0.0] * 20])
def test_too_short_a_history_has_no_pace(rows: list[float]) -> None:
    assert of(rows) is None


@given(
    st.lists(st.floats(0, 1e12) | st.sampled_from([float("nan"), 0.0]), max_size=40),
    st.floats(0, 400),
)
def test_whatever_was_counted_a_ratio_is_a_number_that_a_month_could_bring(
    rows: list[float], days: float
) -> None:
    found = of(rows)
    assert found is None or exp(-3.01) <= found.ratio(days) <= exp(3.01)
