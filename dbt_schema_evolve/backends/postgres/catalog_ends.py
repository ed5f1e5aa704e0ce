"""Reads the first and last entry of each btree, which the planner looks up when it plans ranges."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg import sql

from dbt_schema_evolve.records.catalog import Catalog, ColumnEnds, TableShape
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

# An end takes one page, or a few where rows at it were deleted; more is not worth it.
_TIMEOUT = "1s"
# Qualified, because ORDER BY prefers the name of an output column, which is text here.
_END = """(
    select t.{column}::text
    from {relation} as t
    where t.{column} is not null
    order by t.{column} {direction}
    limit 1
)"""


def with_true_ends(connection: psycopg.Connection[Any], catalog: Catalog) -> Catalog:
    """Return the catalog with the ends of the columns that lead a full btree in use.

    It needs SELECT on the column; the open transaction is kept usable. Each read counts as two
    scans of an index, so one that was never scanned is left alone: it must go on looking unused.
    """
    leading: defaultdict[RelationName, dict[str, bool]] = defaultdict(dict)
    for index in catalog.indexes:
        key = index.spec.keys[0]
        full = index.is_valid and not index.spec.where and index.spec.method == "btree"
        if full and not key.is_expression:
            in_use = bool(index.scans) or index.spec.unique
            own = leading[index.spec.relation]
            own[key.term] = own.get(key.term, True) and in_use
    connection.execute(f"set /* schema_evolve */ local statement_timeout = '{_TIMEOUT}'".encode())
    # Where no index gives the order, reading the table is no way out.
    connection.execute("set /* schema_evolve */ local enable_seqscan = off")
    tables, skips = [], list(catalog.skips)
    for table in catalog.tables:
        candidates = leading.get(table.relation, {})
        columns = _readable(table, [name for name, in_use in candidates.items() if in_use])
        try:
            with connection.transaction():
                ends = _read(connection, table.relation, columns) if columns else ()
        except psycopg.Error as error:
            if connection.broken:
                raise
            reason = str(error).splitlines()[0]
            skips.append(Skip(str(table.relation), f"the ends of its indexes: {reason}"))
            ends = ()
        tables.append(replace(table, ends=ends))
    return replace(catalog, tables=tuple(tables), skips=tuple(skips))


def _readable(table: TableShape, columns: Sequence[str]) -> list[str]:
    # pg_stats shows only columns that the role may read; without a file there is no first page.
    known = {row.column for row in table.statistics if not row.inherited}
    return [column for column in columns if column in known and table.file_pages]


def _read(
    connection: psycopg.Connection[Any], relation: RelationName, columns: Sequence[str]
) -> tuple[ColumnEnds, ...]:
    picks = [
        sql.SQL(_END).format(
            column=sql.Identifier(column),
            relation=sql.Identifier(relation.schema, relation.name),
            direction=sql.SQL(direction),
        )
        for column in columns
        for direction in ("asc", "desc")
    ]
    query = sql.SQL("select /* schema_evolve */ {}").format(sql.SQL(", ").join(picks))
    row = connection.execute(query).fetchone() or ()
    pairs = zip(columns, row[::2], row[1::2], strict=True)
    return tuple(ColumnEnds(column, low, high) for column, low, high in pairs if low is not None)
