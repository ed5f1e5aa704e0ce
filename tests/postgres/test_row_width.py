"""Estimated sizes of rows against files that Postgres wrote."""

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    connection.execute("drop table if exists t")
    series = f"generate_series(1, {ROWS}) as n"
    connection.execute(f"create table t as select {listed} from {series}".encode())
    connection.execute("vacuum full analyze t")  # a fresh file has up to 64 pages of reserve


def profiles(connection: psycopg.Connection) -> list[ColumnProfile]:
    found = connection.execute(
        """
        select a.attname, format_type(a.atttypid, a.atttypmod), s.null_frac, s.avg_width, a.attnum
        from pg_attribute as a
        join pg_stats as s on s.tablename = 't' and s.attname = a.attname
        where a.attrelid = 't'::regclass and a.attnum > 0 and not a.attisdropped
        order by a.attnum
        """
    ).fetchall()
    return [
        ColumnProfile(T, name, kind, NOW, nulls, average_width_bytes=width, position=at)
        for name, kind, nulls, width, at in found
    ]


def size(connection: psycopg.Connection, relation: str) -> int:
    row = connection.execute("select pg_relation_size(%s::regclass)", [relation]).fetchone()
    assert row is not None
    return int(row[0])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(columns)
def test_a_table_is_as_large_as_its_columns_say(
    connection: psycopg.Connection, shape: list[tuple[str, int]]
) -> None:
    build(connection, shape)
    parts = fields(profiles(connection), {})
    assert parts is not None
    assert table_bytes(ROWS, row_bytes(parts)) == pytest.approx(size(connection, "t"), rel=0.08)


@pytest.mark.parametrize(
    ("shape", "casts"),
    [
        (["bigint", "bigint", "bigint"], {1: "integer", 2: "integer"}),
        (["bigint", "bigint"], {1: "integer"}),  # padding
        (["bigint", "text", "bigint", "date"], {0: "smallint", 2: "integer"}),
        (["integer", "integer", "boolean"], {0: "smallint", 1: "smallint"}),
        (["uuid", "bigint", "numeric(12,2)", "bigint"], {1: "smallint", 3: "smallint"}),
        (["integer"], {0: "bigint"}),
    ],
)
def test_other_types_free_what_was_said(
    connection: psycopg.Connection, shape: list[str], casts: dict[int, str]
) -> None:
    build(connection, [(kind, 0) for kind in shape])
    before, columns = size(connection, "t"), profiles(connection)
    now = fields(columns, {})
    then = fields(columns, {f"c{at}": kind for at, kind in casts.items()})
    assert now is not None
    assert then is not None
    for at, kind in casts.items():
        taken = f"c{at} % 30000" if kind == "smallint" else f"c{at}"
        connection.execute(
            f"alter table t alter c{at} type {kind} using ({taken})::{kind}".encode()
        )
    connection.execute("vacuum full t")
    freed = table_bytes(ROWS, row_bytes(now)) - table_bytes(ROWS, row_bytes(then))
    assert freed == pytest.approx(before - size(connection, "t"), abs=0.04 * before)


def test_columns_that_were_dropped_cost_every_row_a_bitmap(connection: psycopg.Connection) -> None:
    build(connection, [("integer", 0)] * 10)
    connection.execute("alter table t drop c1; alter table t drop c4")
    connection.execute("vacuum full analyze t")
    parts = fields(profiles(connection), {})
    assert parts is not None
    assert row_bytes(parts, dropped=2) == row_bytes(parts) + 8
    told = table_bytes(ROWS, row_bytes(parts, dropped=2))
    assert told == pytest.approx(size(connection, "t"), rel=0.02)


@pytest.mark.parametrize("kinds", [["bigint"], ["integer"], ["bigint", "integer"], ["uuid"]])
def test_a_unique_index_is_as_large_as_its_keys_say(
    connection: psycopg.Connection, kinds: list[str]
) -> None:
    build(connection, [(kind, 0) for kind in kinds])
    keys = ", ".join(f"c{at}" for at in range(len(kinds)))
    connection.execute(f"create unique index i on t ({keys})".encode())
    parts = fields(profiles(connection), {})
    assert parts is not None
    assert btree_bytes(ROWS, entry_bytes(parts)) == pytest.approx(size(connection, "i"), rel=0.05)
