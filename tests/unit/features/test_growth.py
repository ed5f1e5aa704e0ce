"""How fast relations grow, and when nothing can be said."""

from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.growth import relation_growth
from dbt_schema_evolve.features.known_rows import relation_id
from dbt_schema_evolve.features.lines import theil_sen, thin
from dbt_schema_evolve.features.rows import counted_rows
from dbt_schema_evolve.features.sizes import sizes
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.records.forecasts import RelationGrowth
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationKind, RelationName

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(days=60)
ORDERS = RelationName("Räume", 'my "orders"')


def day(number: float) -> datetime:
    return START + timedelta(days=number)


Series = tuple[tuple[datetime, int], ...]


def series(*rows: int, step: float = 1.0) -> Series:
    """Row counts, the last of them today."""
    first = 60 - step * (len(rows) - 1)
    return tuple((day(first + step * n), count) for n, count in enumerate(rows))


def growth_of(counts: Series, cutoff: datetime = NOW) -> RelationGrowth | None:
    days = np.array([days_of(at) for at, _ in counts])
    rows = np.array([float(count) for _, count in counts])
    return relation_growth("source.orders", days, rows, days_of(cutoff))


def profile(
    number: float,
    rows: int | None,
    *,
    table_bytes: int | None = None,
    analyzed: float | None = None,
    kind: RelationKind = RelationKind.TABLE,
    inserted: int | None = None,
    deleted: int | None = None,
) -> RelationProfile:
    return RelationProfile(
        ORDERS, kind, day(number), rows, table_bytes, 0,
        inserted_rows=inserted,
        deleted_rows=deleted,
        last_analyzed_at=None if analyzed is None else day(analyzed),
    )  # fmt: skip


def test_steady_growth_is_found_exactly() -> None:
    growth = growth_of(series(*range(1_000, 2_500, 100)))
    assert growth is not None
    assert growth.rows == 2_400
    assert growth.rows_per_day == pytest.approx(100)
    assert growth.stderr_rows_per_day == pytest.approx(0, abs=1e-6)
    assert growth.ratio_per_day == pytest.approx(100 / 2_400)
    assert (growth.days, growth.points) == (14, 15)


def test_a_relation_that_keeps_its_size_does_not_grow() -> None:
    growth = growth_of(series(5, 5, 5, 5, 5, 5, 5))
    assert growth is not None
    assert (growth.rows_per_day, growth.stderr_rows_per_day) == (0, 0)


def test_an_empty_relation_does_not_grow_and_divides_nothing() -> None:
    growth = growth_of(series(0, 0, 0, 0, 0))
    assert growth is not None
    assert growth.ratio_per_day == 0


@pytest.mark.parametrize("rows", [(), (1,), (1, 2, 3)])
def test_fewer_than_four_points_say_nothing(rows: tuple[int, ...]) -> None:
    assert growth_of(series(*rows, step=5)) is None


def test_less_than_three_days_say_nothing() -> None:
    assert growth_of(series(*range(1, 60), step=0.05)) is None


def test_one_wild_count_does_not_turn_the_line() -> None:
    counts = list(range(1_000, 2_500, 100))
    counts[6] = 90_000_000
    growth = growth_of(series(*counts))
    assert growth is not None
    assert growth.rows_per_day == pytest.approx(100, rel=0.1)


def test_a_backfill_that_is_over_is_not_growth() -> None:
    growth = growth_of(series(*[1_000] * 7, *[3_000] * 8))
    assert growth is not None
    assert growth.rows_per_day == pytest.approx(0, abs=1)


def test_growth_that_began_a_week_ago_is_growth() -> None:
    counts = [1_000] * 8 + [1_000 + 50 * n for n in range(1, 9)]
    growth = growth_of(series(*counts))
    assert growth is not None
    assert growth.rows_per_day == pytest.approx(50, rel=0.2)


def test_the_rhythm_of_a_week_is_not_growth() -> None:
    week = [1_000, 1_010, 1_020, 1_030, 1_040, 1_000, 1_000]
    growth = growth_of(series(*week * 3))
    assert growth is not None
    assert abs(growth.rows_per_day) < 5


def test_an_uncertain_line_says_so() -> None:
    rng = Random(7)
    counts = [round(10_000 + 100 * n + rng.gauss(0, 300)) for n in range(15)]
    growth = growth_of(series(*counts))
    assert growth is not None
    assert abs(growth.rows_per_day - 100) < 3 * growth.stderr_rows_per_day
    assert 5 < growth.stderr_rows_per_day < 50


def test_what_comes_after_the_cutoff_is_not_read() -> None:
    known = series(*range(1_000, 2_500, 100))
    later = tuple((day(60 + n), 9_999_999) for n in range(1, 20))
    assert growth_of(known + later) == growth_of(known)


def test_a_relation_is_named_by_the_lineage_or_by_itself() -> None:
    other = RelationName("raw", "events")
    assert relation_id(ORDERS, {ORDERS: "source.orders"}) == "source.orders"
    assert relation_id(other, {ORDERS: "source.orders"}) == "relation.raw.events"


def test_rows_between_two_counts_follow_the_bytes() -> None:
    profiles = [
        profile(0, 1_000, table_bytes=10_000, analyzed=0),
        profile(1, 1_000, table_bytes=12_000, analyzed=0),
        profile(2, 1_400, table_bytes=14_000, analyzed=2),
        profile(3, 1_400, table_bytes=15_000, analyzed=2),
    ]
    assert counted_rows(profiles) == [1_000, 1_200, 1_400, 1_500]


def test_a_rebuilt_table_is_counted_afresh_though_the_count_is_the_same() -> None:
    """Its bloat is gone: the same rows on fewer bytes are no loss of rows."""
    profiles = [
        profile(0, 1_000, table_bytes=20_000, analyzed=0),
        profile(1, 1_000, table_bytes=10_000, analyzed=1),
    ]
    assert counted_rows(profiles) == [1_000, 1_000]


def test_rows_written_since_a_count_are_added_so_that_bloat_is_no_growth() -> None:
    """Half the rows were updated: the bytes grew by half, the rows by the hundred that came."""
    profiles = [
        profile(0, 1_000, table_bytes=10_000, analyzed=0, inserted=500, deleted=0),
        profile(1, 1_000, table_bytes=15_000, analyzed=0, inserted=650, deleted=50),
    ]
    assert counted_rows(profiles) == [1_000, 1_100]


def test_counters_that_began_anew_are_not_believed() -> None:
    profiles = [
        profile(0, 1_000, table_bytes=10_000, analyzed=0, inserted=500, deleted=0),
        profile(1, 1_000, table_bytes=15_000, analyzed=0, inserted=20, deleted=0),
    ]
    assert counted_rows(profiles) == [1_000, 1_500]


def test_what_was_never_counted_has_no_rows_to_tell() -> None:
    assert sizes([profile(0, None, table_bytes=8_192)]) == {}
    assert sizes([profile(0, 10, kind=RelationKind.VIEW)]) == {}
    assert sizes([profile(0, -1)]) == {}


def test_sizes_may_be_unknown() -> None:
    profiles = [profile(n, 100 * n, table_bytes=None) for n in range(1, 4)]
    assert counted_rows(profiles) == [100, 200, 300]


def test_of_two_profiles_of_one_instant_the_larger_counts_in_either_order() -> None:
    twice = [profile(1, 100, table_bytes=10), profile(1, 900, table_bytes=90)]
    for profiles in (twice, twice[::-1]):
        assert sizes(profiles)[ORDERS].rows.tolist() == [900]


instants = st.integers(-100 * 86_400, 0).map(lambda second: second / 86_400)  # days ago
points = st.lists(st.tuples(instants, st.floats(-1e12, 1e12)), min_size=2, max_size=200)


def arrays(found: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    xs, ys = zip(*sorted(found), strict=True)
    return np.array(xs), np.array(ys)


@given(points)
def test_a_slope_lies_between_the_steepest_two(found: list[tuple[float, float]]) -> None:
    slope, stderr = theil_sen(*arrays(found))
    kept = [*zip(*thin(*arrays(found)), strict=True)]
    slopes = [(b - y) / (a - x) for x, y in kept for a, b in kept if a > x]
    assert stderr >= 0
    if slopes:
        assert min(slopes) <= slope <= max(slopes)


@given(points)
def test_thinning_keeps_the_last_point_and_few_others(found: list[tuple[float, float]]) -> None:
    kept = [*zip(*thin(*arrays(found)), strict=True)]
    assert len(kept) <= 64
    assert kept[-1] == max(found)
    assert set(kept) <= set(found)
