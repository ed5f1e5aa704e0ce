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
    'most_common_vals', (%s::text[])::text,
    'most_common_freqs', %s::real[],
    'histogram_bounds', (%s::text[])::text,
    'correlation', %s::real,
    'most_common_elems', (%s::text[])::text,
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
) -> None:
    """Set what pg_stats says of a table's columns or an index's expressions."""
    rows = [
        (
            relation.schema,
            relation.name,
            row.column,
            row.inherited,
            row.null_fraction,
            row.average_width,
            row.n_distinct,
            _array(row.most_common_values),
            _array(row.most_common_frequencies),
            _array(row.histogram_bounds),
            row.correlation,
            _array(row.most_common_elements),
            _array(row.most_common_element_frequencies),
            _array(row.element_count_histogram),
        )
        for row in statistics
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_COLUMN, rows)


def _array(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)
