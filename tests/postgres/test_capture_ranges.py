"""How far values reach, as capture notes it: of keys their ends, of all else a magnitude."""

from collections.abc import Callable

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.captured import read_captures
from dbt_schema_evolve.records.profiles import ColumnRange, SequenceState
from dbt_schema_evolve.records.relations import ColumnName, RelationName

INT_MAX, BIGINT_MAX = 2**31 - 1, 2**63 - 1


def ranges(connection: psycopg.Connection, capture_id: str) -> dict[str, ColumnRange | None]:
    """What the reader makes of one capture, by column as people write it."""
    known = {
        found for (found,) in connection.execute("select capture_id from schema_evolve.captures")
    } - {capture_id}
    (facts,) = read_captures(connection, known)
    return {f"{each.relation.name}.{each.column}": each.range for each in facts.columns}


def test_a_key_is_read_to_its_end_and_everything_else_by_magnitude(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table orders (id serial primary key, salary int, rebate smallint);"
        "insert into orders (salary, rebate)"
        " select 30000 + i, -i from generate_series(1, 900) as i;"
        "analyze orders;"
        "insert into orders values (1987654321, 1, 1)"
    )
    found = ranges(connection, capture(connection).capture_id)
    assert found["orders.id"] == ColumnRange(
        31, 1_987_654_321, is_exact=True, sequence=SequenceState(900, INT_MAX)
    )
    assert found["orders.salary"] == ColumnRange(15)
    assert found["orders.rebate"] == ColumnRange(10)  # -900 .. -1


def test_a_foreign_key_names_what_it_points_at_and_both_ends_are_keys(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table orders (number numeric(18, 0) unique);"
        "create table items (order_number numeric(18, 0) references orders (number), quantity int);"
        "insert into orders select 10000000000 + i from generate_series(1, 500) as i;"
        "insert into items select number, 3 from orders where number < 10000000100; analyze"
    )
    found = ranges(connection, capture(connection).capture_id)
    assert found["orders.number"] == ColumnRange(34, 10_000_000_500, is_exact=True)
    assert found["items.order_number"] == ColumnRange(
        34,
        10_000_000_099,  # no index: the last bound of what ANALYZE saw
        references=ColumnName(RelationName("public", "orders"), "number"),
    )
    assert found["items.quantity"] == ColumnRange(2)


@pytest.mark.parametrize(
    ("value", "bits"),
    [(0, 0), (-1, 0), (1, 1), (255, 8), (32_767, 15), (-32_768, 15), (32_768, 16), (-32_769, 16),
     (INT_MAX, 31), (-INT_MAX - 1, 31), (BIGINT_MAX, 63), (-BIGINT_MAX - 1, 63)],
)  # fmt: skip
def test_bits_are_those_that_a_signed_number_needs_besides_its_sign(
    capture: Callable, connection: psycopg.Connection, value: int, bits: int
) -> None:
    connection.execute("create table t (x bigint)")
    connection.execute("insert into t select %s from generate_series(1, 9)", [value])
    connection.execute("analyze t")
    assert ranges(connection, capture(connection).capture_id)["t.x"] == ColumnRange(bits)


def test_numbers_that_are_none_and_those_beyond_bigint_do_no_harm(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table t (n numeric primary key, m numeric(40, 2));"
        "insert into t values ('NaN', 'NaN'), (1.5, 1.5), ('Infinity', 1e30), (-7, 2); analyze t"
    )
    outcome = capture(connection)
    assert "ranges of columns" not in outcome.skips
    found = ranges(connection, outcome.capture_id)
    assert found["t.m"] is None or found["t.m"] == ColumnRange(64)
    assert found["t.n"] is None or found["t.n"].highest is None


def test_of_texts_the_greatest_length_is_kept_in_characters(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table t (code varchar(9), name text, fixed char(5), on_day date);"
        "insert into t select repeat('ä', i % 7), i || 'x{,\"}', 'a', current_date"
        " from generate_series(1, 200) as i; analyze t"
    )
    found = ranges(connection, capture(connection).capture_id)
    assert found["t.code"] == ColumnRange(greatest_length=6)
    assert found["t.name"] == ColumnRange(greatest_length=8)
    assert (found["t.fixed"], found["t.on_day"]) == (None, None)


def test_where_sequences_stand_is_read_of_each_way_to_feed_a_column(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create sequence shared maxvalue 500 cycle; create sequence down increment -1;"
        "create table a (id int default nextval('shared'), n int generated always as identity,"
        " unused bigserial, back int default nextval('down'));"
        "insert into a (unused) select 1 from generate_series(1, 42)"
    )
    found = ranges(connection, capture(connection).capture_id)
    assert found["a.id"] == ColumnRange(sequence=SequenceState(42, 500, cycles=True))
    assert found["a.n"] == ColumnRange(sequence=SequenceState(42, INT_MAX))
    assert found["a.unused"] is None  # never drawn from
    assert found["a.back"] is None


def test_a_partitioned_table_speaks_for_its_partitions(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table p (id serial primary key) partition by range (id);"
        "create table p1 partition of p for values from (0) to (1000);"
        "insert into p (id) select nextval('p_id_seq') from generate_series(1, 700); analyze p"
    )
    found = ranges(connection, capture(connection).capture_id)
    assert found["p.id"] == ColumnRange(10, 700, sequence=SequenceState(700, INT_MAX))
    assert found["p1.id"] == ColumnRange(10)


def test_without_key_values_nothing_but_magnitudes_is_kept(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table people (national_id bigint primary key);"
        "insert into people select 8001015009087 + i from generate_series(1, 50) as i;"
        "analyze people"
    )
    outcome = capture(connection, key_values=False)
    assert ranges(connection, outcome.capture_id)["people.national_id"] == ColumnRange(43)


def test_no_lock_on_a_table_or_an_index_outlives_the_look(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table orders (id serial primary key); insert into orders default values"
    )
    with connection.transaction():
        capture(connection)
        held = connection.execute(
            "select c.relname, l.mode from pg_locks as l join pg_class as c on c.oid = l.relation"
            " where l.pid = pg_backend_pid() and c.relname like 'orders%'"
            " and c.relkind <> 'S'"
        ).fetchall()
    assert held == []


def test_neither_a_locked_table_nor_a_sequence_in_the_works_is_waited_for(
    capture: Callable, cluster: Cluster, connection: psycopg.Connection, database: str
) -> None:
    connection.execute(
        "create table busy (id serial primary key); create table idle (id serial primary key);"
        "insert into busy default values; insert into idle default values"
    )
    with cluster.connect(database) as other, other.transaction():
        other.execute(
            "lock table busy in access exclusive mode; alter sequence idle_id_seq cache 5"
        )
        outcome = capture(connection)
    found = ranges(connection, outcome.capture_id)
    assert found["busy.id"] == ColumnRange(sequence=SequenceState(1, INT_MAX))
    assert found["idle.id"] == ColumnRange(1, 1, is_exact=True)
    assert set(outcome.skips) >= {"sizes of 1 relations", "1 indexes"}


def test_what_the_role_may_not_read_is_not_looked_at(
    capture: Callable, as_role: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create schema hidden; create table hidden.t (id serial primary key);"
        "create table guarded (id serial primary key, x int);"
        "insert into guarded values (777, 9); alter table guarded enable row level security;"
        "insert into hidden.t values (1), (888); analyze"
    )
    role = as_role(
        f"create on database {connection.info.dbname}", "select on guarded", "select on hidden.t"
    )
    outcome = capture(role)
    found = ranges(connection, outcome.capture_id)
    assert (found["guarded.id"], found["t.id"]) == (None, ColumnRange(10, 888))


def test_tables_of_an_older_package_go_on_and_what_they_lack_is_named(
    capture: Callable, as_role: Callable, connection: psycopg.Connection
) -> None:
    connection.execute("create table orders (id serial primary key)")
    capture(connection)
    connection.execute("drop table schema_evolve.column_ranges")
    role = as_role(
        "usage on schema schema_evolve",
        "select, insert, update on all tables in schema schema_evolve",
        "select on orders",
    )
    outcome = capture(role)
    assert outcome.state == "captured"
    assert outcome.skips["ranges of columns"].startswith("table column_ranges is missing")
    assert ranges(connection, outcome.capture_id) == {"orders.id": None}
    assert "ranges of columns" not in capture(connection).skips


def test_an_index_that_sorts_another_way_or_covers_a_part_is_not_descended(
    capture: Callable, connection: psycopg.Connection
) -> None:
    connection.execute(
        "create table a_keys (id int unique); create table a (id int references a_keys (id));"
        "create index on a (id) where id < 3; create index on a using hash (id);"
        "insert into a_keys select generate_series(1, 9);"
        "insert into a select id from a_keys; analyze"
    )
    found = ranges(connection, capture(connection).capture_id)
    assert found["a_keys.id"] == ColumnRange(4, 9, is_exact=True)
    assert found["a.id"] is not None
    assert not found["a.id"].is_exact
