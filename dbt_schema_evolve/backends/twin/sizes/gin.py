"""How big a GIN index would be if it were built today, from how often each element occurs."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from dbt_schema_evolve.backends.twin.files import PAGE_BYTES
from dbt_schema_evolve.backends.twin.sizes.values import aligned

_LINE_POINTER_BYTES = 4
_USABLE_BYTES = PAGE_BYTES - 24 - 8
_ENTRY_HEADER_BYTES = 8
_LIST_BYTES = 8  # of a list's first row and its length: ginpostinglist.c
_LONGEST_LIST_BYTES = 2704  # GinMaxItemSize: what is longer gets a tree of its own
_BLOCK_BITS, _BYTE_BITS = 11, 7
# An entry page is split in the middle while keys come in order, and is then filled by the next
# batch of them. Rows come in order alone, so a tree of rows is full.
_ENTRY_FILL = 0.55


@dataclass(frozen=True, slots=True)
class Elements:
    """Some elements that occur in about as many rows each."""

    rows: float  # that hold one of them
    distinct: float  # how many elements
    bytes: float  # that one takes in an index entry


@dataclass(frozen=True, slots=True)
class GinSize:
    """A GIN index's pages by what they hold, as its first page counts them for the planner."""

    entry_pages: int
    data_pages: int
    entries: int

    @property
    def pages(self) -> int:
        """All of them, the first included."""
        return 1 + self.entry_pages + self.data_pages

    def scaled_to(self, pages: int) -> "GinSize":
        """The same shares of an index that is known to have so many pages."""
        ratio = max(pages - 1, 1) / (self.pages - 1)
        data_pages = round(self.data_pages * ratio)
        entry_pages = max(pages - 1 - data_pages, 1)
        return GinSize(entry_pages, data_pages, max(1, round(self.entries * ratio)))


def gin_size(table_pages: int, elements: Iterable[Elements]) -> GinSize:
    """Return the size of a freshly built GIN index."""
    leaf_bytes = data_pages = entries = 0.0
    for each in elements:
        list_bytes = _LIST_BYTES + (each.rows - 1) * _row_bytes(each.rows, table_pages)
        entry_bytes = aligned(_ENTRY_HEADER_BYTES + each.bytes)
        if entry_bytes + list_bytes > _LONGEST_LIST_BYTES:
            # A root above its leaves; the smallest tree is a single page.
            leaves = math.ceil(list_bytes / _USABLE_BYTES)
            data_pages += each.distinct * (leaves + (leaves > 1))
        else:
            entry_bytes = aligned(entry_bytes + list_bytes)
        leaf_bytes += each.distinct * (entry_bytes + _LINE_POINTER_BYTES)
        entries += each.distinct
    pages = level = max(1, math.ceil(leaf_bytes / (_USABLE_BYTES * _ENTRY_FILL)))
    mean_bytes = leaf_bytes / entries if entries else 0.0
    while level > 1:
        level = math.ceil(level * min(mean_bytes, 32) / (_USABLE_BYTES * _ENTRY_FILL))
        pages += level
    return GinSize(pages, math.ceil(data_pages), max(1, math.ceil(entries)))


def _row_bytes(members: float, table_pages: int) -> float:
    """What a row takes in a list: seven bits a byte of the distance to the one before.

    A distance within a page is one byte, mostly; eleven bits of a longer one are for the row.
    """
    gap = table_pages / max(members, 1.0)  # in pages
    if gap < 1:
        return 1 + gap
    return max(2, math.ceil((_BLOCK_BITS + math.log2(gap)) / _BYTE_BITS))
