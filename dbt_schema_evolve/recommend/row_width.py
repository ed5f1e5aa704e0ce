"""How many bytes rows take: their columns in order, each where its type may begin.

Tuples as in https://www.postgresql.org/docs/current/storage-page-layout.html. A narrower column
often saves nothing: what it leaves free is padding before the next one, or at the row's end.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import NamedTuple

from dbt_schema_evolve.records.profiles import ColumnProfile

PAGE_BYTES = 8192
_PAGE_HEADER_BYTES = 24
_POINTER_BYTES = 4  # per row, at the page's beginning
_WORD = 8  # MAXALIGN
_FILL = 0.9  # of a btree's leaf pages when they are built
_BTREE_SPECIAL_BYTES = 16
_TOASTED_BYTES = 2_000  # wider rows are compressed or moved out: their width is not a sum

# Bytes, and the boundary, of what has a fixed length; pg_type.typlen and typalign.
_FIXED: Mapping[str, tuple[int, int]] = {
    "boolean": (1, 1), '"char"': (1, 1), "uuid": (16, 1), "name": (64, 1),
    "smallint": (2, 2),
    "integer": (4, 4), "real": (4, 4), "date": (4, 4), "oid": (4, 4), "macaddr": (6, 4),
    "bigint": (8, 8), "double precision": (8, 8), "money": (8, 8), "macaddr8": (8, 4),
    "timestamp without time zone": (8, 8), "timestamp with time zone": (8, 8),
    "time without time zone": (8, 8), "time with time zone": (12, 8), "interval": (16, 8),
    "point": (16, 8),
}  # fmt: skip
_PARAMETERS = re.compile(r"\(.*?\)")  # of `timestamp(3) without time zone`
_ENUM = (4, 4)
_VARYING = frozenset(
    {"text", "character varying", "character", "numeric", "bytea", "json", "jsonb", "xml", "inet",
     "cidr", "bit", "bit varying", "tsvector", "tsquery"}
)  # fmt: skip
_SHORT = 127  # bytes: a longer value has a header of four bytes, on a boundary of four
_CODE = 4  # bytes: texts of up to three letters are mostly all of one length


class Field(NamedTuple):
    """A column as it lies in a row."""

    widths: tuple[tuple[int, float], ...]  # bytes, and how often a value takes them
    boundary: int
    null_ratio: float = 0.0


def field(type_name: str, average_bytes: int | None, null_ratio: float | None) -> Field | None:
    """Return how a column of a type lies; None where its width is not known."""
    nulls = null_ratio if null_ratio is not None and 0.0 <= null_ratio <= 1.0 else 0.0
    fixed = _fixed(type_name, average_bytes)
    if fixed is not None:
        width, boundary = fixed
        return Field(((width, 1.0),), boundary, nulls)
    if average_bytes is None or average_bytes < 0:
        return None
    is_numeric = _PARAMETERS.sub("", type_name) == "numeric"
    widths = _digits(average_bytes) if is_numeric else _letters(average_bytes)
    return Field(widths, 1 if average_bytes < _SHORT else 4, nulls)


def fields(columns: Iterable[ColumnProfile], types: Mapping[str, str]) -> list[Field] | None:
    """Return columns as they lie, some of them with another type; None where one is not known."""
    found = [
        field(types.get(each.column, each.type), each.average_width_bytes, each.null_ratio)
        for each in columns
    ]
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def row_bytes(parts: Sequence[Field], dropped: int = 0) -> float:
    """Return the average length of a table's rows; columns that were dropped are null in each."""
    count = len(parts) + dropped
    full = 0.0 if dropped else _product(1.0 - each.null_ratio for each in parts)
    bitmap = _aligned(23 + ceil(count / 8), _WORD)
    return full * 24 + (1.0 - full) * bitmap + _data_bytes(parts)


def entry_bytes(parts: Sequence[Field]) -> float:
    """Return the average length of a btree's entries."""
    full = _product(1.0 - each.null_ratio for each in parts)
    return full * 8 + (1.0 - full) * 16 + _data_bytes(parts)


def table_bytes(rows: float, row: float) -> int:
    """Return what a table takes that was just written."""
    return ceil(rows / _per_page(PAGE_BYTES - _PAGE_HEADER_BYTES, row)) * PAGE_BYTES


def btree_bytes(rows: float, entry: float) -> int:
    """Return what the leaves of a btree take that was just built, without duplicates."""
    free = _FILL * (PAGE_BYTES - _PAGE_HEADER_BYTES - _BTREE_SPECIAL_BYTES)
    return ceil(rows / _per_page(free, entry)) * PAGE_BYTES


def is_toasted(row: float) -> bool:
    """Whether rows are so wide that their length is not that of their columns."""
    return row > _TOASTED_BYTES


def _data_bytes(parts: Sequence[Field]) -> float:
    """Add columns up over all ways in which nulls and lengths can fall together.

    What a column takes depends on where the one before it ended, and of that the remainder by
    eight alone: so eight cases are carried on, each with its probability and its bytes.
    """
    ends: dict[int, tuple[float, float]] = {0: (1.0, 0.0)}
    for part in parts:
        after: defaultdict[int, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        for end, (chance, total) in ends.items():
            _add(after, end, part.null_ratio * chance, part.null_ratio * total)
            padding = -end % part.boundary
            for width, often in part.widths:
                weight = often * (1.0 - part.null_ratio)
                taken = padding + width
                _add(after, (end + taken) % _WORD, weight * chance,
                     weight * (total + chance * taken))  # fmt: skip
        ends = dict(after)
    return sum(total + chance * (-end % _WORD) for end, (chance, total) in sorted(ends.items()))


def _add(
    ends: defaultdict[int, tuple[float, float]], end: int, chance: float, total: float
) -> None:
    before = ends[end]
    ends[end] = before[0] + chance, before[1] + total


def _fixed(type_name: str, average_bytes: int | None) -> tuple[int, int] | None:
    name = _PARAMETERS.sub("", type_name)
    if name in _FIXED:
        return _FIXED[name]
    # A type of the user's own, four bytes wide: an enum.
    is_own = name not in _VARYING and not type_name.endswith("[]")
    return _ENUM if is_own and average_bytes == _ENUM[0] else None


def _digits(average_bytes: int) -> tuple[tuple[int, float], ...]:
    """Numbers take three bytes and two for each four digits: an odd number."""
    if average_bytes % 2:
        return ((average_bytes, 1.0),)
    return ((max(average_bytes - 1, 3), 0.5), (average_bytes + 1, 0.5))


def _letters(average_bytes: int) -> tuple[tuple[int, float], ...]:
    """Let texts end anywhere around their average, so that what follows is padded on average."""
    if average_bytes <= _CODE:
        return ((average_bytes, 1.0),)
    return tuple(
        (average_bytes + off, 0.0625 if abs(off) == _WORD // 2 else 0.125)
        for off in range(-_WORD // 2, _WORD // 2 + 1)
    )


def _per_page(free: float, length: float) -> float:
    """Return how many rows a page holds: of rows that differ, half a one is left free."""
    held = free / (length + _POINTER_BYTES)
    return max(float(int(held)) if length % _WORD == 0 else held - 0.5, 1.0)


def _aligned(length: int, boundary: int) -> int:
    return length + -length % boundary


def _product(factors: Iterable[float]) -> float:
    found = 1.0
    for factor in factors:
        found *= factor
    return found
