"""Estimated sizes of rows against files that Postgres wrote."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from dbt_schema_evolve.recommend.row_width import (
    btree_bytes,
    entry_bytes,
    fields,
    row_bytes,
    table_bytes,
)
from dbt_schema_evolve.records.profiles import ColumnProfile
from dbt_schema_evolve.records.relations import RelationName
from tests.fakes.columns import NOW

ROWS = 20_000
T = RelationName("public", "t")
MADE_AS = {
    "smallint": "(n % 100)::smallint",
    "integer": "n::int",
    "bigint": "n::bigint",
    "boolean": "n % 2 = 0",
    "date": "date '2026-01-01' + (n % 300)::int",
    "timestamp without time zone": "timestamp '2026-01-01' + n * interval '1 s'",
    "time with time zone": "timetz '10:00+01'",
    "uuid": "md5(n::text)::uuid",
    "double precision": "n / 7.0::float8",
    "numeric(12,2)": "(n * 977 % 100000 / 100.0)::numeric(12,2)",
    "text": "repeat('x', 3 + (n * 7919 % 13)::int)",
    "character(1)": "'A'::char(1)",
}
columns = st.lists(
    st.tuples(st.sampled_from(sorted(MADE_AS)), st.sampled_from([0, 0, 0, 2, 10])),
    min_size=1,
    max_size=12,
)


def build(connection: psycopg.Connection, shape: list[tuple[str, int]]) -> None:
    """Make a table of these types, in which every so many values are null."""
    listed = ", ".join(
        f"case when {every} = 0 or n * {31 + at} % {max(every, 1)} > 0 then {MADE_AS[kind]} end"
        f"::{kind} as c{at}"
        for at, (kind, every) in enumerate(shape)
    )
    connection.execute(sql.SQL("drop table if exists t"))
    connection.execute(f"create table t as select {listed} from generate_series(1, {ROWS}) as n".encode())
    connection.execute("vacuum full analyze t")  # a fresh file has up to 64 pages of reserve


def profiles(connection: psycopg.Connection) -> list[ColumnProfile]:
    found = connection.execute(
        "select a.attname, format_type(a.atttypid, a.atttypmod), s.null_frac, s.avg_width, a.attnum"
        " from pg_attribute as a join pg_stats as s on s.tablename = 't' and s.attname = a.attname"
        " where a.attrelid = 't'::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum"
    ).fetchall()
    return [
        ColumnProfile(T, name, kind, NOW, nulls, average_width_bytes=width, position=at)
        for name, kind, nulls, width, at in found
    ]


def size(connection: psycopg.Connection, relation: str) -> int:
    row = connection.execute("select pg_relation_size(%s::regclass)", [relation]).fetchone()
    assert row is not None
    return int(row[0])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns)
def test_a_table_is_as_large_as_its_columns_say(connection: psycopg.Connection, shape) -> None:
    build(connection, shape)
    parts = fields(profiles(connection), {})
    assert parts is not None
    print(f"{table_bytes(ROWS, row_bytes(parts)) / size(connection, 't') - 1} {shape}", file=open("/tmp/rw.log", "a"))
    assert table_bytes(ROWS, row_bytes(parts)) == pytest.approx(size(connection, "t"), rel=0.05)
