"""Columns that end today, as a query that asks for the last days finds them some days later."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dbt_schema_evolve.backends.twin.growth import Later, drifting, grown
from dbt_schema_evolve.records.catalog import Catalog, ColumnEnds, ColumnStatistics, TableShape
from dbt_schema_evolve.records.profiles import ColumnProfile
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationKind, RelationName

EVENTS = RelationName("raw", "events")
TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)


def days_before(*numbers: int) -> tuple[str, ...]:
    return tuple((TODAY - timedelta(days=n)).isoformat() for n in numbers)


def column(
    n_distinct: float = 101,
    bounds: tuple[str, ...] | None = days_before(*range(100, -1, -1)),
    common: dict[str, float] | None = None,
    correlation: float = 0.2,
) -> ColumnStatistics:
    common = common or {}
    return ColumnStatistics(
        "day", False, 0.0, 4, n_distinct, tuple(common) or None, tuple(common.values()) or None,
        bounds, correlation,
    )  # fmt: skip


SERIAL = ColumnStatistics("id", False, 0.0, 8, -1, None, None, ("1", "10000"), 1.0)


def later(
    row: ColumnStatistics,
    ratio: float = 2.0,
    days: float = 100,
    *others: ColumnStatistics,
    kind: str = "date",
    drifts: dict[ColumnName, float] | None = None,
) -> TableShape:
    types = {"id": "bigint", "day": kind, "customer_id": "integer"}
    rows = (row, *others)
    table = TableShape(
        EVENTS, RelationKind.TABLE, tuple(Column(r.column, types[r.column]) for r in rows),
        10_000, 100, 100, rows,
        ends=(ColumnEnds("day", str(TODAY - timedelta(days=100)), str(TODAY)),),
    )  # fmt: skip
    catalog = Catalog(180000, (), (), (table,), (), ())
    found = grown(catalog, {EVENTS: ratio}, later=Later(NOW, days, drifts or {})).table(EVENTS)
    assert found is not None
    return found


def test_the_present_stays_and_the_past_moves_back() -> None:
    shape = later(column())
    bounds = shape.statistics[0].histogram_bounds
    assert bounds is not None
    assert (bounds[0], bounds[-1]) == days_before(200, 0)
    assert bounds[50] == days_before(100)[0]  # half of the rows came within the hundred days
    assert (shape.ends[0].smallest, shape.ends[0].largest) == days_before(200, 0)


def test_a_growth_that_has_become_faster_fills_the_last_days() -> None:
    bounds = later(column(), ratio=4.0, days=10).statistics[0].histogram_bounds
    assert bounds is not None
    assert bounds[26] > days_before(10)[0]  # three quarters of the rows are of the last ten days


def test_a_day_more_is_a_value_more() -> None:
    assert later(column()).statistics[0].n_distinct == pytest.approx(201, abs=2)


def test_a_complete_list_of_days_becomes_longer() -> None:
    few = column(4, None, dict.fromkeys(days_before(3, 2, 1, 0), 0.25))
    found = later(few, ratio=2.0, days=4).statistics[0]
    assert sorted(found.most_common_values or ()) == sorted(days_before(*range(8)))
    assert found.most_common_frequencies == pytest.approx((0.125,) * 8)
    assert found.histogram_bounds is None


def test_instants_move_like_days() -> None:
    moments = tuple(f"{day} 05:00:00+00" for day in days_before(2, 1, 0))
    found = later(column(-1, moments), 2.0, 2, kind="timestamp with time zone").statistics[0]
    assert found.histogram_bounds == (
        "2026-02-25 05:00:00+00:00",
        "2026-02-27 05:00:00+00:00",
        "2026-03-01 05:00:00+00:00",
    )
    assert found.n_distinct == pytest.approx(-1, abs=0.01)


@pytest.mark.parametrize("end", ["2026-01-20", "2031-01-01", "infinity"])
def test_a_column_that_does_not_end_today_is_no_calendar(end: str) -> None:
    other = column(bounds=("2020-01-01", end))
    shape = later(other)
    # Its true end does, though: then the sample is older than the table.
    assert (shape.statistics[0].histogram_bounds == other.histogram_bounds) == (end > str(TODAY))


def test_rows_that_are_appended_bring_a_column_into_their_order() -> None:
    appended = later(column(), 2.0, 100, SERIAL).statistics[0]
    assert appended.correlation == pytest.approx(1 - 0.8 / 8)
    assert later(column()).statistics[0].correlation == 0.2


def test_a_drift_goes_on_and_the_others_lose_what_it_gains() -> None:
    skewed = ColumnStatistics(
        "customer_id", False, 0.0, 4, 50, ("7", "8"), (0.3, 0.1), ("1", "50"), 0.0
    )
    drifts = {ColumnName(EVENTS, "customer_id"): 0.01}
    found = later(column(), 1.5, 14, skewed, drifts=drifts).statistics[1]
    assert found.most_common_values == ("7", "8")
    assert found.most_common_frequencies == pytest.approx((0.44, 0.1 * 0.56 / 0.7))


def test_the_only_value_of_a_column_has_nothing_to_gain() -> None:
    alone = ColumnStatistics("customer_id", False, 0.0, 4, 1, ("7",), (1.0,), (), 0.0)
    drifts = {ColumnName(EVENTS, "customer_id"): 0.01}
    found = later(column(), 1.5, 14, alone, drifts=drifts).statistics[1]
    assert found.most_common_frequencies == (1.0,)


def test_a_drift_has_to_be_clear() -> None:
    def profiles(*shares: float) -> list[ColumnProfile]:
        return [
            ColumnProfile(
                EVENTS, "customer_id", "integer", NOW - timedelta(days=len(shares) - n),
                top_value_ratio=share,
            )
            for n, share in enumerate(shares)
        ]  # fmt: skip

    name = ColumnName(EVENTS, "customer_id")
    rising = profiles(*(0.1 + 0.01 * n for n in range(10)))
    assert drifting(rising, NOW)[name] == pytest.approx(0.01)
    assert drifting(profiles(0.1, 0.12, 0.09, 0.11, 0.1, 0.12, 0.09, 0.1), NOW) == {}
    assert drifting(profiles(0.1, 0.2), NOW) == {}
    assert drifting([*rising, *profiles()], NOW - timedelta(days=30)) == {}
