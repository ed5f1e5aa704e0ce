"""The user's warehouse, read and never written."""

import contextlib
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, tzinfo
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from dbt_schema_evolve.backends.dbt_project import Target
from dbt_schema_evolve.backends.postgres.captured import read_captures
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.connect import connect
from dbt_schema_evolve.ingest.log_entries import LogSettings
from dbt_schema_evolve.records.captures import CapturedFacts
from dbt_schema_evolve.records.catalog import Catalog

_SEARCH_PATHS = """
select /* schema_evolve */ setting
from pg_db_role_setting, unnest(setconfig) as setting
where setting like 'search_path=%'
order by setting
"""


class PostgresWarehouse:
    """A read-only connection to a target; `with` opens and closes it."""

    def __init__(self, target: Target, own_schema: str) -> None:
        self._target, self.own_schema = target, own_schema
        self._connection: psycopg.Connection[Any] | None = None

    def __enter__(self) -> Self:
        self._connection = connect(self._target)
        self._connection.read_only = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The open connection."""
        if self._connection is None:
            raise RuntimeError("the warehouse has not been entered")
        return self._connection

    def catalog(self) -> Catalog:
        """Read schema and statistics."""
        return read_catalog(self.connection, own_schema=self.own_schema)

    def captures(self, known: Collection[str]) -> Iterable[CapturedFacts]:
        """Return the captures whose ids are not known yet, oldest first."""
        return read_captures(self.connection, known, self.own_schema)

    def log_settings(self) -> LogSettings:
        """Return how the server writes its logs; both settings are open to every role."""
        found = self.connection.execute(
            "select /* schema_evolve */ current_setting('log_line_prefix'),"
            " current_setting('log_timezone'), current_database()"
        ).fetchone()
        prefix, zone, database = found or ("", "UTC", "")
        timezone: tzinfo = UTC
        # `<-03>+03` is a zone to Postgres alone.
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError):
            timezone = ZoneInfo(zone)
        return LogSettings(prefix, timezone, database)

    def ordered(self, values: Sequence[str], collation: str, ignoring_case: bool) -> Sequence[str]:
        """Return texts in the order of a collation, as SQL or empty for the database's own."""
        return ordered(self.connection, values, collation, ignoring_case)

    def search_path(self) -> tuple[str, ...]:
        """Return the schemas in which unqualified names may be: ours first, then other roles'."""
        found = dict.fromkeys(
            schema
            for (schema,) in self.connection.execute(
                "select /* schema_evolve */ unnest(current_schemas(false))"
            )
        )
        for (setting,) in self.connection.execute(_SEARCH_PATHS):
            for name in setting.partition("=")[2].split(","):
                bare = name.strip().strip('"').replace('""', '"')
                if bare and bare != "$user":
                    found.setdefault(bare)
        return tuple(found)


def ordered(
    connection: psycopg.Connection[Any], values: Sequence[str], collation: str, ignoring_case: bool
) -> Sequence[str]:
    """Return texts as this server orders them."""
    value = "lower(value)" if ignoring_case else "value"
    collate = f"collate {collation}".replace("%", "%%") if collation else ""
    query = (
        "select /* schema_evolve */ value from unnest(%s::text[]) as u (value)"
        f" order by {value} {collate}, value"
    )
    return [row[0] for row in connection.execute(query.encode(), (list(values),))]
