"""Tomorrow's catalog: the same schema with the rows that a forecast expects.

Rows and pages follow the forecast. A column that advances with the rows, such as a day or a
serial number, keeps its pace: its histogram is stretched. Anything else keeps its values, so
what this first version does not know is: a foreign key whose target grows, categories that
come or go, and shares of common values that drift.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnEnds,
    ColumnStatistics,
    IndexShape,
    TableShape,
)
from dbt_schema_evolve.records.relations import RelationName

_ADVANCES = 0.9  # physical order follows the values this closely where rows are only appended
_NEARLY_UNIQUE = 0.1  # ANALYZE itself takes more distinct values than this for a share of the rows

_Stretch = Callable[[str, str, float], str]


def grown(catalog: Catalog, row_ratios: Mapping[RelationName, float]) -> Catalog:
    """Return the catalog with each relation's rows multiplied by its ratio; the rest stays."""
    unique = {
        (index.spec.relation, index.spec.keys[0].term)
        for index in catalog.indexes
        if index.spec.unique and len(index.spec.keys) == 1 and not index.spec.where
    }

    def table(shape: TableShape) -> TableShape:
        ratio = row_ratios.get(shape.relation, 1.0)
        if ratio == 1:
            return shape
        types = {column.name: column.type for column in shape.columns}
        return replace(
            shape,
            rows=_rows(shape.rows, ratio),
            pages=math.ceil(shape.pages * ratio),
            all_visible_pages=math.floor(shape.all_visible_pages * ratio),
            file_pages=math.ceil(shape.current_pages * ratio),
            statistics=tuple(
                _column(
                    row,
                    types.get(row.column, ""),
                    ratio,
                    shape.rows,
                    is_unique=(shape.relation, row.column) in unique,
                )
                for row in shape.statistics
            ),
            ends=_ends(shape, types, ratio),
        )

    def index(shape: IndexShape) -> IndexShape:
        ratio = row_ratios.get(shape.spec.relation, 1.0)
        if ratio == 1:
            return shape
        return replace(
            shape,
            rows=_rows(shape.rows, ratio),
            pages=_index_pages(shape.pages, ratio),
            file_pages=_index_pages(shape.current_pages, ratio),
        )

    return replace(
        catalog,
        tables=tuple(table(shape) for shape in catalog.tables),
        indexes=tuple(index(shape) for shape in catalog.indexes),
    )


def _rows(rows: float, ratio: float) -> float:
    return rows if rows < 0 else float(round(rows * ratio))


def _index_pages(pages: int, ratio: float) -> int:
    # The first page holds no entries.
    return 1 + math.ceil((pages - 1) * ratio) if pages else pages


def _column(
    row: ColumnStatistics, kind: str, ratio: float, rows: float, *, is_unique: bool
) -> ColumnStatistics:
    stretched = _stretched(row, kind, ratio)
    advances = stretched is not None
    if row.n_distinct > 0 and (is_unique or advances or row.n_distinct > _NEARLY_UNIQUE * rows > 0):
        row = replace(row, n_distinct=row.n_distinct * ratio)
    if not advances:
        return row
    # New rows bring new values: those that were common keep their rows, not their share.
    shares = row.most_common_frequencies
    shrunk = tuple(share / ratio for share in shares) if shares else None
    return replace(row, histogram_bounds=stretched, most_common_frequencies=shrunk)


def _stretched(row: ColumnStatistics, kind: str, ratio: float) -> tuple[str, ...] | None:
    """The histogram at the same pace over more rows; None where the column does not advance."""
    bounds = row.histogram_bounds
    stretch = _moment if kind.startswith("timestamp") else _STRETCHES.get(kind)
    if not bounds or stretch is None or (row.correlation or 0.0) < _ADVANCES:
        return None
    try:
        return tuple(stretch(bounds[0], bound, ratio) for bound in bounds)
    except (ValueError, OverflowError):  # infinity, or a year that no calendar here knows
        return None


def _ends(shape: TableShape, types: Mapping[str, str], ratio: float) -> tuple[ColumnEnds, ...]:
    rows = {row.column: row for row in shape.statistics if not row.inherited}

    def moved(ends: ColumnEnds) -> ColumnEnds:
        row = rows.get(ends.column)
        if row is None or not row.histogram_bounds:
            return ends
        span = replace(row, histogram_bounds=(ends.smallest, ends.largest))
        stretched = _stretched(span, types.get(ends.column, ""), ratio)
        return replace(ends, largest=stretched[1]) if stretched else ends

    return tuple(moved(ends) for ends in shape.ends)


def _integer(start: str, bound: str, ratio: float) -> str:
    low = int(start)
    return str(low + round((int(bound) - low) * ratio))


def _day(start: str, bound: str, ratio: float) -> str:
    low = date.fromisoformat(start)
    return (low + (date.fromisoformat(bound) - low) * ratio).isoformat()


def _moment(start: str, bound: str, ratio: float) -> str:
    low = datetime.fromisoformat(start)
    return (low + (datetime.fromisoformat(bound) - low) * ratio).isoformat(sep=" ")


_STRETCHES: Mapping[str, _Stretch] = {
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "date": _day,
}
