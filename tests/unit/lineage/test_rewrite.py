"""Queries are edited where they must be, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.errors import EvolveError
from dbt_schema_evolve.lineage.sql.rewrite import rename_relations, without_limit
from dbt_schema_evolve.lineage.sql.safety import is_read_only
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.relations import RelationName

ODD = RelationName("Mart.s", 'Örders "x"')
ORDERS = RelationName("marts", "orders")
SCHEMA = LineageSchema({ODD: (), ORDERS: ()}, search_path=("marts",))
SHADOW = {ODD: RelationName("se shadow", ODD.name), ORDERS: RelationName("shadow", "orders_2")}

RENAMES = {
    "select * from orders": 'select * from "shadow"."orders_2" as "orders"',
    "select orders.a from ORDERS": 'select orders.a from "shadow"."orders_2" as "orders"',
    "select o.a  -- why\nfrom db.marts.orders o": (
        'select o.a  -- why\nfrom "shadow"."orders_2" o'
    ),
    "select marts.orders.a from marts.orders": (
        'select orders.a from "shadow"."orders_2" as "orders"'
    ),
    'select "Örders ""x""".a from "Mart.s"."Örders ""x"""': (
        'select "Örders ""x""".a from "se shadow"."Örders ""x"""'
    ),
    "with orders as (select 1 as a) select a from orders": (
        "with orders as (select 1 as a) select a from orders"
    ),
    "with orders as (select * from orders) select * from orders": (
        'with orders as (select * from "shadow"."orders_2" as "orders") select * from orders'
    ),
    "with recursive orders as (select 1 as a union all select a + 1 from orders) table orders": (
        "with recursive orders as (select 1 as a union all select a + 1 from orders) table orders"
    ),
    "select (with orders as (select 1 as a) select a from orders) from orders": (
        "select (with orders as (select 1 as a) select a from orders) "
        'from "shadow"."orders_2" as "orders"'
    ),
    "select a from orders where b = $1 and c in ($2,$3) and d = 'from orders'": (
        'select a from "shadow"."orders_2" as "orders" '
        "where b = $1 and c in ($2,$3) and d = 'from orders'"
    ),
    "select 1 from other.orders": "select 1 from other.orders",
}


@pytest.mark.parametrize(("before", "after"), RENAMES.items())
def test_relations_are_renamed_and_nothing_else(before: str, after: str) -> None:
    assert rename_relations(before, SHADOW, SCHEMA) == after


@pytest.mark.parametrize("text", RENAMES)
def test_renaming_nothing_keeps_every_byte(text: str) -> None:
    assert rename_relations(text, {}, SCHEMA) == text


def test_a_text_that_cannot_be_read_is_not_half_renamed() -> None:
    with pytest.raises(EvolveError):
        rename_relations("select * from orders where", SHADOW, SCHEMA)


LIMITS = {
    "select a from t limit 5": "select a from t",
    "select a from t order by a offset $2 limit $1;": "select a from t order by a ;",
    "select a from t limit 5 for update": "select a from t for update",
    "select a from t fetch first 3 rows only": "select a from t",
    "(select a from t order by a limit 10)": "(select a from t order by a )",
    "select * from (select a from t limit 1) x limit (select 5)": (
        "select * from (select a from t limit 1) x"
    ),
    "select a from t union select b from s order by 1 limit 2": (
        "select a from t union select b from s order by 1"
    ),
    "select a from t": None,
    "select * from (select a from t limit 1) x": None,
    "(select a from t limit 1) union (select b from s)": None,
    "select 'limit 5' from t": None,
    'select "limit" from t': None,
}


@pytest.mark.parametrize(("before", "after"), LIMITS.items())
def test_only_the_outermost_limit_goes(before: str, after: str | None) -> None:
    assert without_limit(before) == after


@given(st.text(max_size=60))
def test_any_text_has_a_limit_or_none(text: str) -> None:
    assert isinstance(without_limit(text), str | None)


READING = [
    "select 1",
    "values (1)",
    "table t",
    "with a as (select 1) select * from a union select 2",
    "(select a from t where b = $1)",
    "select 'delete from t', \"drop\" from t -- insert",
]
WRITING = [
    "with gone as (delete from t returning a) select a from gone",
    "select * from t for update",
    "select a into b from t",
    "select pg_sleep(5)",
    "select pg_catalog.pg_terminate_backend(1)",
    "select \"setval\"('s', 1)",
    "select NEXTVAL('s')",
    "select lo_import('/etc/passwd'), dblink_exec('x')",
    "select 1; drop table t",
    "insert into t values (1)",
    "refresh materialized view v",
    "explain analyze delete from t",
    "select 1 from",
    "",
]


@pytest.mark.parametrize("text", READING)
def test_a_query_that_only_reads_is_known(text: str) -> None:
    assert is_read_only(text)


@pytest.mark.parametrize("text", WRITING)
def test_whatever_may_leave_something_behind_is_not_taken_for_reading(text: str) -> None:
    assert not is_read_only(text)
