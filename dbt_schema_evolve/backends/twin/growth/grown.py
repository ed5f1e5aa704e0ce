"""Grows a catalog to the rows that a forecast expects, each column by its kind."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from dbt_schema_evolve.backends.twin.growth.columns import grown_column, grown_ends
from dbt_schema_evolve.backends.twin.growth.kinds import Growth, Kinds
from dbt_schema_evolve.backends.twin.growth.later import Later
from dbt_schema_evolve.backends.twin.growth.pages import index_pages, table_pages
from dbt_schema_evolve.records.catalog import Catalog, IndexShape, TableShape
from dbt_schema_evolve.records.relations import ColumnName, RelationName


def grown(
    catalog: Catalog,
    row_ratios: Mapping[RelationName, float],
    standing: Collection[ColumnName] = (),
    later: Later | None = None,
) -> Catalog:
    """Return the catalog with each relation's rows multiplied by its ratio.

    The statistics are those that ANALYZE would find then. A relation without a ratio, or with a
    ratio of one, is left alone. `standing` are columns that do not advance, though their rows are
    in order: see `standing_still`. `later` says how many days go by, where that is known: days and
    instants up to the present then stay in sight of queries that ask for the last ones.
    """
    kinds = Kinds(catalog, row_ratios, frozenset(standing), later)

    def table(shape: TableShape) -> TableShape:
        ratio = row_ratios.get(shape.relation, 1.0)
        return shape if ratio == 1 else _table(shape, ratio, kinds)

    def index(shape: IndexShape) -> IndexShape:
        relation = shape.spec.relation
        ratio = row_ratios.get(relation, 1.0)
        of = catalog.table(relation)
        return shape if ratio == 1 or of is None else _index(shape, of, ratio)

    return replace(
        catalog,
        tables=tuple(table(shape) for shape in catalog.tables),
        indexes=tuple(index(shape) for shape in catalog.indexes),
    )


def _table(shape: TableShape, ratio: float, kinds: Kinds) -> TableShape:
    rows = _rows(shape.rows, ratio)
    pages = table_pages(shape, shape.pages, ratio)
    growths = {column.name: kinds.growth(shape.relation, column.name) for column in shape.columns}
    after = replace(
        shape,
        rows=rows,
        pages=pages,
        all_visible_pages=min(pages, table_pages(shape, shape.all_visible_pages, ratio)),
        file_pages=table_pages(shape, shape.current_pages, ratio),
    )
    return replace(
        after,
        statistics=tuple(
            grown_column(row, growths.get(row.column, Growth()), shape, after)
            for row in shape.statistics
        ),
        ends=tuple(grown_ends(ends, growths.get(ends.column, Growth())) for ends in shape.ends),
    )


def _index(shape: IndexShape, of: TableShape, ratio: float) -> IndexShape:
    rows = _rows(shape.rows, ratio)
    return replace(
        shape,
        rows=rows,
        pages=index_pages(shape, of, shape.pages, ratio),
        file_pages=index_pages(shape, of, shape.current_pages, ratio),
        statistics=tuple(
            # An expression is no key and refers to none.
            grown_column(
                row,
                Growth(),
                replace(of, rows=shape.rows, pages=of.pages),
                replace(of, rows=rows, pages=table_pages(of, of.pages, ratio)),
            )
            for row in shape.statistics
        ),
    )


def _rows(rows: float, ratio: float) -> float:
    return rows if rows < 0 else float(round(rows * ratio))
