"""What index entries and table rows would hold, in the words of the size model."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.sizes import KeyGroups, ValueShape
from dbt_schema_evolve.records.catalog import ColumnStatistics

_ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
_SHORT_BYTES = 127  # a value up to this size has a header of one byte and is not aligned
_UNKNOWN_WIDTH_BYTES = 32.0  # what get_typavgwidth assumes of text without a limit
_STORED = """
select a.attname, a.attlen, a.attalign::text
from pg_catalog.pg_attribute as a
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
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
    return tuple(
        _value(length, alignment, row)
        for (_, length, alignment), row in zip(columns, statistics, strict=True)
    )


def _value(length: int, alignment: str, row: ColumnStatistics | None) -> ValueShape:
    nulls = row.null_fraction if row else 0.0
    if length > 0:
        return ValueShape(length, True, _ALIGNMENTS[alignment], nulls)
    width = float(row.average_width) if row and row.average_width else _UNKNOWN_WIDTH_BYTES
    return ValueShape(
        width, _same_length(row), 1 if width <= _SHORT_BYTES else _ALIGNMENTS[alignment], nulls
    )


def _same_length(row: ColumnStatistics | None) -> bool:
    """Whether all known values are equally long, as codes and hashes are."""
    if row is None:
        return False
    known = (*(row.histogram_bounds or ()), *(row.most_common_values or ()))
    return len({len(value.encode()) for value in known}) == 1


def column_groups(row: ColumnStatistics, rows: float) -> KeyGroups:
    """Return how the rows of a table fall into groups of equal values of one column."""
    nulls = (row.null_fraction,) if row.null_fraction else ()
    distinct = row.n_distinct if row.n_distinct >= 0 else -row.n_distinct * rows
    common = (*nulls, *(row.most_common_frequencies or ()))
    return KeyGroups(max(distinct + len(nulls), len(common), 1.0), common)


def combined_groups(rows: float, distincts: Sequence[float]) -> KeyGroups:
    """Return the groups of several columns together, taken as independent of each other.

    Of P possible combinations, n rows drawn at random meet P (1 - e^(-n/P)). Columns that move
    together meet fewer, so an index on them comes out smaller than we say.
    """
    possible = math.prod(distincts)
    met = possible * -math.expm1(-rows / possible) if possible else 0.0
    return KeyGroups(max(min(max(met, *distincts), rows), 1.0))


def own_statistics(statistics: Sequence[ColumnStatistics]) -> Mapping[str, ColumnStatistics]:
    """Return statistics by column, without those that include child tables."""
    return {row.column: row for row in statistics if not row.inherited}


RowEstimate = Callable[[str], float]
"""The planner's row count for a query."""
