"""What index entries and table rows would hold, in the words of the size model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.sizes import ValueShape
from dbt_schema_evolve.records.catalog import ColumnStatistics

_ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
_SHORT_BYTES = 127  # a value up to this size has a header of one byte and is not aligned
_MEAN_PADDING_BYTES = 3.5
_UNKNOWN_WIDTH_BYTES = 32.0  # what get_typavgwidth assumes of text without a limit
_STORED = """
select a.attlen, a.attalign::text, format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute as a
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""
# In memory a value has a header of four bytes; a short one is stored with one.
_PADDING = """
select coalesce(avg(-stored & 7), 3.5)::float8
from (
    select case when size - 3 <= 127 then size - 3 else size end as stored
    from (select pg_column_size(value::{}) as size from unnest(%s::text[]) as u (value)) as sized
) as packed
"""


def stored_values(
    connection: psycopg.Connection[Any],
    oid: int,
    statistics: Sequence[ColumnStatistics | None],
) -> tuple[ValueShape, ...]:
    """Return the shape of each column of a table or an index that the twin holds.

    `statistics` go along with the columns; None where nothing is known.
    """
    columns = connection.execute(_STORED, (oid,)).fetchall()
    shapes = []
    for (length, alignment, kind), row in zip(columns, statistics, strict=True):
        shape = _value(length, alignment, row)
        # The rest of a row blurs where one of its values ends.
        if len(columns) == 1 and not shape.fixed and row:
            shape = replace(shape, padding_bytes=_padding(connection, kind, row))
        shapes.append(shape)
    return tuple(shapes)


def _value(length: int, alignment: str, row: ColumnStatistics | None) -> ValueShape:
    nulls = row.null_fraction if row else 0.0
    if length > 0:
        return ValueShape(length, True, _ALIGNMENTS[alignment], nulls)
    width = float(row.average_width) if row and row.average_width else _UNKNOWN_WIDTH_BYTES
    packed = 1 if width <= _SHORT_BYTES else _ALIGNMENTS[alignment]
    return ValueShape(width, _same_length(row), packed, nulls)


def _padding(connection: psycopg.Connection[Any], kind: str, row: ColumnStatistics) -> float:
    known = row.histogram_bounds or row.most_common_values or ()
    try:
        with connection.transaction():
            query = _PADDING.format(kind.replace("%", "%%")).encode()
            return float(connection.execute(query, (list(known),)).fetchall()[0][0])
    except psycopg.DataError:  # an index may hold other values than its column: parts of an array
        return _MEAN_PADDING_BYTES


def _same_length(row: ColumnStatistics | None) -> bool:
    """Whether all known values are equally long, as codes and hashes are."""
    if row is None:
        return False
    known = (*(row.histogram_bounds or ()), *(row.most_common_values or ()))
    return len({len(value.encode()) for value in known}) == 1


def own_statistics(statistics: Sequence[ColumnStatistics]) -> Mapping[str, ColumnStatistics]:
    """Return statistics by column, without those that include child tables."""
    return {row.column: row for row in statistics if not row.inherited}


RowEstimate = Callable[[str], float]
"""The planner's row count for a query."""
