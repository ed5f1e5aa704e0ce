"""What index entries and table rows would hold, in the words of the size model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.sizes.values import ALIGNMENT, ValueShape
from dbt_schema_evolve.records.catalog import ColumnStatistics

_ALIGNMENTS = {"c": 1, "s": 2, "i": 4, "d": 8}
_UNKNOWN_WIDTH_BYTES = 32  # what get_typavgwidth assumes of text without a limit
_STORED = """
select a.attlen, a.attalign::text, format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute as a
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""
# A row packs its values as a table and an index do; 24 bytes of it are the header.
_LENGTHS = """
select pg_column_size(row(value::{})) - 24
from unnest(%s::text[]) with ordinality as u (value, position)
order by position
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
        present = 1 - row.null_fraction if row else 1.0
        if length > 0:
            lengths: tuple[tuple[int, float], ...] = ((length, present),)
        else:
            lengths = _lengths(connection, kind, row, present)
        shapes.append(ValueShape(lengths, _ALIGNMENTS[alignment], packs=length < 0))
    return tuple(shapes)


def _lengths(
    connection: psycopg.Connection[Any],
    kind: str,
    row: ColumnStatistics | None,
    present: float,
) -> tuple[tuple[int, float], ...]:
    """The lengths of values that are known, each with its share."""
    width = row.average_width if row and row.average_width else _UNKNOWN_WIDTH_BYTES
    # Of values that we do not know, each place to end at is as likely as any other.
    unknown = tuple(
        (max(1, width - ALIGNMENT // 2 + n), present / ALIGNMENT) for n in range(ALIGNMENT)
    )
    if row is None:
        return unknown
    known = dict(zip(row.most_common_values or (), row.most_common_frequencies or (), strict=True))
    bounds = row.histogram_bounds or ()
    rest = max(0.0, present - sum(known.values()))
    values = (*known, *bounds)
    shares = (*known.values(), *(rest / len(bounds) for _ in bounds))
    total = sum(shares)
    if not total:
        return unknown
    try:
        with connection.transaction():
            query = _LENGTHS.format(kind.replace("%", "%%")).encode()
            sizes = [int(size) for (size,) in connection.execute(query, (list(values),))]
    except (psycopg.DataError, psycopg.NotSupportedError):
        # An index may hold other values than its column: parts of an array, or signatures.
        return unknown
    mean = sum(size * share for size, share in zip(sizes, shares, strict=True)) / total
    # pg_stats cuts off the fraction. Further away, what it lists is not typical: it leaves out
    # values of more than a kilobyte, and knows of compression.
    move = 0 if -1 < mean - width < 2 else round(width + 0.5 - mean)
    by_length: dict[int, float] = {}
    for size, share in zip(sizes, shares, strict=True):
        length = max(1, size + move)
        by_length[length] = by_length.get(length, 0.0) + share * present / total
    return tuple(sorted(by_length.items()))


def own_statistics(statistics: Sequence[ColumnStatistics]) -> Mapping[str, ColumnStatistics]:
    """Return statistics by column, without those that include child tables."""
    return {row.column: row for row in statistics if not row.inherited}


RowEstimate = Callable[[str], float]
"""The planner's row count for a query."""
