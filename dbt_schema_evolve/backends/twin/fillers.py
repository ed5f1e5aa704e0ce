"""Writes a row of smallest and a row of largest values into each table of the twin.

For a range that reaches the end of a histogram the planner looks up the true end in an index
(`get_actual_variable_range`). These two rows are what it finds there.
"""

from collections.abc import Mapping
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.statistics import array_literal
from dbt_schema_evolve.records.catalog import ColumnStatistics, TableShape
from dbt_schema_evolve.records.relations import quoted


def write_ends(
    connection: psycopg.Connection[Any],
    table: TableShape,
    types: Mapping[str, str],
    how_many: int,
) -> None:
    """Insert up to two rows, the smallest values first; columns without statistics stay null.

    `types` are the columns' types as the twin has them. Values are compared as their types and
    collations compare.
    """
    ends = {row.column: _known_values(row) for row in table.statistics if not row.inherited}
    ends |= {true.column: (true.smallest, true.largest) for true in table.ends}
    columns = [column for column in table.columns if ends.get(column.name)]
    if not columns or table.rows == 0 or not how_many:
        return
    rows, parameters = [], []
    for direction in ("asc", "desc")[:how_many]:
        picks = []
        for column in columns:
            value = _percent_doubled(f"value::{types[column.name]}")
            collation = f"collate {_percent_doubled(column.collation)}" if column.collation else ""
            picks.append(
                f"(select {value} from unnest(%s::text[]) as u (value)"
                f" order by {value} {collation} {direction} limit 1)"
            )
            parameters.append(array_literal(ends[column.name]))
        rows.append(f"({', '.join(picks)})")
    names = ", ".join(quoted(column.name) for column in columns)
    into = _percent_doubled(f"insert into {table.relation.sql} ({names})")
    connection.execute(f"{into} values {', '.join(rows)}".encode(), parameters)


def _percent_doubled(text: str) -> str:
    """A name may hold a percent sign, which psycopg would take for a parameter."""
    return text.replace("%", "%%")


def _known_values(row: ColumnStatistics) -> tuple[str, ...]:
    histogram = row.histogram_bounds or ()
    return (*histogram[:1], *histogram[-1:], *(row.most_common_values or ()))
