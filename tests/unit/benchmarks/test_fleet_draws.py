"""Projects of the fleet as they are drawn, before any of them is lived."""

import math
from collections import Counter

import pytest

from benchmarks.fleet.arrivals import arrivals
from benchmarks.fleet.draw import DAYS, REGIMES, Growth, draw

_MANY = 300


def test_a_number_always_gives_the_same_project() -> None:
    assert [draw(number) for number in range(20)] == [draw(number) for number in range(20)]


def test_every_regime_is_drawn_about_as_often_as_it_should_be() -> None:
    drawn = Counter(draw(number).regime for number in range(_MANY))
    for regime, weight in REGIMES.items():
        expected = _MANY * weight / sum(REGIMES.values())
        assert abs(drawn[regime] - expected) < 4 * math.sqrt(expected), regime


@pytest.mark.parametrize("number", range(0, _MANY, 10))
def test_no_source_outgrows_what_seventy_days_can_scan(number: int) -> None:
    spec = draw(number)
    for growth in (spec.events, spec.orders):
        rows = float(growth.rows)
        for arrival in arrivals(growth):
            assert arrival.rows >= 0
            rows = rows * arrival.kept + arrival.rows
        assert rows < 500_000


def test_an_onset_stands_still_before_its_day_and_grows_after() -> None:
    growth = Growth("onset", 10_000, 0.1, first_day=20, last_day=40, idle_rate=0.0)
    rows = {arrival.day: arrival.rows for arrival in arrivals(growth)}
    assert not any(rows[day] for day in range(1, 20))
    assert rows[20] == round(10_000 * math.expm1(0.1))
    assert not any(rows[day] for day in range(40, DAYS))


def test_a_backfill_comes_on_one_day_and_an_archive_leaves_on_one() -> None:
    backfill = Growth("backfill", 1_000, 0.0, first_day=30, factor=2.0, idle_rate=0.0)
    assert [a.day for a in arrivals(backfill) if a.rows] == [30]
    shrink = Growth("shrink", 1_000, 0.0, first_day=30, factor=0.4, idle_rate=0.0)
    assert [(a.day, a.kept) for a in arrivals(shrink) if a.kept < 1] == [(30, 0.4)]
