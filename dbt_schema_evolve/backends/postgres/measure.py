"""Runs queries on two schemas of one database: what they return, and how long they take."""

import re
import time
from collections.abc import Sequence

import psycopg
from psycopg import sql

from dbt_schema_evolve.records.relations import RelationName

MARK = "/* schema_evolve */"
_FLOATS = frozenset({700, 701})  # pg_type oids of float4 and float8
_MOST_PAIRS = 31
_FEWEST_PAIRS = 7

Connection = psycopg.Connection[tuple[object, ...]]


def digest(connection: Connection, query: str) -> str:
    """Return a fingerprint of a query's rows as a multiset: order does not matter, copies do.

    Rows are hashed where they lie, twice with different seeds, and the hashes added up.
    Floats count to six digits, because the order in which they were added up is the plan's choice.
    Raises psycopg.Error where the query fails.
    """
    with connection.transaction(force_rollback=True):
        connection.execute("set /* schema_evolve */ local statement_timeout = '120s'")
        inner = sql.SQL(query.strip().rstrip(";"))
        shape = connection.execute(
            sql.SQL("select {} * from (\n{}\n) as q limit 0").format(sql.SQL(MARK), inner)
        ).description
        names = [sql.Identifier(f"c{number}") for number in range(len(shape or ()))]
        values = [
            sql.SQL("to_char({}, '9.99999EEEE')").format(name)
            if column.type_code in _FLOATS
            else name
            for name, column in zip(names, shape or (), strict=True)
        ]
        row = sql.SQL("row({})::text").format(sql.SQL(", ").join(values))
        found = connection.execute(
            sql.SQL(
                "select {mark} count(*)::text, sum(hashtextextended({row}, 1)::numeric)::text,"
                " sum(hashtextextended({row}, 2)::numeric)::text from (\n{inner}\n) as q({names})"
            ).format(mark=sql.SQL(MARK), row=row, inner=inner, names=sql.SQL(", ").join(names))
        ).fetchone()
    return ":".join(str(part) for part in found or ())


def relation_digest(connection: Connection, relation: RelationName, columns: Sequence[str]) -> str:
    """Return the digest of some columns of a relation."""
    return digest(
        connection,
        sql.SQL("select {} from {}.{}")
        .format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.Identifier(relation.schema),
            sql.Identifier(relation.name),
        )
        .as_string(connection),
    )


def paired_times(
    connection: Connection, baseline: str, patched: str, seconds: float
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Time two forms of a query in pairs, each pair in the other order than the one before.

    Times are whole microseconds of a client that fetches every row. Both forms run once to warm
    up; then pairs are taken until `seconds` are spent, but at least 7 and at most 31.
    Raises psycopg.Error where a form fails or passes the statement timeout.
    """
    connection.execute("set /* schema_evolve */ statement_timeout = '60s'")
    times: tuple[list[int], list[int]] = ([], [])
    forms = (_marked(baseline), _marked(patched))
    for form in forms:
        _time_us(connection, form)
    began = time.perf_counter()
    while len(times[0]) < _FEWEST_PAIRS or (
        len(times[0]) < _MOST_PAIRS and time.perf_counter() - began < seconds
    ):
        order = (0, 1) if len(times[0]) % 2 == 0 else (1, 0)
        for side in order:
            times[side].append(_time_us(connection, forms[side]))
    return tuple(times[0]), tuple(times[1])


def _marked(query: str) -> str:
    """Name us behind the first keyword: Postgres 18 drops a comment that stands before it."""
    return re.sub(r"\A\s*(\w+)", rf"\1 {MARK}", query, count=1)


def _time_us(connection: Connection, query: str) -> int:
    with connection.cursor() as cursor:
        began = time.perf_counter_ns()
        cursor.execute(query.encode())
        cursor.fetchall()
        return (time.perf_counter_ns() - began) // 1000
