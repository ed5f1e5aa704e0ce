"""What single columns' statistics say of two columns together."""

from datetime import date, timedelta

import pytest

from dbt_schema_evolve.backends.twin.sizes.dependence import (
    TypedColumn,
    UniquePair,
    share_of_pairs,
    with_values_of_unique_key,
)
from dbt_schema_evolve.records.catalog import ColumnStatistics

ROWS = 6_000_000.0


def column(
    kind: str, distinct: float, bounds: list[str], correlation: float = 0.0, rows: float = ROWS
) -> TypedColumn:
    statistics = ColumnStatistics(
        "c", False, 0.0, 4, distinct, histogram_bounds=tuple(bounds), correlation=correlation
    )
    return TypedColumn(statistics, kind, rows)


def days(first: int, last: int, kind: str = "date") -> TypedColumn:
    """A column of days spread evenly between two offsets from a start."""
    start = date(1992, 1, 1)
    offsets = [first + (last - first) * n // 100 for n in range(101)]
    return column(kind, last - first + 1.0, [str(start + timedelta(d)) for d in offsets])


def keys(distinct: int, rows: float = ROWS) -> TypedColumn:
    return column("integer", distinct, [str(1 + distinct * n // 100) for n in range(101)], 0, rows)


def test_columns_without_a_sign_of_dependence_are_independent() -> None:
    assert share_of_pairs(keys(1000), days(0, 2000), ()) == 1
    assert share_of_pairs(column("text", 50, []), column("text", 90, []), ()) == 1


def test_a_later_moment_is_up_to_twice_its_median_delay_away() -> None:
    # TPC-H ships an order and receives it 1 to 30 days later.
    share = share_of_pairs(days(1, 2526), days(2, 2556), ())
    assert share * 2556 == pytest.approx(30, abs=3)


def test_two_moments_about_a_third_are_further_apart_than_their_ranges() -> None:
    # It commits 30 to 90 days after the order, and ships after 1 to 121 days: 180 distances.
    share = share_of_pairs(days(1, 2526), days(30, 2495), ())
    assert 120 < share * 2526 < 240


def test_moments_of_other_years_are_independent() -> None:
    assert share_of_pairs(days(0, 2000), days(-15000, -4000), ()) == 1


def test_a_timestamp_and_a_day_are_compared_as_moments() -> None:
    timestamps = days(0, 1000, "timestamp without time zone")
    assert share_of_pairs(days(0, 1000), timestamps, ()) < 0.01


def test_infinite_dates_say_nothing() -> None:
    endless = column("date", 100, ["-infinity", "2024-01-01", "infinity"])
    assert share_of_pairs(days(0, 1000), endless, ()) == 1


def test_columns_in_physical_order_move_together() -> None:
    ordered = column("integer", 1000, [], correlation=1.0)
    backwards = column("integer", 500, [], correlation=-0.99)
    loose = column("integer", 500, [], correlation=0.1)
    assert share_of_pairs(ordered, ordered, ()) == 0
    assert share_of_pairs(ordered, backwards, ()) == pytest.approx(0.14, abs=0.01)
    assert share_of_pairs(ordered, loose, ()) > 0.99


def test_a_unique_key_of_the_same_domains_elsewhere_is_a_foreign_key() -> None:
    # lineitem's part and supplier are one of the four suppliers that partsupp has of each part.
    partsupp = UniquePair(keys(200_000, 800_000.0), keys(10_000, 800_000.0))
    share = share_of_pairs(keys(200_000), keys(10_000), [partsupp])
    assert share * 200_000 * 10_000 == pytest.approx(800_000)


def test_a_unique_key_of_another_domain_is_none() -> None:
    elsewhere = UniquePair(keys(3_000, 9_000.0), keys(10_000, 9_000.0))
    assert share_of_pairs(keys(200_000), keys(10_000), [elsewhere]) == 1


def test_a_unique_key_says_how_many_values_there_are_at_least() -> None:
    # Of an order's lines, a quarter are the first: so a quarter as many orders as lines.
    line = TypedColumn(
        ColumnStatistics("l", False, 0.0, 4, 7.0, most_common_frequencies=(0.25, 0.2)),
        "integer",
        ROWS,
    )
    assert with_values_of_unique_key(keys(400_000), line).distinct == ROWS / 4
    assert with_values_of_unique_key(keys(2_000_000), line).distinct == 2_000_000
    assert with_values_of_unique_key(keys(400_000), keys(10)).distinct == ROWS / 10
