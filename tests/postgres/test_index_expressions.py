"""Postgres says whether an expression that lineage offers to an index could stand in one."""

from collections.abc import Iterator

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import QueryUses

COLUMNS = {
    "id": "integer", "amount": "numeric(12,2)", "ratio": "double precision", "name": "text",
    "code": "character varying(10)", "At": "timestamp with time zone",
    "local": "timestamp without time zone", "day": "date", "doc": "jsonb", "tags": "text[]",
    "during": "tsrange", "vip": "boolean", "mood": "mood", "ref": "uuid",
}  # fmt: skip
SCHEMA = LineageSchema(
    {RelationName("public", "t"): tuple(Column(name, kind) for name, kind in COLUMNS.items())}
)

# A condition, and the expression that an index could hold.
OFFERED = {
    "lower(name) = 'x'": 'lower("name")',
    "LOWER(T.NAME) = 'x'": 'lower("name")',
    "upper(code) = 'X'": 'upper("code")',
    "lower(code::text) = 'x'": 'lower("code"::text)',
    "trim(both from name) = 'x'": 'trim(both from "name")',
    "btrim(name) = 'x'": 'btrim("name")',
    "substr(name, 1, 3) = 'abc'": 'substr("name", 1, 3)',
    "substring(name from 1 for 3) = 'abc'": 'substring("name" from 1 for 3)',
    "left(name, 3) = 'abc'": 'left("name", 3)',
    "name || '-' || code = 'a-b'": "\"name\" || '-' || \"code\"",
    "replace(name, 'X', '') = 'y'": "replace(\"name\", 'X', '')",
    "split_part(name, '@', 2) = 'y'": "split_part(\"name\", '@', 2)",
    "md5(name) = 'y'": 'md5("name")',
    "char_length(name) > 3": 'char_length("name")',
    "position('a' in name) = 1": "position('a' in \"name\")",
    "coalesce(code, name) = 'x'": 'coalesce("code", "name")',
    "nullif(amount, 0) > 5": 'nullif("amount", 0)',
    "amount * 2 + 1 > 5": '"amount" * 2 + 1',
    "amount - ratio::numeric > 5": '"amount" - "ratio"::numeric',
    "-amount < 5": '-"amount"',
    "id % 10 = 3": '"id" % 10',
    "mod(id, 10) = 3": 'mod("id", 10)',
    "cast(id as text) = '3'": 'cast("id" as text)',
    "round(amount, 1) = 3": 'round("amount", 1)',
    "local::date = '2024-01-01'": '"local"::date',
    "day::timestamp < '2024-01-01'": '"day"::timestamp',
    "date_trunc('week', local) = '2024-01-01'": "date_trunc('week', \"local\")",
    "date_trunc('day', \"At\" at time zone 'UTC') = '2024-01-01'": (
        "date_trunc('day', \"At\" at time zone 'UTC')"
    ),
    "(\"At\" at time zone 'UTC')::date = '2024-01-01'": "(\"At\" at time zone 'UTC')::date",
    "extract(year from local) = 2024": 'extract(year from "local")',
    "date_part('month', day) = 2": "date_part('month', \"day\")",
    "local + interval '1 day' > now()": "\"local\" + interval '1 day'",
    "coalesce(\"At\", '2024-01-01') > now()": "coalesce(\"At\", '2024-01-01')",
    "doc ->> 'Key' = 'x'": "\"doc\" ->> 'Key'",
    "(doc -> 'a' ->> 'b')::int > 5": "(\"doc\" -> 'a' ->> 'b')::int",
    "doc #>> '{a,b}' = 'x'": "\"doc\" #>> '{a,b}'",
    "doc['a']['b'] = '1'": "\"doc\"['a']['b']",
    "doc -> 'tags' @> '[1]'": "\"doc\" -> 'tags'",
    "jsonb_array_length(doc) > 3": 'jsonb_array_length("doc")',
    "cardinality(tags) = 3": 'cardinality("tags")',
    "tags[1] = 'x'": '"tags"[1]',
    "lower(during) > '2024-01-01'": 'lower("during")',
    "to_tsvector('english', coalesce(name, '')) @@ to_tsquery('a')": (
        "to_tsvector('english', coalesce(\"name\", ''))"
    ),
    "to_tsquery('a') @@ to_tsvector('simple', name || ' ' || code)": (
        "to_tsvector('simple', \"name\" || ' ' || \"code\")"
    ),
    "tsrange(local, local + interval '1 hour') && during": "",  # compared with another column
    "name collate \"C\" > 'x'": '"name" collate "C"',
    "greatest(amount, 5) > 9": 'greatest("amount", 5)',
    "lower(name) like 'x%'": 'lower("name")',
    "lower(name) in ('x', 'y')": 'lower("name")',
    "lower(name) between 'x' and 'y'": 'lower("name")',
    "(lower((name))) = any (array['x'])": 'lower(("name"))',
}  # fmt: skip

# What Postgres refuses in an index, so that we must not offer it.
REFUSED = [
    "\"At\"::date = '2024-01-01'",
    "date_trunc('day', \"At\") = '2024-01-01'",
    "date_trunc('day', day) = '2024-01-01'",
    'extract(hour from "At") = 2024',
    "\"At\" + interval '1 day' > now()",
    "day::timestamptz > now()",
    "(local at time zone 'UTC')::date = '2024-01-01'",
    "(doc ->> 'day')::date = '2024-01-01'",
    "(doc ->> 'day')::timestamp = '2024-01-01'",
    "to_char(local, 'YYYY') = '2024'",
    "local::text = '2024'",
    "mood::text = 'good'",
    "concat(name, code) = '2024'",
    "name || id = '2024'",
    "to_tsvector(name) @@ to_tsquery('a')",
    "age(local) > interval '1 day'",
    "local - now() > interval '1 day'",
    "id + random() > 5",
    "now() - local > interval '1 day'",
    "format('%s', name) = 'x'",
    "name || current_user = 'x'",
]


def offered(condition: str) -> set[str]:
    uses = query_uses("f", f"select id from public.t where {condition}", SCHEMA)
    assert isinstance(uses, QueryUses), uses
    return {use.expression for use in uses.uses} - {""}


@pytest.fixture(scope="module")
def table(cluster: Cluster) -> Iterator[psycopg.Connection]:
    cluster.create_database("index_expressions")
    with cluster.connect("index_expressions") as connection:
        connection.execute("create type mood as enum ('good', 'bad')")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        connection.execute(f"create table t ({columns})".encode())
        yield connection
    with cluster.connect() as connection:
        connection.execute("drop database index_expressions with (force)")


@pytest.mark.parametrize(("condition", "expression"), OFFERED.items())
def test_an_expression_of_the_statement_is_offered_and_an_index_of_it_serves(
    table: psycopg.Connection, condition: str, expression: str
) -> None:
    assert offered(condition) == ({expression} - {""})
    if not expression:
        return
    method = "gin" if " @" in condition else "btree"
    with table.transaction(force_rollback=True):
        table.execute(f"create index served on t using {method} (({expression}))".encode())
        table.execute("set local enable_seqscan = off")
        table.execute("set local enable_indexscan = off")  # a bitmap can only come from a condition
        plan = table.execute(f"explain select id from t where {condition}".encode()).fetchall()
        served = any("Bitmap Index Scan on served" in line for (line,) in plan)
        assert served or "like" in condition, plan


@pytest.mark.parametrize("condition", REFUSED)
def test_what_depends_on_a_setting_or_the_time_is_not_offered(
    table: psycopg.Connection, condition: str
) -> None:
    assert offered(condition) == set()
    table.execute(f"select id from t where {condition}".encode())  # it is valid all the same
