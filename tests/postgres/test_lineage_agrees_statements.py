"""What pg_stat_statements keeps of a statement means the same, and has the same name."""

from collections.abc import Iterator

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.records.workload import QueryUses
from tests.unit.lineage.shop import SCHEMA_SQL, Case, cases, shop

Connection = psycopg.Connection[tuple[str, ...]]

WITH_CONSTANTS = [
    case
    for case in cases()
    if case.file.stem not in {"dialects", "extensions", "left_out", "unknown_relations", "writing"}
    and "$" not in case.sql
    and case.name != "table_samples"  # the parser takes no `$n` for a percentage
]
MORE = {
    "subtraction": "select id - 1, -2, - 3, amount * -4 from orders where id = -7 and 8 - id > 9",
    "lists": "select 1 from orders where id in (1, 2, 3) and status in ('a') and amount in (1, id)",
    "truth": "select true, null, name is null, vip is true from customers where vip = false",
    "positions": "select status, count(*), 3 from orders group by 1 order by 2 desc, 1",
    "times": "select id from orders where ordered_at > date '2024-01-01' - interval '1' day"
    " and ordered_at < timestamp '2024-01-01' and extract(isodow from ordered_at) = 3",
    "strings": "select E'a\\'b', $$it's$$, $x$ $1 $x$, 'it''s', U&'d\\0061t', 1.5e10, 0x1f, 1_000",
    "paging": "select id from orders order by id limit 10 offset 20",
    "arrays": "select 1 from orders where status = any (array['a', 'b']) and id = any ('{1,2}')",
    "casts": "select '1'::int, cast('2' as numeric(5, 2)) from orders where note in ('a'::text)",
}


@pytest.fixture(scope="module")
def shop_connection(cluster: Cluster) -> Iterator[Connection]:
    cluster.create_database("lineage_shop")
    with cluster.connect("lineage_shop") as connection:
        connection.execute("create extension pg_stat_statements")
        connection.execute(SCHEMA_SQL)  # type: ignore[call-overload]
        connection.execute("refresh materialized view shop.daily")
        connection.execute("set search_path to shop, public")
        yield connection
    with cluster.connect() as connection:
        connection.execute("drop database lineage_shop with (force)")


def kept(connection: Connection, text: str) -> str:
    """Run a statement and return what pg_stat_statements keeps of it."""
    connection.execute("select pg_stat_statements_reset()")
    connection.execute(text)  # type: ignore[call-overload]
    row = connection.execute(
        "select query from pg_stat_statements where query !~ 'pg_stat_statements'"
    ).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    "text",
    [case.sql for case in WITH_CONSTANTS] + list(MORE.values()),
    ids=[case.id for case in WITH_CONSTANTS] + list(MORE),
)
def test_a_text_with_constants_and_the_text_that_is_kept_have_one_fingerprint(
    shop_connection: Connection, text: str
) -> None:
    assert fingerprint(kept(shop_connection, text)) == fingerprint(text)


@pytest.mark.parametrize("case", WITH_CONSTANTS, ids=lambda case: case.id)
def test_the_text_that_is_kept_uses_columns_in_the_same_way(
    shop_connection: Connection, case: Case
) -> None:
    before = query_uses("f", case.sql, shop())
    after = query_uses("f", kept(shop_connection, case.sql), shop())
    assert isinstance(before, QueryUses)
    assert isinstance(after, QueryUses)
    assert (after.reads, after.views, after.outputs) == (before.reads, before.views, before.outputs)
    assert _clauses(after) == _clauses(before)


def _clauses(found: QueryUses) -> set[tuple[ColumnName, str, int, bool]]:
    """What kind of predicate it is can hang on the constant: `like $1` may be a prefix."""
    clauses = {"group", "order", "output"}
    return {
        (use.column, use.kind if use.kind in clauses else "condition", use.position, use.descending)
        for use in found.uses
    }
