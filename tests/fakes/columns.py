"""Histories of one column, a profile a day, the last of them today."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind, Slope, Span
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange, SequenceState
from dbt_schema_evolve.records.relations import ColumnName, RelationName

NOW = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
ORDER_ID = ColumnName(RelationName("shop", "orders"), "order_id")
INT_MAX = 2**31 - 1
ALARM = Alarm(
    AlarmKind.KEY, ORDER_ID, "integer", NOW, 1_987_654_321, INT_MAX,
    Slope(3.9e6, 3.1e6, 4.8e6, 59.0, 60), Span(41.0, 33.3, 51.6), is_exact=True,
    values_of=ORDER_ID,
)  # fmt: skip


def named(text: str) -> ColumnName:
    """`schema.relation.column` as a name."""
    schema, relation, column = text.split(".")
    return ColumnName(RelationName(schema, relation), column)


def days_ago(number: float) -> datetime:
    return NOW - timedelta(days=number)


def of_ranges(
    ranges: Sequence[ColumnRange | None],
    type_name: str = "integer",
    column: ColumnName = ORDER_ID,
    step: float = 1.0,
) -> tuple[ColumnProfile, ...]:
    """Profiles with these ranges."""
    last = len(ranges) - 1
    return tuple(
        ColumnProfile(
            column.relation, column.column, type_name, days_ago(step * (last - n)), range=each
        )
        for n, each in enumerate(ranges)
    )


def of_key(
    *highest: int,
    type_name: str = "integer",
    column: ColumnName = ORDER_ID,
    step: float = 1.0,
    references: ColumnName | None = None,
) -> tuple[ColumnProfile, ...]:
    """Profiles of a key with these highest values, read from an index."""
    ranges = [
        ColumnRange(value.bit_length(), value, is_exact=True, references=references)
        for value in highest
    ]
    return of_ranges(ranges, type_name, column, step)


def of_sequence(
    *values: int, limit: int = INT_MAX, cycles: bool = False, highest: int | None = None,
    type_name: str = "integer",
) -> tuple[ColumnProfile, ...]:  # fmt: skip
    """Profiles of a column that a sequence feeds."""
    ranges = [
        ColumnRange(31, highest, is_exact=True, sequence=SequenceState(value, limit, cycles))
        for value in values
    ]
    return of_ranges(ranges, type_name)
