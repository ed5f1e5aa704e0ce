"""How big an index or a table would be if it were built today, from statistics alone.

Compared with real builds by benchmarks/twin.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dbt_schema_evolve.backends.twin.files import PAGE_BYTES

_PAGE_HEADER_BYTES = 24
_LINE_POINTER_BYTES = 4
_ALIGNMENT = 8

_LEAF_BYTES = PAGE_BYTES - _PAGE_HEADER_BYTES - 16  # what entries and their pointers can take
_LEAF_FILL = 0.9  # BTREE_DEFAULT_FILLFACTOR: a build leaves a tenth of the page free
_INNER_FILL = 0.7  # BTREE_NONLEAF_FILLFACTOR
_INDEX_HEADER_BYTES, _INDEX_HEADER_WITH_NULLS_BYTES = 8, 16
_POSTING_BYTES = 812  # the longest list of rows that a build makes for one key: nbtsort.c
_ROW_POINTER_BYTES = 6
_HEAP_HEADER_BYTES = 24


@dataclass(frozen=True, slots=True)
class ValueShape:
    """What one column's values take; the width is of a value that is not null."""

    width_bytes: float
    fixed: bool  # every value has this width
    alignment: int  # 1 where short values are packed
    null_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class KeyGroups:
    """How an index's rows fall into groups of equal keys."""

    distinct: float  # groups, the common ones included
    common: tuple[float, ...] = ()  # the share of rows of each group that is known to be big


@dataclass(frozen=True, slots=True)
class BtreeSize:
    """A btree's pages, its first included, and the levels above its leaves."""

    pages: int
    height: int


def btree_size(rows: float, values: Sequence[ValueShape], groups: KeyGroups | None) -> BtreeSize:
    """Return the size of a freshly built btree; `groups` where equal keys are stored once."""
    entry_bytes = _entry_bytes(values)
    if groups is None:
        leaf_bytes = rows * (entry_bytes + _LINE_POINTER_BYTES)
    else:
        leaf_bytes = _deduplicated_bytes(rows, entry_bytes, groups)
    # A page takes whole entries only, so on average half of one more stays free.
    usable = _LEAF_BYTES * _LEAF_FILL - min(entry_bytes, 800.0) / 2
    level = math.ceil(leaf_bytes / usable)
    pages, height = 1 + level, 0
    fanout = max(2.0, _LEAF_BYTES * _INNER_FILL / (entry_bytes + _LINE_POINTER_BYTES))
    while level > 1:
        level = math.ceil(level / fanout)
        pages, height = pages + level, height + 1
    return BtreeSize(pages, height)


def btree_height(pages: int, values: Sequence[ValueShape]) -> int:
    """Return the levels above the leaves of a btree that exists."""
    level, height = max(pages - 1, 1), 0
    fanout = max(2.0, _LEAF_BYTES * _INNER_FILL / (_entry_bytes(values) + _LINE_POINTER_BYTES))
    while level > 1:
        level, height = math.ceil(level / fanout), height + 1
    return height


def heap_pages(rows: float, values: Sequence[ValueShape]) -> int:
    """Return the pages of a freshly written table."""
    nulls = any(value.null_fraction for value in values)
    # Up to eight columns the header has room for the null bitmap.
    header = _HEAP_HEADER_BYTES + (_aligned((len(values) - 8) / 8) if nulls else 0)
    row_bytes = _aligned_on_average(_data_bytes(values), values) + header + _LINE_POINTER_BYTES
    per_page = max(1.0, (PAGE_BYTES - _PAGE_HEADER_BYTES) // row_bytes)
    return math.ceil(rows / per_page)


def rough_pages(method: str, rows: float, table_pages: int, values: Sequence[ValueShape]) -> int:
    """Return the size of an index that is no btree: right within a small factor, no better."""
    width = _data_bytes(values)
    if method == "brin":
        ranges = math.ceil(table_pages / 128)  # pages_per_range
        return 3 + math.ceil(ranges * (2 * width + 32) / (PAGE_BYTES - 200))
    if method == "hash":
        # hashbuild fills buckets to three quarters and doubles their number.
        buckets: int = 2 ** math.ceil(math.log2(max(2.0, rows * 20 / (PAGE_BYTES * 0.75))))
        return 2 + buckets
    if method == "gin":
        # About one key for every four bytes of a value, and compressed row pointers.
        return 2 + math.ceil(rows * max(1.0, width / 4) * 3 / PAGE_BYTES)
    return 1 + math.ceil(rows * (_aligned(width) + 16) / (PAGE_BYTES * 0.7))


def _entry_bytes(values: Sequence[ValueShape]) -> float:
    data = _aligned_on_average(_data_bytes(values), values)
    some_null = 1 - math.prod(1 - value.null_fraction for value in values)
    header = _INDEX_HEADER_BYTES * (1 - some_null) + _INDEX_HEADER_WITH_NULLS_BYTES * some_null
    return header + data


def _data_bytes(values: Sequence[ValueShape]) -> float:
    offset = 0.0
    for value in values:
        start = math.ceil(offset / value.alignment) * value.alignment
        present = 1 - value.null_fraction
        offset += (start - offset + value.width_bytes) * present
    return offset


def _aligned_on_average(size: float, values: Sequence[ValueShape]) -> float:
    if all(value.fixed and not value.null_fraction for value in values):
        return _aligned(size)
    # Widths that vary, or are not always there, end anywhere between two boundaries.
    return size + (_ALIGNMENT - 1) / 2 if size else 0.0


def _aligned(size: float) -> float:
    return max(0, math.ceil(size / _ALIGNMENT)) * _ALIGNMENT


def _deduplicated_bytes(rows: float, entry_bytes: float, groups: KeyGroups) -> float:
    common = [share * rows for share in groups.common]
    others = max(groups.distinct - len(common), 1.0)
    each = max((rows - sum(common)) / others, 0.0)
    total = sum(_group_bytes(count, entry_bytes) for count in common)
    return total + others * _mean_group_bytes(each, entry_bytes)


def _mean_group_bytes(rows: float, entry_bytes: float) -> float:
    """The size of a group whose number of rows is a fraction: between the whole numbers."""
    if rows <= 1:
        return rows * (entry_bytes + _LINE_POINTER_BYTES)
    low = math.floor(rows)
    share = rows - low
    return (1 - share) * _group_bytes(low, entry_bytes) + share * _group_bytes(low + 1, entry_bytes)


def _group_bytes(rows: float, entry_bytes: float) -> float:
    if rows <= 1:
        return rows * (entry_bytes + _LINE_POINTER_BYTES)
    most = max((_POSTING_BYTES - entry_bytes) // _ROW_POINTER_BYTES, 1)
    full, rest = divmod(rows, most)
    if most == 1:  # keys too long to share
        return rows * (entry_bytes + _LINE_POINTER_BYTES)
    size = full * (_POSTING_BYTES + _LINE_POINTER_BYTES)
    if rest:
        pointers = rest * _ROW_POINTER_BYTES if rest > 1 else 0
        size += _aligned(entry_bytes + pointers) + _LINE_POINTER_BYTES
    return size
