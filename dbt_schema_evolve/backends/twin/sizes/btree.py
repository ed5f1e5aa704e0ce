"""How big an index or a table would be if it were built today, from statistics alone.

Compared with real builds by benchmarks/index_sizes.py.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from dbt_schema_evolve.backends.twin.files import PAGE_BYTES
from dbt_schema_evolve.backends.twin.sizes.groups import Group
from dbt_schema_evolve.backends.twin.sizes.values import (
    ValueShape,
    aligned,
    aligned_bytes,
    all_present,
)

_PAGE_HEADER_BYTES = 24
_LINE_POINTER_BYTES = 4

_LEAF_BYTES = PAGE_BYTES - _PAGE_HEADER_BYTES - 16  # what entries and their pointers can take
_LEAF_FILL = 0.9  # BTREE_DEFAULT_FILLFACTOR: a build leaves a tenth of the page free
_INNER_FILL = 0.7  # BTREE_NONLEAF_FILLFACTOR
_INDEX_HEADER_BYTES, _INDEX_HEADER_WITH_NULLS_BYTES = 8, 16
_POSTING_BYTES = 812  # the longest list of rows that a build makes for one key: nbtsort.c
_ROW_POINTER_BYTES = 6
_HEAP_HEADER_BYTES = 24
_SMALL_GROUP_ROWS = 64  # above it, alignment is lost in the length of the list


@dataclass(frozen=True, slots=True)
class BtreeSize:
    """A btree's pages, its first included, and the levels above its leaves."""

    pages: int
    height: int


def btree_size(
    rows: float, values: Sequence[ValueShape], groups: Sequence[Group] | None
) -> BtreeSize:
    """Return the size of a freshly built btree; `groups` where equal keys are stored once."""
    entry_bytes = _entry_bytes(values)
    if groups is None:
        leaf_bytes = rows * (entry_bytes + _LINE_POINTER_BYTES)
    else:
        leaf_bytes = sum(
            group.distinct * _mean_group_bytes(rows * group.share / group.distinct, entry_bytes)
            for group in groups
        )
    # A page takes whole entries only, so on average half of one more stays free.
    usable = _LEAF_BYTES * _LEAF_FILL - min(entry_bytes, _POSTING_BYTES) / 2
    level = math.ceil(leaf_bytes / usable)
    pages, height = 1 + level, 0
    while level > 1:
        level = math.ceil(level / _fanout(entry_bytes))
        pages, height = pages + level, height + 1
    return BtreeSize(pages, height)


def btree_height(pages: int, values: Sequence[ValueShape]) -> int:
    """Return the levels above the leaves of a btree that exists."""
    level, height = max(pages - 1, 1), 0
    while level > 1:
        level, height = math.ceil(level / _fanout(_entry_bytes(values))), height + 1
    return height


def heap_pages(rows: float, values: Sequence[ValueShape]) -> int:
    """Return the pages of a freshly written table."""
    nulls = any(value.null_fraction for value in values)
    # Up to eight columns the header has room for the null bitmap.
    header = _HEAP_HEADER_BYTES + (aligned((len(values) - 8) / 8) if nulls else 0)
    row_bytes = header + aligned_bytes(values) + _LINE_POINTER_BYTES
    per_page = max(1.0, (PAGE_BYTES - _PAGE_HEADER_BYTES) // row_bytes)
    return math.ceil(rows / per_page)


def _fanout(entry_bytes: float) -> float:
    return max(2.0, _LEAF_BYTES * _INNER_FILL / (entry_bytes + _LINE_POINTER_BYTES))


def _entry_bytes(values: Sequence[ValueShape]) -> float:
    complete = all_present(values)
    header = _INDEX_HEADER_BYTES * complete + _INDEX_HEADER_WITH_NULLS_BYTES * (1 - complete)
    return header + aligned_bytes(values)


def _mean_group_bytes(rows: float, entry_bytes: float) -> float:
    """The size of a group of this many rows on average.

    Small groups differ in size, say from one row to twice the mean; where a list of rows ends
    between two boundaries then differs too.
    """
    if rows <= 1 or rows > _SMALL_GROUP_ROWS:
        return _group_bytes(rows, entry_bytes)
    most = 2 * rows - 1
    whole = math.floor(most)
    sizes = [_group_bytes(count, entry_bytes) for count in range(1, whole + 1)]
    # A fraction of a row: between the mean with it and the mean without it.
    longer = [*sizes, _group_bytes(whole + 1, entry_bytes)]
    share = most - whole
    return (1 - share) * fmean(sizes) + share * fmean(longer)


def _group_bytes(rows: float, entry_bytes: float) -> float:
    single = entry_bytes + _LINE_POINTER_BYTES
    most = (_POSTING_BYTES - entry_bytes) // _ROW_POINTER_BYTES
    if rows <= 1 or most <= 1:  # alone, or too long to share
        return rows * single
    full, rest = divmod(rows, most)
    size = full * (_POSTING_BYTES + _LINE_POINTER_BYTES)
    if rest > 1:
        size += aligned(entry_bytes + rest * _ROW_POINTER_BYTES) + _LINE_POINTER_BYTES
    elif rest:
        size += single
    return size
