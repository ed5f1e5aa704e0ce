"""Results are compared as multisets of rows, where they lie."""

import psycopg
import pytest

from dbt_schema_evolve.backends.postgres.measure import digest, paired_times, relation_digest
from dbt_schema_evolve.records.relations import RelationName

Connection = psycopg.Connection[tuple[object, ...]]


def test_order_of_rows_does_not_matter(connection: Connection) -> None:
    up = digest(connection, "select g from generate_series(1, 9) g order by g")
    down = digest(connection, "select g from generate_series(1, 9) g order by g desc")
    assert up == down


@pytest.mark.parametrize(
    "other",
    [
        "values (1, 'a'), (1, 'a'), (2, 'b')",  # a copy more
        "values (1, 'a')",  # a row less
        "values (1, 'b'), (2, 'a')",  # values swapped between rows
        "values (1, 'a'), (2, null)",
        "values (1, 'a'), (2, '')",
        "values (1, 'a', 0), (2, 'b', 0)",  # a column more
    ],
)
def test_any_other_multiset_has_another_digest(connection: Connection, other: str) -> None:
    assert digest(connection, "values (1, 'a'), (2, 'b')") != digest(connection, other)


def test_copies_do_not_cancel_out(connection: Connection) -> None:
    assert digest(connection, "values (1), (1)") != digest(connection, "values (2), (2)")


def test_last_digits_of_floats_are_the_plans_choice(connection: Connection) -> None:
    assert digest(connection, "select 0.1::float8 + 0.2::float8") == digest(
        connection, "select 0.3::float8"
    )
    assert digest(connection, "select 0.3001::float8") != digest(connection, "select 0.3::float8")


def test_numerics_count_to_the_last_digit(connection: Connection) -> None:
    assert digest(connection, "select 0.30000000000000000001") != digest(connection, "select 0.3")


def test_no_rows_differ_from_one_row_of_nothing(connection: Connection) -> None:
    assert digest(connection, "select 1 where false") != digest(connection, "select null::int")


def test_columns_may_share_a_name_and_comments_may_end_the_query(connection: Connection) -> None:
    assert digest(connection, "select 1 as a, 2 as a -- both; ") == digest(
        connection, "select 1, 2;"
    )


def test_hostile_names_are_only_names(connection: Connection) -> None:
    connection.execute('create schema "Ä b"')
    connection.execute('create table "Ä b"."x""y.z" ("a ""b"" é" int, "C" text)')
    connection.execute("""insert into "Ä b"."x""y.z" values (1, 'one')""")
    relation = RelationName("Ä b", 'x"y.z')
    assert relation_digest(connection, relation, ['a "b" é']) == digest(connection, "select 1")


def test_digest_leaves_no_transaction_and_no_setting(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        digest(connection, "select * from nowhere")
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert connection.execute("show statement_timeout").fetchone() == ("0",)


def test_times_come_in_pairs_enough_for_an_interval(connection: Connection) -> None:
    baseline, patched = paired_times(connection, "select 1", "values (1)", seconds=0)
    assert len(baseline) == len(patched) == 7


def test_what_we_time_is_marked_as_ours(connection: Connection) -> None:
    connection.execute("create extension pg_stat_statements")
    paired_times(connection, "select 41 as baseline", "select 42 as patched", seconds=0)
    texts = connection.execute(
        "select query from pg_stat_statements where query ~ 'as (baseline|patched)'"
        " and dbid = (select oid from pg_database where datname = current_database())"
    ).fetchall()
    assert texts
    assert all("/* schema_evolve */" in str(text) for (text,) in texts)


def test_floats_that_are_no_numbers_compare_too(connection: Connection) -> None:
    odd = "values ('nan'::float8), ('infinity'), ('-infinity'), (null), (-1e-300)"
    assert digest(connection, odd) == digest(connection, odd)
