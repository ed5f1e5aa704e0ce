"""The label: sustained, confirmed by work, noticed by somebody, and silent where it is a coin."""

from collections.abc import Sequence
from datetime import timedelta
from math import inf, log, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.predict.labels import outcomes
from dbt_schema_evolve.records.examples import Outcome
from tests.fakes.forecasting import day

LEVEL_US, LEVEL_WORK = 10_000.0, 100.0
WEEK = (1.0,) * 7


def after_a_week(
    *ratios: float,
    work: Sequence[float | None] | None = None,
    level_us: float = LEVEL_US,
) -> Outcome:
    """A flat week, then runs of so many times the level; work follows time unless it is given."""
    told = tuple(ratios if work is None else work)
    times = [level_us * ratio for ratio in (*WEEK, *ratios)]
    works = [each if each is None else LEVEL_WORK * each for each in (*WEEK, *told)]
    return outcomes(times, works, [day(n) for n in range(len(times))])[6]


@pytest.mark.parametrize(
    ("following", "degraded"),
    [
        pytest.param((1, 1, 1, 1, 1, 1, 1), False, id="nothing happens"),
        pytest.param((1, 1, 1, 1, 1, 1.5, 1.5), True, id="two of seven are half as slow again"),
        pytest.param((2, 1, 1, 1, 1, 1, 2), True, id="they need not follow each other"),
        pytest.param((1, 1, 1, 1, 1, 1, 2), None, id="one alone is a near miss"),
        pytest.param((1, 1, 1, 1, 1, 1, 1, 2, 2), False, id="the eighth run is too late"),
        pytest.param((1, 1.35, 1, 1, 1.49, 1, 1), None, id="two within ten percent: near miss"),
        pytest.param((1, 1.34, 1, 1, 1.49, 1, 1), False, id="one of them is farther off"),
        pytest.param((2, 2, 2, 2, 2, 2), None, id="six slow runs are no week either"),
        pytest.param((1, 1, 1, 1, 1, 1), None, id="six quiet runs are no quiet week"),
        pytest.param((), None, id="no future"),
    ],
)
def test_a_cut_off_is_degraded_where_it_lasts(
    following: tuple[float, ...], degraded: bool | None
) -> None:
    assert after_a_week(*following).degraded is degraded


def test_time_without_work_is_a_neighbour() -> None:
    assert after_a_week(*[3.0] * 7, work=[1.0] * 7).degraded is False
    assert after_a_week(*[3.0] * 7, work=[1.25] * 7).degraded is True


def test_work_just_below_its_threshold_is_a_near_miss_too() -> None:
    assert after_a_week(*[3.0] * 7, work=[1.2] * 7).degraded is None


def test_where_nobody_counted_time_decides_alone() -> None:
    assert after_a_week(*[2.0] * 7, work=[None] * 7).degraded is True
    assert after_a_week(*[2.0] * 7, work=[nan] * 7).degraded is True


def test_from_no_work_to_no_work_is_not_more() -> None:
    times = [LEVEL_US] * 7 + [2 * LEVEL_US] * 7
    at = [day(n) for n in range(14)]
    assert outcomes(times, [0.0] * 14, at)[6].degraded is False
    assert outcomes(times, [0.0] * 7 + [40.0] * 7, at)[6].degraded is True


def test_what_takes_less_than_a_millisecond_is_not_noticed() -> None:
    assert after_a_week(*[3.0] * 7, level_us=200.0).degraded is False
    assert after_a_week(*[3.0] * 7, level_us=400.0).degraded is True


def test_what_has_degraded_already_is_not_foretold_until_it_is_the_new_level() -> None:
    times = [LEVEL_US] * 7 + [2 * LEVEL_US] * 20
    found = outcomes(times, times, [day(n) for n in range(len(times))])
    assert [each.degraded for each in found[:6]] == [None] * 6  # no week behind them
    assert found[6].degraded is True
    assert [each.degraded for each in found[7:10]] == [None] * 3  # happening
    assert [each.degraded for each in found[10:20]] == [False] * 10  # the new level
    assert [each.degraded for each in found[20:]] == [None] * 7  # no week ahead


def test_runs_until_the_first_degraded_one_are_counted_from_one() -> None:
    assert after_a_week(1, 1, 2, 2).runs_until == 3  # known before its label is
    assert after_a_week(*[1] * 10, 2).runs_until == 11
    assert after_a_week(1, 1).runs_until is None


def test_log_ratios_are_by_whole_days_and_have_gaps_where_nothing_ran() -> None:
    times = [LEVEL_US] * 7 + [LEVEL_US * ratio for ratio in (1.1, 1.3, 2.0, 9.0)]
    at = [day(n) for n in range(7)] + [day(7), day(9.2), day(36), day(36.6)]
    found = outcomes(times, times, at)[6]
    assert found.log_ratios == pytest.approx({1: log(1.1), 3: log(1.3), 30: log(2.0)})


def test_of_several_runs_of_a_day_the_one_nearest_to_the_hour_stands_for_it() -> None:
    times = [LEVEL_US] * 7 + [LEVEL_US * ratio for ratio in (1.1, 1.2, 1.3)]
    at = [day(n) for n in range(7)] + [day(6.7), day(7.1), day(7.4)]
    assert outcomes(times, times, at)[6].log_ratios == pytest.approx({1: log(1.2)})


@pytest.mark.parametrize("broken", [0.0, -5.0, nan, inf])
def test_a_time_that_is_none_is_neither_past_nor_future(broken: float) -> None:
    times = [LEVEL_US] * 7 + [broken] + [2 * LEVEL_US] * 7
    found = outcomes(times, [None] * 15, [day(n) for n in range(15)])
    assert found[6].degraded is True
    assert found[6].runs_until == 1
    assert found[7] == Outcome(None, None, {})


measured = st.lists(
    st.tuples(st.floats(), st.none() | st.floats(), st.floats(0, 3)), max_size=30
)  # fmt: skip


@given(measured)
def test_strange_numbers_never_raise_and_no_ratio_is_infinite(
    runs: list[tuple[float, float | None, float]],
) -> None:
    at, now = [], day(0)
    for _, _, gap in runs:
        now += timedelta(days=gap)
        at.append(now)
    found = outcomes([us for us, _, _ in runs], [work for _, work, _ in runs], at)
    assert len(found) == len(runs)
    for each in found:
        assert all(
            1 <= ahead <= 30 and abs(ratio) < 100 for ahead, ratio in each.log_ratios.items()
        )


@given(
    st.lists(st.floats(0.5, 4.0), min_size=8, max_size=30),
    st.floats(0.1, 10.0),
)
def test_a_faster_machine_changes_no_label_above_the_floor(
    ratios: list[float], speed: float
) -> None:
    at = [day(n) for n in range(len(ratios))]
    here = outcomes([1e6 * ratio for ratio in ratios], [None] * len(ratios), at)
    there = outcomes([1e6 * ratio * speed for ratio in ratios], [None] * len(ratios), at)
    differing = sum(a.degraded is not b.degraded for a, b in zip(here, there, strict=True))
    assert differing == 0 or any(_on_the_edge(ratios, n) for n in range(6, len(ratios)))


def _on_the_edge(ratios: Sequence[float], now: int) -> bool:
    """Whether a ratio equals a threshold but for rounding."""
    level = sorted(ratios[now - 6 : now + 1])[3]
    return any(abs(ratio / level - edge) < 1e-9 for ratio in ratios[now:] for edge in (1.35, 1.5))
