"""Reads indexes by structure, so that they are known whatever they are called."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_sql import Row, rows_of
from dbt_schema_evolve.records.catalog import IndexShape
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

_DESCENDING, _NULLS_FIRST = 1, 2  # bits of pg_index.indoption


def read_indexes(
    connection: psycopg.Connection[Any],
    oids: Sequence[int] | None = None,
    names: Iterable[str] | None = None,
) -> tuple[IndexShape, ...]:
    """Read the indexes of the relations with these oids, or those with these names.

    Expressions and predicates come as the server prints them; with an empty search_path they
    name everything by its schema.
    """
    parameters = {
        "oids": None if oids is None else list(oids),
        "names": None if names is None else sorted(names),
    }
    rows = rows_of(connection, "catalog_indexes", parameters)
    # One that was dropped meanwhile has no definition any more.
    return tuple(_shape(row) for row in rows if row["create_sql"])


def _shape(row: Row) -> IndexShape:
    relation = RelationName(row["schema"], row["relation"])
    keys = row["key_count"]
    spec = IndexSpec(
        relation,
        tuple(
            IndexKey(
                without_parentheses(term) if is_expression else term,
                is_expression=is_expression,
                descending=bool(option & _DESCENDING),
                nulls_first=bool(option & _NULLS_FIRST),
                operator_class=operator_class,
            )
            for term, is_expression, option, operator_class in zip(
                row["terms"][:keys],
                row["are_expressions"][:keys],
                row["options"],
                row["operator_classes"],
                strict=True,
            )
        ),
        include=tuple(row["terms"][keys:]),
        where=without_parentheses(row["predicate"]),
        unique=row["is_unique"],
        method=row["method"],
    )
    return IndexShape(
        spec,
        row["name"],
        row["create_sql"],
        row["rows"],
        row["pages"],
        is_primary=row["is_primary"],
        is_valid=row["is_valid"],
        constraint=row["constraint_name"],
        scans=row["scans"],
        file_pages=row["file_pages"],
        needed_for=row["needed_for"],
    )


def without_parentheses(expression: str) -> str:
    """Drop one pair of parentheses that holds the whole expression, as Postgres prints it."""
    if not (expression.startswith("(") and expression.endswith(")")):
        return expression
    depth, quote = 0, ""
    for position, character in enumerate(expression):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if not depth and position < len(expression) - 1:
                return expression
    return expression[1:-1]
