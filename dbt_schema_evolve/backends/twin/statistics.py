"""Puts a warehouse's statistics into the twin, through the functions Postgres 18 has for that."""

from collections.abc import Sequence
from typing import Any

import psycopg

from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import RelationName

_RELATION = """
select pg_restore_relation_stats(
    'schemaname', %s::text,
    'relname', %s::text,
    'relpages', %s::integer,
    'reltuples', %s::real,
    'relallvisible', %s::integer
)
"""
# A null argument means that nothing is known of it, and is left alone.
_COLUMN = """
select pg_restore_attribute_stats(
    'schemaname', %s::text,
    'relname', %s::text,
    'attname', %s::text,
    'inherited', %s::boolean,
    'null_frac', %s::real,
    'avg_width', %s::integer,
    'n_distinct', %s::real,
    'most_common_vals', %s::text,
    'most_common_freqs', %s::real[],
    'histogram_bounds', %s::text,
    'correlation', %s::real,
    'most_common_elems', %s::text,
    'most_common_elem_freqs', %s::real[],
    'elem_count_histogram', %s::real[]
)
"""


def restore_sizes(
    connection: psycopg.Connection[Any],
    relation: RelationName,
    pages: int,
    rows: float,
    all_visible_pages: int = 0,
) -> None:
    """Set what pg_class says of a table or an index."""
    connection.execute(_RELATION, (relation.schema, relation.name, pages, rows, all_visible_pages))


def restore_columns(
    connection: psycopg.Connection[Any],
    relation: RelationName,
    statistics: Sequence[ColumnStatistics],
) -> tuple[str, ...]:
    """Set what pg_stats says of a table's columns or an index's expressions.

    Return the columns of which not all could be set: it warns and goes on where a value is none.
    """
    rows = [
        (
            relation.schema,
            relation.name,
            row.column,
            row.inherited,
            row.null_fraction,
            row.average_width,
            row.n_distinct,
            array_literal(row.most_common_values),
            array_literal(row.most_common_frequencies),
            array_literal(row.histogram_bounds),
            row.correlation,
            array_literal(row.most_common_elements),
            array_literal(row.most_common_element_frequencies),
            array_literal(row.element_count_histogram),
        )
        for row in statistics
    ]
    refused = []
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_COLUMN, rows, returning=True)
            for row, _ in zip(statistics, cursor.results(), strict=True):
                if cursor.fetchone() != (True,):
                    refused.append(row.column)
    return tuple(refused)


def array_literal(values: Sequence[Any] | None) -> str | None:
    """Return values as Postgres writes an array, which is what its functions here take."""
    if values is None:
        return None
    # By hand: psycopg looks for the type of every element, of which there are hundreds a column.
    quoted = (str(value).replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
