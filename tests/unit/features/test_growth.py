"""How fast relations grow, and when nothing can be said."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.growth import growths, relation_growth
from dbt_schema_evolve.features.lines import theil_sen, thin
from dbt_schema_evolve.features.rows import row_series
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationKind, RelationName

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=60)
ORDERS = RelationName("Räume", 'my "orders"')


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def series(*rows: int, step: float = 1.0) -> tuple[tuple[datetime, int], ...]:
    """Row counts, the last of them today."""
    first = 60 - step * (len(rows) - 1)
    return tuple((day(first + step * n), count) for n, count in enumerate(rows))


def profile(
    number: float,
    rows: int | None,
    *,
    table_bytes: int | None = None,
    analyzed: float | None = None,
    kind: RelationKind = RelationKind.TABLE,
) -> RelationProfile:
    return RelationProfile(
        ORDERS, kind, day(number), rows, table_bytes, 0,
        last_analyzed_at=None if analyzed is None else day(analyzed),
    )  # fmt: skip


def test_steady_growth_is_found_exactly() -> None:
    growth = relation_growth("source.orders", series(*range(1_000, 2_500, 100)), NOW)
    assert growth is not None
    assert growth.rows == 2_400
    assert growth.rows_per_day == pytest.approx(100)
    assert growth.stderr_rows_per_day == pytest.approx(0, abs=1e-6)
    assert growth.ratio_per_day == pytest.approx(100 / 2_400)
    assert (growth.days, growth.points) == (14, 15)


def test_a_relation_that_keeps_its_size_does_not_grow() -> None:
    growth = relation_growth("x", series(5, 5, 5, 5, 5, 5, 5), NOW)
    assert growth is not None
    assert (growth.rows_per_day, growth.stderr_rows_per_day) == (0, 0)


def test_an_empty_relation_does_not_grow_and_divides_nothing() -> None:
    growth = relation_growth("x", series(0, 0, 0, 0, 0), NOW)
    assert growth is not None
    assert growth.ratio_per_day == 0


@pytest.mark.parametrize("rows", [(), (1,), (1, 2, 3)])
def test_fewer_than_four_points_say_nothing(rows: tuple[int, ...]) -> None:
    assert relation_growth("x", series(*rows, step=5), NOW) is None


def test_less_than_three_days_say_nothing() -> None:
    assert relation_growth("x", series(*range(1, 60), step=0.05), NOW) is None


def test_one_wild_count_does_not_turn_the_line() -> None:
    counts = list(range(1_000, 2_500, 100))
    counts[6] = 90_000_000
    growth = relation_growth("x", series(*counts), NOW)
    assert growth is not None
    assert growth.rows_per_day == pytest.approx(100, rel=0.1)


def test_a_backfill_that_is_over_is_not_growth() -> None:
    growth = relation_growth("x", series(*[1_000] * 7, *[3_000] * 8), NOW)
    assert growth is not None
    assert growth.rows_per_day == pytest.approx(0, abs=1)


def test_growth_that_began_a_week_ago_is_growth() -> None:
    counts = [1_000] * 8 + [1_000 + 50 * n for n in range(1, 9)]
    growth = relation_growth("x", series(*counts), NOW)
    assert growth is not None
    assert growth.rows_per_day == pytest.approx(50, rel=0.2)


def test_the_rhythm_of_a_week_is_not_growth() -> None:
    week = [1_000, 1_010, 1_020, 1_030, 1_040, 1_000, 1_000]
    growth = relation_growth("x", series(*week * 3), NOW)
    assert growth is not None
    assert abs(growth.rows_per_day) < 5


def test_an_uncertain_line_says_so() -> None:
    rng = Random(7)
    counts = [round(10_000 + 100 * n + rng.gauss(0, 300)) for n in range(15)]
    growth = relation_growth("x", series(*counts), NOW)
    assert growth is not None
    assert abs(growth.rows_per_day - 100) < 3 * growth.stderr_rows_per_day
    assert 5 < growth.stderr_rows_per_day < 50


def test_what_comes_after_the_cutoff_is_not_read() -> None:
    known = series(*range(1_000, 2_500, 100))
    later = tuple((day(60 + n), 9_999_999) for n in range(1, 20))
    assert relation_growth("x", known + later, NOW) == relation_growth("x", known, NOW)


def test_growth_is_named_by_the_lineage_or_by_the_relation() -> None:
    other = RelationName("raw", "events")
    found = growths(
        {ORDERS: series(1, 2, 3, 4, 5), other: series(1, 1, 1, 1)}, {ORDERS: "source.orders"}, NOW
    )
    assert found[ORDERS].relation_id == "source.orders"
    assert found[other].relation_id == "relation.raw.events"


def test_rows_between_two_counts_follow_the_bytes() -> None:
    profiles = [
        profile(0, 1_000, table_bytes=10_000, analyzed=0),
        profile(1, 1_000, table_bytes=12_000, analyzed=0),
        profile(2, 1_400, table_bytes=14_000, analyzed=2),
        profile(3, 1_400, table_bytes=15_000, analyzed=2),
    ]
    assert [rows for _, rows in row_series(profiles)[ORDERS]] == [1_000, 1_200, 1_400, 1_500]


def test_a_rebuilt_table_is_counted_afresh_though_the_count_is_the_same() -> None:
    """Its bloat is gone: the same rows on fewer bytes are no loss of rows."""
    profiles = [
        profile(0, 1_000, table_bytes=20_000, analyzed=0),
        profile(1, 1_000, table_bytes=10_000, analyzed=1),
    ]
    assert [rows for _, rows in row_series(profiles)[ORDERS]] == [1_000, 1_000]


def test_what_was_never_counted_has_no_rows_to_tell() -> None:
    assert row_series([profile(0, None, table_bytes=8_192)]) == {}
    assert row_series([profile(0, 10, kind=RelationKind.VIEW)]) == {}


def test_sizes_may_be_unknown() -> None:
    profiles = [profile(n, 100 * n, table_bytes=None) for n in range(1, 4)]
    assert [rows for _, rows in row_series(profiles)[ORDERS]] == [100, 200, 300]


def test_profiles_after_the_cutoff_are_not_read() -> None:
    assert row_series([profile(5, 10)], cutoff=day(4)) == {}


instants = st.integers(-100 * 86_400, 0).map(lambda second: second / 86_400)  # days ago
points = st.lists(st.tuples(instants, st.floats(-1e12, 1e12)), min_size=2, max_size=200)


@given(points)
def test_a_slope_lies_between_the_steepest_two(found: list[tuple[float, float]]) -> None:
    slope, stderr = theil_sen(found)
    kept = thin(found)
    slopes = [(b - y) / (a - x) for x, y in kept for a, b in kept if a != x]
    assert stderr >= 0
    if slopes:
        assert min(slopes) <= slope <= max(slopes)


@given(points)
def test_thinning_keeps_the_last_point_and_few_others(found: list[tuple[float, float]]) -> None:
    kept = thin(found)
    assert len(kept) <= 64
    assert kept[-1] == max(found)
    assert set(kept) <= set(found)
