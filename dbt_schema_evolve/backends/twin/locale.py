"""Makes the twin's database order text as the warehouse does, as far as this machine can."""

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import sql

from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.workload import Skip

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def create_database(
    connection: psycopg.Connection[Any], name: str, catalog: Catalog, owner: str
) -> tuple[Skip, ...]:
    """Create an empty database; a Skip says that its text order had to differ."""
    for options in _attempts(catalog):
        try:
            connection.execute(
                sql.SQL(
                    "create database {} owner {} template template0 encoding 'UTF8' {}"
                    # The default writes every page to the log as well, which takes ten times as
                    # long on a server that nobody will recover.
                    " strategy file_copy"
                ).format(sql.Identifier(name), sql.Identifier(owner), options)
            )
        except (psycopg.DataError, psycopg.ProgrammingError, psycopg.NotSupportedError):
            continue
        return ()
    connection.execute(
        sql.SQL("create database {} owner {}").format(sql.Identifier(name), sql.Identifier(owner))
    )
    reason = "text is ordered as this machine does, so ranges of text may be estimated differently"
    return (Skip(f"collation {catalog.collation}", reason),)


def _attempts(catalog: Catalog) -> Iterator[sql.Composable]:
    if catalog.locale_provider in {"i", "b"} and catalog.locale:
        yield sql.SQL("locale_provider {} {} {}").format(
            sql.SQL(_PROVIDERS[catalog.locale_provider]),
            sql.SQL("icu_locale" if catalog.locale_provider == "i" else "builtin_locale"),
            sql.Literal(catalog.locale),
        )
    elif catalog.collation:
        yield sql.SQL("locale_provider libc locale {}").format(sql.Literal(catalog.collation))
        # ICU knows by rule what libc has to have installed: `en_US.UTF-8` is its `en-US`.
        language = catalog.collation.partition(".")[0].replace("_", "-")
        if language not in {"C", "POSIX"}:
            yield sql.SQL("locale_provider icu icu_locale {} locale 'C.UTF-8'").format(
                sql.Literal(language)
            )
    else:
        yield sql.SQL("")
