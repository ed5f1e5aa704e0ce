"""Opens the history file, or says in plain words why it cannot be opened."""

import contextlib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb

from dbt_schema_evolve.errors import BusyError, HistoryError

VERSION = 5

# What versions 2 to 5 added to `schema.sql`; each script leaves what is there alone.
_ADDITIONS: tuple[str, ...] = (
    *("etl", "executions", "lineage", "outlooks", "ranges", "forecasts"),
    "lineage_code",
)

# A history must never fetch code from the network.
_CONFIG: dict[str, Any] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # What a query needed is given back at once: forecasts need it next.
    "allocator_flush_threshold": "1MB",
    "allocator_bulk_deallocation_flush_threshold": "1MB",
}
_HEADER_BYTES = 3 * 4_096  # before the blocks: https://duckdb.org/docs/stable/internals/storage
_REBUILD = (
    "move the file away and ingest again: the warehouse still holds every capture;"
    " or restore a copy of it"
)


def query_text(name: str) -> str:
    """Return the text of `sql/<name>.sql`."""
    return (resources.files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def opened(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Return a connection to the history, which is made where there is none.

    Raises BusyError where another process holds the file, HistoryError where the file is not a
    history that we can read; such a file is left as it is.
    """
    if read_only and not path.exists():
        raise HistoryError(
            "there is no history yet", at=str(path), remedy="run `schema-evolve ingest` first"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        was_closed = path.exists() and not path.with_name(path.name + ".wal").exists()
        connection = duckdb.connect(str(path), read_only=read_only, config=_CONFIG)
    except OSError as error:
        raise HistoryError(
            f"the folder of the history cannot be made: {error.strerror}",
            at=str(path.parent),
            remedy="check its rights, or choose another folder",
        ) from error
    except duckdb.Error as error:
        raise _not_opened(error, path) from error
    try:
        with plainly(path):
            if was_closed:
                _check_length(connection, path)
            _check_version(connection, path, read_only=read_only)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Turn DuckDB's troubles with the file, not our own mistakes, into errors for the user."""
    try:
        yield
    except duckdb.TransactionException as error:
        # DuckDB makes its log beside the file at the first commit: a folder may forbid just that.
        raise (_no_rights if _lacks_rights(error) else _busy)(error, path) from error
    except (
        duckdb.IOException,
        duckdb.FatalException,
        duckdb.InternalException,
        duckdb.SerializationException,
    ) as error:
        if "No space left" in str(error):
            remedy = "free some disk space and run it again: nothing was half-written"
        else:
            remedy = _REBUILD
        raise HistoryError(
            f"the history file failed: {_first_line(error)}", at=str(path), remedy=remedy
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise HistoryError(
            f"the history does not fit into memory: {_first_line(error)}",
            at=str(path),
            remedy="ask for fewer days, or run it on a machine with more memory",
        ) from error


def _check_length(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a file that lost its end: DuckDB itself notices only once it needs those bytes.

    It gives free blocks at the end back to the disk, but still counts them among its total.
    """
    row = connection.execute(
        "select block_size, used_blocks from pragma_database_size()"
    ).fetchone()
    if row is None:
        return
    block, used = row
    size = path.stat().st_size
    if size < _HEADER_BYTES + block * used or (size - _HEADER_BYTES) % block:
        raise HistoryError(
            f"the history file is truncated: {size} bytes hold no {used} blocks of {block}",
            at=str(path),
            remedy=_REBUILD,
        )


def _check_version(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Make the tables in a new file; refuse a file that a newer version or something else made."""
    tables = {
        row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()
    }
    if not tables and not read_only:
        connection.begin()
        connection.execute(query_text("schema"))
        _upgrade(connection)
        connection.commit()
        return
    if not tables >= {"meta", "captures"}:
        raise HistoryError(
            "this DuckDB file is not a history of ours",
            at=str(path),
            remedy="choose another file, or move this one away",
        )
    row = connection.execute("select max(version) from meta").fetchone()
    version = None if row is None else row[0]
    if version is None or version > VERSION:
        raise HistoryError(
            f"the history has version {version}, newer than {VERSION}, which this program reads",
            at=str(path),
            remedy="upgrade dbt-schema-evolve, or choose another file",
        )
    if version < VERSION and read_only:
        raise HistoryError(
            f"the history has version {version}, which has to become {VERSION} first",
            at=str(path),
            remedy="run `schema-evolve ingest` once: it keeps every fact",
        )
    if version < VERSION:
        connection.begin()
        _upgrade(connection)
        connection.commit()


def _upgrade(connection: duckdb.DuckDBPyConnection) -> None:
    """Bring a history of any earlier version to this one; inside a transaction."""
    for name in _ADDITIONS:
        connection.execute(query_text(f"schema_{name}"))
    connection.execute("update meta set version = $version", {"version": VERSION})


def _not_opened(error: duckdb.Error, path: Path) -> BusyError | HistoryError:
    text = _first_line(error)
    if "Could not set lock" in text or isinstance(error, duckdb.ConnectionException):
        return _busy(error, path)
    if path.is_dir() or _lacks_rights(error):
        return _no_rights(error, path)
    return HistoryError(
        f"the history file is damaged or of another kind: {text}", at=str(path), remedy=_REBUILD
    )


def _busy(error: duckdb.Error, path: Path) -> BusyError:
    return BusyError(
        f"another run is using the history: {_first_line(error)}",
        at=str(path),
        remedy="wait until it has ended and run it again",
    )


def _lacks_rights(error: duckdb.Error) -> bool:
    return any(reason in str(error) for reason in ("Permission denied", "Read-only file system"))


def _no_rights(error: duckdb.Error, path: Path) -> HistoryError:
    return HistoryError(
        f"the history cannot be written: {_first_line(error)}",
        at=str(path),
        remedy="check the rights of the file and of its folder",
    )


def _first_line(error: duckdb.Error) -> str:
    return str(error).strip().splitlines()[0]
