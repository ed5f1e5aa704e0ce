"""What the dates of rows tell of a table's past, and where they are not believed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.row_dates import DAYS_BACK, earlier_sizes, with_earlier_sizes
from dbt_schema_evolve.records.catalog import ColumnStatistics, TableShape
from dbt_schema_evolve.records.forecasts import CauseKind
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from tests.fakes.forecasting import day
from tests.fakes.marts import DAILY, EVENTS, ON_DAILY, SOURCE, marts

NOW = datetime(2026, 3, 31, 6, tzinfo=UTC)
TODAY = NOW.date()


def back(days: float) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def came(column: str = "came_on", oldest: int = 100, newest: int = 0) -> ColumnStatistics:
    """As many rows on each day between two, in days before today."""
    bounds = tuple(back(days) for days in range(oldest, newest - 1, -1))
    return ColumnStatistics(column, False, 0.0, 4, -0.1, histogram_bounds=bounds)


def table(
    *statistics: ColumnStatistics, type_name: str = "date", rows: float = 1_000
) -> TableShape:
    columns = tuple(Column(each.column, type_name) for each in statistics)
    return TableShape(EVENTS, RelationKind.TABLE, columns, rows, 10, 10, statistics)


def rows_back(shape: TableShape, analyzed_at: datetime | None = None) -> dict[float, int | None]:
    found = earlier_sizes(shape, NOW, analyzed_at)
    return {(NOW - each.captured_at) / timedelta(days=1): each.estimated_rows for each in found}


def test_rows_that_are_older_than_a_week_were_there_a_week_ago() -> None:
    assert rows_back(table(came())) == {days: 1_000 - 10 * days for days in DAYS_BACK}


def test_sizes_are_told_oldest_first() -> None:
    found = earlier_sizes(table(came()), NOW)
    assert [each.captured_at for each in found] == sorted(each.captured_at for each in found)


def test_frequent_days_are_counted_by_their_frequency() -> None:
    busy = ColumnStatistics(
        "came_on", False, 0.0, 4, 3,
        most_common_values=(back(0), back(1), back(9)), most_common_frequencies=(0.5, 0.3, 0.2),
    )  # fmt: skip
    found = rows_back(table(busy))
    assert (found[1], found[2], found[7], found[10]) == (500, 200, 200, 0)


def test_instants_are_as_good_as_days() -> None:
    bounds = tuple(
        f"{NOW - timedelta(hours=6 * n):%Y-%m-%d %H:%M:%S}+00" for n in range(400, -1, -1)
    )
    row = ColumnStatistics("at", False, 0.0, 8, -1, histogram_bounds=bounds)
    found = rows_back(table(row, type_name="timestamp with time zone"))
    assert found[7] == pytest.approx(1_000 * (1 - 7 / 100), abs=1)


def test_of_several_columns_the_one_is_believed_that_makes_it_grow_least() -> None:
    changed = came("changed_on", oldest=20)
    assert rows_back(table(changed, came())) == rows_back(table(came()))


def test_statistics_of_some_days_ago_tell_how_it_grew_then() -> None:
    stale = table(came(oldest=105, newest=5))
    assert rows_back(stale) == {}
    assert rows_back(stale, NOW - timedelta(days=5)) == rows_back(table(came()))
    assert rows_back(table(came(110, 10)), NOW - timedelta(days=10)) == {}


@pytest.mark.parametrize(
    "shape",
    [
        table(came(newest=30)),  # nobody loads it any more, or it is a day of birth
        table(came(newest=-30)),  # a day on which something is due
        table(replace(came(), null_fraction=0.2)),  # it was shipped, or not yet
        table(replace(came(), inherited=True)),
        table(came(), type_name="text"),
        table(came(), rows=20),
        table(came(), rows=-1),
        replace(table(came()), partition_key="RANGE (came_on)"),
        replace(table(came()), partition_of=DAILY),
        replace(table(came()), kind=RelationKind.MATERIALIZED_VIEW),
        table(replace(came(), histogram_bounds=("-infinity", back(0)))),
        table(replace(came(), histogram_bounds=("t1", "t2"))),  # a redacted catalog
        table(replace(came(), histogram_bounds=None)),
        table(),
    ],
)
def test_what_tells_nothing_says_nothing(shape: TableShape) -> None:
    assert earlier_sizes(shape, NOW) == ()


_dates = st.dates(date(2025, 6, 1), TODAY).map(str)


@given(
    st.lists(_dates, max_size=30).map(sorted),
    st.lists(_dates, max_size=4, unique=True),
    st.floats(0, 0.24),
)
def test_a_table_is_never_larger_before_than_later(
    bounds: list[str], common: list[str], share: float
) -> None:
    row = ColumnStatistics(
        "d", False, 0.0, 4, -0.5, tuple(common), (share,) * len(common), tuple(bounds)
    )
    found = [each.estimated_rows or 0 for each in earlier_sizes(table(row), NOW)]
    assert found == sorted(found)
    assert all(0 <= rows <= 1_000 for rows in found)


def on_first_day(facts: Facts, cutoff: datetime) -> Facts:
    """What one capture knows."""
    return replace(
        facts,
        stats=tuple(s for s in facts.stats if cutoff - timedelta(days=1) < s.window_end <= cutoff),
        runs=(),
        outlooks=(),
        relations=tuple(
            r for r in facts.relations if cutoff - timedelta(days=1) < r.captured_at <= cutoff
        ),
    )


CUTOFF = day(36) + timedelta(hours=4)
GREW = tuple(
    replace(earlier, captured_at=CUTOFF - timedelta(days=days), estimated_rows=round(size))
    for earlier in on_first_day(marts(), CUTOFF).relations
    if earlier.relation in {EVENTS, DAILY}
    for days in DAYS_BACK
    for size in [(earlier.estimated_rows or 0) * exp(-0.02 * days)]
)


def of(facts: Facts, relation: RelationName) -> int:
    return sum(each.relation == relation for each in facts.relations)


def test_the_first_day_knows_growth_and_names_it() -> None:
    first = on_first_day(marts(), CUTOFF)
    (before,) = (c for c in Cases(first).at(CUTOFF) if c.subject == ON_DAILY)
    assert not any(each.kind is CauseKind.GROWTH for each in before.suspects)
    told = with_earlier_sizes(first, GREW, CUTOFF)
    (case,) = (c for c in Cases(told).at(CUTOFF) if c.subject == ON_DAILY)
    (growth,) = (each for each in case.suspects if each.kind is CauseKind.GROWTH)
    assert growth.node_id == SOURCE
    values = dict(case.features.values)
    assert values["upstream_change_7"] / values["upstream_influence"] == pytest.approx(
        0.14, abs=0.01
    )
    assert values["windows"] == 1


def test_what_dbt_builds_is_not_believed() -> None:
    first = on_first_day(marts(), CUTOFF)
    told = with_earlier_sizes(first, GREW, CUTOFF)
    assert of(told, EVENTS) == of(first, EVENTS) + len(DAYS_BACK)
    assert of(told, DAILY) == of(first, DAILY)


def test_what_was_counted_goes_before_what_is_told() -> None:
    whole = replace(
        marts(), relations=tuple(r for r in marts().relations if r.captured_at > day(33))
    )
    told = with_earlier_sizes(whole, GREW, CUTOFF)
    first = min(r.captured_at for r in whole.relations)
    added = [r for r in told.relations if r not in whole.relations]
    assert added
    assert all(r.captured_at < first for r in added)


def test_after_a_week_nobody_asks_any_more() -> None:
    assert with_earlier_sizes(marts(), GREW, CUTOFF) == marts()


def test_rows_that_are_deleted_were_there_too() -> None:
    first = on_first_day(marts(), CUTOFF)
    cut = replace(
        first,
        relations=tuple(
            replace(r, inserted_rows=100_000, deleted_rows=50_000) for r in first.relations
        ),
    )
    assert with_earlier_sizes(cut, GREW, CUTOFF) == cut


def test_a_relation_that_nobody_counted_has_no_past() -> None:
    assert with_earlier_sizes(Facts(marts().graph, {}, {}), GREW, CUTOFF).relations == ()


def test_growth_is_told_in_logarithms_as_it_was() -> None:
    told = with_earlier_sizes(on_first_day(marts(), CUTOFF), GREW, CUTOFF)
    rows = {r.captured_at: r.estimated_rows or 1 for r in told.relations if r.relation == EVENTS}
    assert log(max(rows.values()) / rows[CUTOFF - timedelta(days=30)]) == pytest.approx(
        0.6, abs=0.02
    )
