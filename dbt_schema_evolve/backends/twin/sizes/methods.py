"""How big hash, BRIN and GiST indexes would be if they were built today.

Compared with real builds by benchmarks/index_sizes.py.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.backends.twin.files import PAGE_BYTES
from dbt_schema_evolve.backends.twin.sizes.groups import Group
from dbt_schema_evolve.backends.twin.sizes.values import ValueShape, aligned, aligned_bytes

_LINE_POINTER_BYTES = 4
_PAGE_HEADER_BYTES = 24

# Hash: access/hash/hashpage.c. An entry is a header, a hash of four bytes, and its pointer.
_HASH_ENTRY_BYTES = 20
_HASH_BUCKET_ROWS = int(PAGE_BYTES * 0.75) // _HASH_ENTRY_BYTES  # HASH_DEFAULT_FILLFACTOR
_HASH_PAGE_ROWS = (PAGE_BYTES - _PAGE_HEADER_BYTES - 16) // _HASH_ENTRY_BYTES
_WHOLE_DOUBLINGS = 10  # HASH_SPLITPOINT_GROUPS_WITH_ONE_PHASE; above, it grows in quarters

# BRIN: access/brin/brin_tuple.c, brin_revmap.c.
PAGES_PER_RANGE = 128  # BRIN_DEFAULT_PAGES_PER_RANGE
_REVMAP_RANGES = (PAGE_BYTES - _PAGE_HEADER_BYTES - 8) // 6
_MINMAX_VALUES, _MULTI_VALUES = 2, 32  # a summary's values; MINMAX_MULTI_DEFAULT_VALUES_PER_PAGE
_BLOOM_ROWS_RATIO, _BLOOM_BITS = 0.1, 9.6  # distinct values a row, and bits for one of them

# GiST: pages that a build splits stay about as full as those of any balanced tree.
_GIST_FILL = 0.69


@dataclass(frozen=True, slots=True)
class BrinSize:
    """A BRIN index's pages, and how many of them map ranges to summaries."""

    pages: int
    revmap_pages: int


@dataclass(frozen=True, slots=True)
class PlainSize:
    """The pages of an index of which the planner knows no more."""

    pages: int


def brin_size(
    table_pages: int,
    values: Sequence[ValueShape],
    operator_classes: Sequence[str],
    pages_per_range: int = PAGES_PER_RANGE,
) -> BrinSize:
    """Return the size of a BRIN index, which depends on the table's pages, not on its rows."""
    ranges = max(1, math.ceil(table_pages / pages_per_range))
    summaries = sum(
        _summary_bytes(value, name, pages_per_range)
        for value, name in zip(values, operator_classes, strict=True)
    )
    entry_bytes = 8 + aligned(summaries) + _LINE_POINTER_BYTES
    per_page = max(1, (PAGE_BYTES - _PAGE_HEADER_BYTES - 8) // entry_bytes)
    revmap = revmap_pages(table_pages, pages_per_range)
    return BrinSize(1 + revmap + math.ceil(ranges / per_page), revmap)


def revmap_pages(table_pages: int, pages_per_range: int) -> int:
    """Return how many pages of a BRIN index map ranges of the table to summaries."""
    return math.ceil(max(1, math.ceil(table_pages / pages_per_range)) / _REVMAP_RANGES)


def _summary_bytes(value: ValueShape, operator_class: str, pages_per_range: int) -> float:
    if "bloom" in operator_class:
        rows = PAGE_BYTES / 28 * pages_per_range  # MaxHeapTuplesPerPage
        return max(16.0, rows * _BLOOM_ROWS_RATIO) * _BLOOM_BITS / 8
    values = _MULTI_VALUES if "multi" in operator_class else _MINMAX_VALUES
    return values * math.ceil(value.mean_bytes / value.alignment) * value.alignment


def hash_pages(table_rows: float, rows: float, groups: Sequence[Group]) -> int:
    """Return the pages of a hash index.

    A build makes buckets for the rows of the whole table, then fills them with the rows that it
    indexes; what a bucket cannot hold flows over into pages of its own.
    """
    buckets = _buckets(table_rows)
    overflow = sum(_overflow_pages(*each, rows, groups) for each in _loads(buckets))
    return 2 + buckets + math.ceil(overflow)


def _buckets(rows: float) -> int:
    wanted = max(2, math.ceil(rows / _HASH_BUCKET_ROWS))
    doublings = (wanted - 1).bit_length()
    if doublings < _WHOLE_DOUBLINGS:
        return 1 << doublings
    half = 1 << (doublings - 1)
    return half + math.ceil((wanted - half) * 4 / half) * half // 4


def _loads(buckets: int) -> Iterator[tuple[int, float]]:
    """How many buckets there are, and the share of all rows that meets each.

    Between two powers of two some buckets have been split and others not yet, so that those
    carry twice as much.
    """
    whole = 1 << (buckets - 1).bit_length()
    split = buckets - whole // 2
    yield 2 * split, 1 / whole
    yield whole // 2 - split, 2 / whole


def _overflow_pages(buckets: int, share: float, rows: float, groups: Sequence[Group]) -> float:
    """Pages beyond the first of so many buckets that are equally likely to be met."""
    pages = load = variance = 0.0
    for group in groups:
        group_rows = rows * group.share / group.distinct
        if group_rows < _HASH_PAGE_ROWS / 2:
            load += rows * group.share * share
            variance += rows * group.share * share * group_rows
        else:  # a key that fills a bucket by itself
            pages += buckets * share * group.distinct * max(0.0, group_rows / _HASH_PAGE_ROWS - 0.5)
    spread = math.sqrt(variance)
    page = 1
    while spread and (more := _above(page * _HASH_PAGE_ROWS, load, spread)) > 1e-6:
        pages += buckets * more
        page += 1
    return pages


def _above(limit: float, mean: float, spread: float) -> float:
    """How likely a normal load exceeds the limit."""
    return math.erfc((limit - mean) / spread / math.sqrt(2)) / 2


def gist_pages(rows: float, values: Sequence[ValueShape]) -> int:
    """Return the pages of a GiST index, one page for its root included."""
    entry_bytes = 8 + aligned_bytes(values) + _LINE_POINTER_BYTES
    usable = (PAGE_BYTES - _PAGE_HEADER_BYTES - 16) * _GIST_FILL
    pages = level = math.ceil(rows * entry_bytes / usable)
    while level > 1:
        level = math.ceil(level * entry_bytes / usable)
        pages += level
    return max(1, pages)
