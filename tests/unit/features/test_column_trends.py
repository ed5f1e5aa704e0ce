"""How columns move: growth of keys, narrower types, shares; and when nothing can be said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.column_trends import column_trends
from dbt_schema_evolve.records.column_trends import ColumnTrend
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange
from tests.fakes.columns import INT_MAX, NOW, ORDER_ID, of_key, of_ranges, of_sequence

values = st.lists(st.integers(1, INT_MAX), min_size=4, max_size=40)
growing = values.map(sorted)


def trend(profiles: Sequence[ColumnProfile]) -> ColumnTrend:
    (found,) = column_trends(profiles, NOW)
    return found


def shares(*ratios: float | None) -> tuple[ColumnProfile, ...]:
    return tuple(
        replace(profile, top_value_ratio=ratio)
        for profile, ratio in zip(of_ranges([None] * len(ratios)), ratios, strict=True)
    )


@given(st.integers(1, 10**6), st.integers(0, 10**8), st.integers(4, 60), st.integers(1, 3))
def test_a_key_that_grows_evenly_is_full_to_the_day(
    pace: int, first: int, points: int, step: int
) -> None:
    profiles = of_key(*(first + pace * step * n for n in range(points)), step=step)
    found = trend(profiles)
    assert found.highest is not None
    assert found.growth is not None
    until = found.growth.until(INT_MAX - found.highest)
    assert until is not None
    assert until.days == pytest.approx((INT_MAX - found.highest) / pace)
    assert until.earliest_days == pytest.approx(until.days)


@given(growing)
def test_no_date_is_earlier_than_the_steepest_stretch_that_was_seen(highest: list[int]) -> None:
    growth = trend(of_key(*highest)).growth
    until = growth and growth.until(INT_MAX - highest[-1])
    if until is not None:
        steepest = max(
            (b - a) / (later - earlier)
            for (earlier, a), (later, b) in combinations(enumerate(highest), 2)
        )
        assert until.earliest_days >= (INT_MAX - highest[-1]) / steepest * (1 - 1e-9)
        assert until.earliest_days <= until.days
        assert until.latest_days is None or until.days <= until.latest_days


@given(growing)
def test_a_lower_limit_is_never_reached_later(highest: list[int]) -> None:
    growth = trend(of_key(*highest)).growth
    if growth is not None and growth.per_day > 0:
        near, far = growth.until(1_000), growth.until(2_000)
        assert near is not None
        assert far is not None
        assert near.days <= far.days
        assert near.earliest_days <= far.earliest_days


@given(values.map(lambda found: sorted(found, reverse=True)))
def test_what_only_falls_reaches_nothing(highest: list[int]) -> None:
    growth = trend(of_key(*highest)).growth
    assert growth is None or growth.until(1) is None


@given(values, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_of_the_profiles_shows(
    highest: list[int], rng: Random
) -> None:
    profiles = [*of_key(*highest)]
    again = [*profiles, *rng.choices(profiles, k=5), replace(profiles[-1], null_ratio=0.5)]
    once = column_trends(again, NOW)
    rng.shuffle(again)
    assert column_trends(again, NOW) == once


@given(values, st.integers(1, 30))
def test_what_is_known_later_changes_nothing(highest: list[int], days: int) -> None:
    profiles = of_key(*highest)
    cutoff = NOW - timedelta(days=days)
    before = [each for each in profiles if each.captured_at <= cutoff]
    assert column_trends(profiles, cutoff) == column_trends(before, cutoff)


def test_a_gap_between_captures_makes_no_other_growth() -> None:
    profiles = of_key(*(1_000 * n for n in range(40)))
    with_gap = trend(profiles[:10] + profiles[25:]).growth
    assert with_gap is not None
    assert with_gap.per_day == 1_000


@pytest.mark.parametrize("highest", [[5], [5, 6, 7], [0, 0]])
def test_a_short_history_tells_the_value_and_no_growth(highest: list[int]) -> None:
    found = trend(of_key(*highest))
    assert (found.highest, found.growth) == (highest[-1], None)


def test_four_captures_within_an_hour_are_no_history() -> None:
    assert trend(of_key(1, 2, 3, 4, step=0.01)).growth is None


def test_a_history_of_only_zeros_grows_by_nothing() -> None:
    growth = trend(of_key(*[0] * 10)).growth
    assert growth is not None
    assert (growth.per_day, growth.until(1)) == (0.0, None)


def test_growth_before_a_reset_does_not_count() -> None:
    before, after = range(10**9, 10**9 + 20 * 10**6, 10**6), range(100, 200, 10)
    growth = trend(of_key(*before, *after)).growth
    assert growth is not None
    assert (growth.per_day, growth.points) == (10.0, 10)


def test_just_after_a_reset_nothing_is_known() -> None:
    assert trend(of_key(*range(10**6, 2 * 10**6, 10**5), 1, 2)).growth is None


def test_some_deleted_rows_at_the_end_are_no_reset() -> None:
    highest = [10**9 + 10**6 * n for n in range(20)]
    highest[10] -= 3 * 10**6
    growth = trend(of_key(*highest)).growth
    assert growth is not None
    assert growth.per_day == pytest.approx(10**6, rel=0.01)


def test_growth_after_an_import_is_that_of_the_days_after_it() -> None:
    highest = [*range(0, 200, 10), *range(10**6, 10**6 + 500, 50)]
    growth = trend(of_key(*highest)).growth
    assert growth is not None
    assert (growth.per_day, growth.points) == (50.0, 10)


def test_a_value_last_seen_days_ago_has_grown_since() -> None:
    profiles = of_key(*range(0, 1_000, 100))
    (found,) = column_trends(profiles, NOW + timedelta(days=4))
    assert found.growth is not None
    until = found.growth.until(1_000)
    assert until is not None
    assert until.days == pytest.approx(10 - 4)


def test_a_sequence_is_watched_beside_its_column() -> None:
    found = trend(of_sequence(*range(0, 500, 50), highest=7))
    assert found.sequence is not None
    assert found.sequence.value == 450
    assert found.sequence_growth is not None
    assert found.sequence_growth.per_day == 50
    assert found.growth is not None
    assert found.growth.per_day == 0


def test_a_smaller_type_is_named_with_the_days_for_which_it_would_have_done() -> None:
    found = trend(of_key(*range(30_000, 30_900, 10), type_name="bigint")).narrower[0]
    assert (found.type, found.limit, found.days, found.is_exact) == ("smallint", 32_767, 89, True)
    assert found.looks == 90
    assert found.until is not None
    assert found.until.days == pytest.approx((32_767 - 30_890) / 10)


def test_one_large_value_in_the_past_speaks_against_a_smaller_type() -> None:
    bits = [10] * 30 + [16] + [10] * 30
    found = trend(of_ranges([ColumnRange(each) for each in bits], "bigint")).narrower
    assert [(each.type, each.is_exact, each.until) for each in found] == [("integer", False, None)]


def test_a_type_that_changed_is_judged_as_it_is_now() -> None:
    profiles = [*of_key(1, 2), *of_key(3, 4, 5, 6, type_name="bigint")]
    profiles = [
        replace(each, captured_at=NOW - timedelta(days=5 - n)) for n, each in enumerate(profiles)
    ]
    found = trend(profiles)
    assert (found.type, found.number_limit) == ("bigint", 2**63 - 1)


def test_a_key_that_takes_over_is_rising_and_noise_is_not() -> None:
    rising = trend(shares(*(0.1 + 0.01 * n for n in range(27)))).top_share
    assert rising is not None
    assert rising.slope is not None
    assert (round(rising.ratio, 2), rising.is_rising) == (0.36, True)
    assert rising.slope.per_day == pytest.approx(0.01)
    noise = trend(shares(*(0.36 + 0.002 * (n % 3) for n in range(27)))).top_share
    assert noise is not None
    assert not noise.is_rising


def test_shares_that_nobody_could_compute_are_left_out() -> None:
    found = trend(shares(None, float("nan"), 0.5, float("inf"), None)).top_share
    assert found is not None
    assert (found.ratio, found.slope) == (0.5, None)
    assert trend(shares(None, float("nan"))).top_share is None


def test_captures_of_older_versions_say_nothing_of_ranges() -> None:
    found = trend(of_ranges([None] * 9))
    assert (found.column, found.days, found.points) == (ORDER_ID, 8.0, 9)
    assert (found.highest, found.growth, found.sequence) == (None,) * 3
    assert not found.narrower


@given(st.floats(0, 2**40), st.floats(0, 2**30), st.integers(2, 60), st.sampled_from([1.0, 7.0]))
def test_magnitudes_never_promise_more_time_than_a_steady_pace_leaves(
    first: float, pace: float, looks: int, step: float
) -> None:
    numbers = [int(first + pace * step * look) for look in range(looks)]
    found = trend(
        of_ranges([ColumnRange(each.bit_length()) for each in numbers], "bigint", step=step)
    )
    for narrower in found.narrower:
        rise = (numbers[-1] - numbers[0]) / narrower.days
        if rise:
            assert narrower.at_least_days is not None
            assert narrower.at_least_days <= (narrower.limit + 1 - numbers[-1]) / rise * (1 + 1e-9)


def test_a_key_whose_pace_is_not_known_is_promised_nothing() -> None:
    assert [each.at_least_days for each in trend(of_key(5, 6, type_name="integer")).narrower] == [
        None
    ]


def test_a_column_of_only_zeros_is_promised_long() -> None:
    (found,) = trend(of_ranges([ColumnRange(0)] * 90, "integer")).narrower
    assert found.at_least_days is not None
    assert found.at_least_days > 1_000_000


def test_one_look_promises_nothing() -> None:
    (found,) = trend(of_ranges([ColumnRange(3)], "integer")).narrower
    assert (found.days, found.looks, found.at_least_days) == (0.0, 1, 0.0)
