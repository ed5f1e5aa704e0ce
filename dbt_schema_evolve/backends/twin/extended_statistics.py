"""Puts extended statistics into the twin, for which Postgres 18 has no function.

Counts of combinations and dependencies are written as bytes. Common combinations and statistics of
expressions hold values, which only the server can store: a table that has each of them once is
analyzed, and what came out is taken over, with the true frequencies written into it. Layouts:
src/backend/statistics/mvdistinct.c, dependencies.c and mcv.c.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.confined import RIGHTS
from dbt_schema_evolve.backends.twin.statistics import restore_columns
from dbt_schema_evolve.records.catalog import CommonCombination, StatisticsShape, TermsFigure
from dbt_schema_evolve.records.relations import RelationName, quoted

Connection = psycopg.Connection[Any]

_DISTINCT_MAGIC, _DEPENDENCIES_MAGIC = 0xA352BFA4, 0xB4549A2C
_BASIC = 1
_LENDER = "schema_evolve_lender"
_LENT_STATISTICS = "schema_evolve_lent"
_MOST_COMMON = 10000  # MAX_STATISTICS_TARGET

_OID = """
select e.oid::bigint from pg_catalog.pg_statistic_ext as e
inner join pg_catalog.pg_namespace as n on e.stxnamespace = n.oid
where n.nspname = %s and e.stxname = %s
"""
_NUMBERS = """
select attname::text, attnum::integer from pg_catalog.pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped
"""
_TEMPORARY_SCHEMA = "select nspname::text from pg_namespace where oid = pg_my_temp_schema()"


def restore_extended(connection: Connection, shape: StatisticsShape) -> None:
    """Create the object where it is not there yet, and give it what ANALYZE found."""
    found = connection.execute(_OID, shape.name).fetchall()
    if not found:
        connection.execute(shape.create_sql.encode())
        found = connection.execute(_OID, shape.name).fetchall()
    ((oid,),) = found
    numbers = dict(connection.execute(_NUMBERS, (shape.relation.sql,)).fetchall())
    numbers |= {text: -place for place, text in enumerate(shape.expressions, start=1)}
    distinct = _distinct_bytes(shape.distinct, numbers) if shape.distinct else None
    dependencies = _dependencies_bytes(shape.dependencies, numbers) if shape.dependencies else None
    lender = 0
    common = _common_bytes(connection, shape) if shape.common else None
    if shape.expressions and len(shape.expression_statistics) == len(shape.expressions):
        lender = _expressions(connection, shape)
    connection.execute(
        f"select {RIGHTS}.fill_statistics("
        "%s, %s, %s::bytea, %s::bytea, %s::bytea, %s::oid)".encode(),
        (oid, shape.inherited, distinct, dependencies, common, lender),
    )
    connection.execute(f"drop table if exists pg_temp.{_LENDER}".encode())


def _distinct_bytes(figures: Sequence[TermsFigure], numbers: Mapping[str, int]) -> bytes:
    parts = [struct.pack("<III", _DISTINCT_MAGIC, _BASIC, len(figures))]
    for each in figures:
        members = [numbers[term] for term in each.terms]
        parts.append(struct.pack(f"<di{len(members)}h", each.figure, len(members), *members))
    return b"".join(parts)


def _dependencies_bytes(figures: Sequence[TermsFigure], numbers: Mapping[str, int]) -> bytes:
    parts = [struct.pack("<III", _DEPENDENCIES_MAGIC, _BASIC, len(figures))]
    for each in figures:
        members = [numbers[term] for term in each.terms]
        parts.append(struct.pack(f"<dh{len(members)}h", each.figure, len(members), *members))
    return b"".join(parts)


def _common_bytes(connection: Connection, shape: StatisticsShape) -> bytes:
    """Let the server store the combinations, and set their frequencies."""
    names = _lender(connection, shape, (*map(quoted, shape.columns), *shape.expressions))
    places = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into pg_temp.{_LENDER} values ({places})".encode(),
            [combination.values for combination in shape.common],
        )
    connection.execute(
        f"create statistics pg_temp.{_LENT_STATISTICS} (mcv) on {', '.join(names)}"
        f" from pg_temp.{_LENDER}".encode()
    )
    connection.execute(
        f"alter statistics pg_temp.{_LENT_STATISTICS} set statistics {_MOST_COMMON}".encode()
    )
    connection.execute(f"analyze pg_temp.{_LENDER}".encode())
    # As this server prints them, which need not be how the warehouse does.
    texts = ", ".join(f"{name}::text" for name in names)
    printed = connection.execute(
        f"select {texts} from pg_temp.{_LENDER} order by ctid".encode()
    ).fetchall()
    by_values = dict(zip(printed, shape.common, strict=True))
    content, stored = connection.execute(
        f"select {RIGHTS}.lend_common(e.oid), s.most_common_vals"
        " from pg_statistic_ext as e"
        " inner join pg_stats_ext as s on e.stxname = s.statistics_name"
        " and e.stxnamespace = pg_my_temp_schema()"
        " and s.statistics_schemaname = e.stxnamespace::regnamespace::text"
        f" where e.stxname = '{_LENT_STATISTICS}'".encode()
    ).fetchone() or (b"", ())
    return _with_frequencies(
        bytes(content), [by_values[tuple(values)] for values in stored], len(names)
    )


def _with_frequencies(
    content: bytes, combinations: Sequence[CommonCombination], terms: int
) -> bytes:
    """The list ends in its items: a null flag a term, two frequencies, a value's number a term."""
    item_bytes = terms + 16 + 2 * terms
    changed = bytearray(content)
    start = len(changed) - item_bytes * len(combinations)
    for number, each in enumerate(combinations):
        at = start + number * item_bytes + terms
        struct.pack_into("<dd", changed, at, each.frequency, each.base_frequency)
    return bytes(changed)


def _expressions(connection: Connection, shape: StatisticsShape) -> int:
    """Give a table of the expressions' types their statistics; return its oid."""
    names = _lender(connection, shape, shape.expressions)
    ((schema,),) = connection.execute(_TEMPORARY_SCHEMA).fetchall()
    rows = [
        replace(row, column=name, inherited=False)
        for row, name in zip(shape.expression_statistics, names, strict=True)
    ]
    restore_columns(connection, RelationName(schema, _LENDER), rows)
    ((oid,),) = connection.execute(
        f"select 'pg_temp.{_LENDER}'::regclass::oid::bigint".encode()
    ).fetchall()
    return int(oid)


def _lender(
    connection: Connection, shape: StatisticsShape, terms: Sequence[str]
) -> tuple[str, ...]:
    """Make an empty table with these terms' types; return its columns."""
    names = tuple(f"term_{number}" for number in range(1, len(terms) + 1))
    picks = ", ".join(f"({term}) as {name}" for term, name in zip(terms, names, strict=True))
    connection.execute(f"drop table if exists pg_temp.{_LENDER}".encode())
    connection.execute(
        f"create temporary table {_LENDER} as select {picks} from {shape.relation.sql}"
        " with no data".encode()
    )
    return names
