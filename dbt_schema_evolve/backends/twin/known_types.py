"""Replaces types and collations that the twin does not have, and says so."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from dbt_schema_evolve.records.catalog import TableShape
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip

Connection = psycopg.Connection[Any]


def with_known_types(
    connection: Connection, tables: Sequence[TableShape]
) -> tuple[tuple[TableShape, ...], tuple[Skip, ...]]:
    """Return the tables as the twin can hold them; an unknown type is planned as text."""
    columns = {column for table in tables for column in table.columns}
    types = _known(connection, "to_regtype", {column.type for column in columns})
    collations = _known(connection, "to_regcollation", {column.collation for column in columns})
    skips: list[Skip] = []

    def fit(relation: RelationName, column: Column) -> Column:
        subject = f"{relation}.{column.name}"
        if column.type not in types:
            skips.append(Skip(subject, f"type {column.type} is planned as text"))
            column = replace(column, type="text")
        if column.collation and column.collation not in collations:
            skips.append(Skip(subject, f"collation {column.collation} is unknown"))
            column = replace(column, collation="")
        return column

    fitted = tuple(
        replace(table, columns=tuple(fit(table.relation, column) for column in table.columns))
        for table in tables
    )
    return fitted, tuple(skips)


def _known(connection: Connection, function: str, names: Iterable[str]) -> frozenset[str]:
    query = f"select name from unnest(%s::text[]) as u (name) where {function}(name) is not null"
    wanted = sorted(name for name in names if name)
    try:
        return frozenset(row[0] for row in connection.execute(query.encode(), (wanted,)))
    except psycopg.ProgrammingError:
        # What is no name at all is an error rather than unknown: find it by halves.
        if len(wanted) == 1:
            return frozenset()
        half = len(wanted) // 2
        return _known(connection, function, wanted[:half]) | _known(
            connection, function, wanted[half:]
        )
