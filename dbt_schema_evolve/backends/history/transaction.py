"""Writes rows to the history: all of a capture, or nothing of it."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import msgspec

from dbt_schema_evolve.backends.history.file import query_text
from dbt_schema_evolve.backends.history.rows import Columns

Database = duckdb.DuckDBPyConnection
Types = Mapping[str, Mapping[str, str]]


@contextlib.contextmanager
def transaction(db: Database) -> Iterator[Database]:
    """Commit what the block did, or undo it all."""
    db.begin()
    try:
        yield db
        db.commit()
    except BaseException:
        # A commit that failed has rolled back already; a fatal error has closed the database.
        with contextlib.suppress(duckdb.Error):
            db.rollback()
        raise


def column_types(db: Database) -> Types:
    """Return the type of each column by table."""
    types: dict[str, dict[str, str]] = {}
    for table, column, kind in db.execute(
        "select table_name, column_name, data_type from duckdb_columns() where not internal"
    ).fetchall():
        types.setdefault(table, {})[column] = kind
    return types


def insert(
    db: Database, types: Types, table: str, columns: Columns, same: Mapping[str, Any]
) -> None:
    """Add rows given by column; `same` holds the columns that are equal in all of them."""
    if not next(iter(columns.values()), ()):
        return
    names = [*same, *columns]
    db.execute(
        f"insert into {table} ({', '.join(names)})"
        f" select {', '.join([*(f'${name}' for name in same), *_unnested(columns)])}"
        " from (select from_json_strict($rows, $shape) as v)",
        {**same, **_parameters(types[table], columns)},
    )


def stage(db: Database, types: Mapping[str, str], columns: Columns) -> None:
    """Put rows given by column into the temporary table `incoming`."""
    db.execute(
        f"create or replace temp table incoming as select {', '.join(_unnested(columns))}"
        " from (select from_json_strict($rows, $shape) as v)",
        _parameters(types, columns),
    )


def insert_statements(db: Database, types: Types, columns: Columns, capture_number: int) -> None:
    """Add snapshots, keeping each query text once."""
    if not columns["queryid"]:
        return
    others = [name for name in columns if name != "text"]
    stage(db, types["statement_snapshots"], columns)
    db.execute(query_text("number_texts"))
    db.execute(
        f"insert into statement_snapshots (capture_number, text_number, {', '.join(others)})"
        f" select $number, t.text_number, {', '.join(f'i.{name}' for name in others)}"
        " from incoming as i inner join texts as t on i.text = t.text",
        {"number": capture_number},
    )
    db.execute("drop table incoming")


def _unnested(columns: Columns) -> list[str]:
    return [f"unnest(v.{name}) as {name}" for name in columns]


def _parameters(types: Mapping[str, str], columns: Columns) -> dict[str, str]:
    """Return the rows as JSON, and the types that DuckDB shall read from it."""
    shape = {name: [types.get(name, "VARCHAR")] for name in columns}
    return {
        "rows": msgspec.json.encode(columns).decode(),
        "shape": msgspec.json.encode(shape).decode(),
    }
