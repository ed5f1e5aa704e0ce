"""Reads functions: the planner inlines some, computes some while it plans, and prices the rest."""

import re
from collections.abc import Mapping
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_sql import Row, rows_of
from dbt_schema_evolve.records.catalog import FunctionShape

# Only a superuser may say these of a function, and the twin builds as none.
_SUPERUSER_ONLY = re.compile(r" LEAKPROOF\b| SUPPORT \S+")
_BODY = re.compile(r"\n(?:AS |BEGIN ATOMIC\n|RETURN )")


def read_functions(
    connection: psycopg.Connection[Any], scope: Mapping[str, Any]
) -> tuple[FunctionShape, ...]:
    """Read the functions of these schemas; one in another language than SQL gets a stand-in."""
    return tuple(
        FunctionShape(row["schema"], row["name"], _create_sql(row), _is_foreign(row))
        for row in rows_of(connection, "catalog_functions", scope)
        if row["definition"] or _is_foreign(row)  # it may have been dropped meanwhile
    )


def _is_foreign(row: Row) -> bool:
    return row["language"] not in {"sql", "plpgsql"}


def _create_sql(row: Row) -> str:
    if _is_foreign(row):
        return _stand_in(row)
    definition: str = row["definition"].strip()
    body = _BODY.search(definition)
    head = definition[: body.start()] if body else definition
    return _SUPERUSER_ONLY.sub("", head) + definition[len(head) :]


def _stand_in(row: Row) -> str:
    """Return DDL with the same signature and the same price, that raises where it is called."""
    strict = " strict" if row["is_strict"] else ""
    rows = f" rows {row['rows']:g}" if row["is_set"] else ""
    return (
        f"create function {row['called']}({row['arguments']}) returns {row['result']}"
        f" language plpgsql {row['volatility']}{strict} parallel {row['parallel']}"
        f" cost {row['cost']:g}{rows}"
        " as $$ begin raise exception 'a stand-in of another language'; end $$"
    )
