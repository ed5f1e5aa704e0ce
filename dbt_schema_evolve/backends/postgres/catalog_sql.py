"""Finds the catalog queries, which live as files under `sql/`, and runs them."""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


@cache
def query_text(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (resources.files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def rows_of(
    connection: psycopg.Connection[Any], name: str, parameters: Mapping[str, Any] | None = None
) -> list[Row]:
    """Run `sql/<name>.sql` and return its rows by column name."""
    with connection.cursor(row_factory=dict_row) as cursor:
        # A mapping, even an empty one, makes psycopg read `%%` as `%`.
        cursor.execute(query_text(name).encode(), parameters or {})
        return cursor.fetchall()
