"""Tomorrow's catalog keeps what does not grow and stretches what does."""

from dataclasses import replace

from dbt_schema_evolve.backends.twin.growth import grown
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnEnds,
    ColumnStatistics,
    IndexShape,
    TableShape,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName

EVENTS = RelationName("raw", "Ereignisse")
STATES = RelationName("raw", "states")


def statistics(
    name: str, n_distinct: float, bounds: tuple[str, ...], correlation: float
) -> ColumnStatistics:
    return ColumnStatistics(
        name, False, 0.0, 8, n_distinct, ("2024-01-02",), (0.5,), bounds, correlation
    )


DAY = statistics("day", 100, ("2024-01-01", "2024-02-20", "2024-04-10"), 1.0)
MOMENT = statistics("at", -0.9, ("2024-01-01 00:00:00", "2024-01-03 12:00:00"), 0.99)
SERIAL = statistics("id", -1, ("1", "500", "1000"), 1.0)
CUSTOMER = statistics("customer", 40, ("1", "40"), 0.01)
KIND = ColumnStatistics(
    "kind", False, 0.0, 8, 3, ("new", "paid", "void"), (0.6, 0.3, 0.1), correlation=0.4
)
NEVER = statistics("never", 100, ("2024-01-01", "infinity"), 1.0)


def table(relation: RelationName, *rows: ColumnStatistics) -> TableShape:
    types = {"day": "date", "at": "timestamp(3) without time zone", "never": "date"}
    columns = tuple(Column(row.column, types.get(row.column, "bigint")) for row in rows)
    return TableShape(relation, RelationKind.TABLE, columns, 1000, 20, 10, rows, file_pages=22)


INDEX = IndexShape(IndexSpec(EVENTS, (IndexKey("id"),), unique=True), "i", "create index", 1000, 5)
TODAY = Catalog(
    180000,
    (),
    (),
    (table(EVENTS, DAY, MOMENT, SERIAL, CUSTOMER, KIND, NEVER), table(STATES, SERIAL)),
    (),
    (INDEX,),
)


def column(catalog: Catalog, name: str) -> ColumnStatistics:
    events = catalog.table(EVENTS)
    assert events is not None
    return next(row for row in events.statistics if row.column == name)


def test_rows_and_pages_follow_the_forecast() -> None:
    events = grown(TODAY, {EVENTS: 3.0}).table(EVENTS)
    assert events is not None
    assert (events.rows, events.pages, events.file_pages) == (3000, 59, 65)
    (index,) = grown(TODAY, {EVENTS: 3.0}).indexes
    assert (index.rows, index.pages) == (3000, 10)


def test_tables_without_a_forecast_are_left_alone() -> None:
    tomorrow = grown(TODAY, {EVENTS: 3.0})
    assert tomorrow.table(STATES) == TODAY.table(STATES)
    assert grown(TODAY, {}) == TODAY


def test_days_go_on_at_their_pace() -> None:
    day = column(grown(TODAY, {EVENTS: 2.0}), "day")
    assert day.histogram_bounds == ("2024-01-01", "2024-04-10", "2024-07-19")
    assert day.n_distinct == 200
    assert day.most_common_frequencies == (0.25,)


def test_moments_and_serial_numbers_go_on_too() -> None:
    tomorrow = grown(TODAY, {EVENTS: 2.0})
    assert column(tomorrow, "at").histogram_bounds == (
        "2024-01-01 00:00:00",
        "2024-01-06 00:00:00",
    )
    assert column(tomorrow, "id").histogram_bounds == ("1", "999", "1999")
    assert column(tomorrow, "id").n_distinct == -1


def test_the_largest_value_moves_with_the_histogram() -> None:
    events = TODAY.table(EVENTS)
    assert events is not None
    ends = (ColumnEnds("id", "1", "1001"), ColumnEnds("customer", "1", "40"))
    tomorrow = grown(replace(TODAY, tables=(replace(events, ends=ends),)), {EVENTS: 2.0})
    assert tomorrow.tables[0].ends == (ColumnEnds("id", "1", "2001"), ends[1])


def test_a_category_keeps_its_values_and_their_shares() -> None:
    assert column(grown(TODAY, {EVENTS: 9.0}), "kind") == KIND


def test_values_beyond_the_calendar_keep_their_histogram() -> None:
    assert column(grown(TODAY, {EVENTS: 2.0}), "never").histogram_bounds == NEVER.histogram_bounds
