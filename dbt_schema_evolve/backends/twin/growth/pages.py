"""How long the files of tables and indexes become."""

import math

from dbt_schema_evolve.records.catalog import ColumnStatistics, IndexShape, TableShape

_PAGE_BYTES = 8192 - 24  # what a page header leaves
_ROW_BYTES, _ENTRY_BYTES = 28, 12  # headers and line pointers of a table's row, an index's entry
_LEAF_FILL = 0.9  # BTREE_DEFAULT_FILLFACTOR
_EXTENDED_AT_ONCE = 64  # pages, for which a COPY asks at most: MAX_BUFFERS_TO_EXTEND_BY
_FEW = 0.1
_HALF = 0.5  # the last page is half full, taken over many tables


def table_pages(shape: TableShape, pages: int, ratio: float) -> int:
    """Return how many pages that many pages of the table become."""
    if pages == 1:
        # Anything from one row to a full page: only the width of the rows tells.
        return _needed(shape.rows * ratio * (_ROW_BYTES + _width(shape.statistics)), 1.0)
    unused = _unused(shape, pages)
    return _longer(pages - unused, ratio) + unused


def _unused(shape: TableShape, pages: int) -> int:
    """Return how many pages at the end a bulk load left empty, which the next would not multiply.

    A vacuum that leaves a few pages of a table not visible found nothing on them.
    """
    unused = pages - shape.all_visible_pages
    return unused if 0 < unused <= min(_EXTENDED_AT_ONCE, _FEW * pages) else 0


def index_pages(shape: IndexShape, of: TableShape, pages: int, ratio: float) -> int:
    """Return how many pages that many pages of the index become."""
    if pages == 0 or shape.spec.method != "btree":
        return math.ceil(pages * ratio)
    # The first page holds no entries, and a root is only needed above several leaves.
    above = 1 if pages <= 2 else 2
    if pages == 2:
        keys = {key.term for key in shape.spec.keys} | set(shape.spec.include)
        width = _width(tuple(row for row in of.statistics if row.column in keys))
        leaves = _needed(shape.rows * ratio * (_ENTRY_BYTES + width), _LEAF_FILL)
    else:
        leaves = _longer(pages - above, ratio)
    return leaves + (2 if leaves > 1 else 1)


def _longer(pages: int, ratio: float) -> int:
    return math.ceil((pages - _HALF) * ratio + _HALF) if pages else 0


def _needed(size: float, fill: float) -> int:
    return max(1, math.ceil(size / (_PAGE_BYTES * fill)))


def _width(statistics: tuple[ColumnStatistics, ...]) -> float:
    return sum(
        row.average_width * (1 - row.null_fraction) for row in statistics if not row.inherited
    )
