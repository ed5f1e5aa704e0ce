"""Which node sent a statement: its comment, its target, and nobody where neither says."""

import pytest

from dbt_schema_evolve.lineage.attribution import Attribution, is_dbts
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import QueryUses, Statement

ORDERS = RelationName("marts", "orders")
OWNERS = {
    ORDERS: "model.shop.orders",
    RelationName("raw", "events"): "source.shop.raw.events",
    RelationName("marts", "twice"): "model.shop.twice",
    RelationName("staging", "twice"): "model.shop.staging_twice",
}
SCHEMA = LineageSchema({ORDERS: (Column("id", "int"),)}, {}, ("public",), OWNERS)


def attributed(sql: str, node_id: str | None = None) -> str | None:
    uses = query_uses("f", sql, SCHEMA)
    writes = uses.writes if isinstance(uses, QueryUses) else None
    return Attribution(SCHEMA).node_id(Statement("f", sql, frozenset(), node_id=node_id), writes)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('create table "marts"."orders__dbt_tmp" as (select 1 as id)', "model.shop.orders"),
        ('create view marts.orders__dbt_backup as select 1 as id', "model.shop.orders"),
        ('create temporary table "orders__dbt_tmp0123" as (select 1 as id)', "model.shop.orders"),
        ("insert into marts.orders (id) select 1", "model.shop.orders"),
        ("delete from marts.orders where id = $1", "model.shop.orders"),
        ("create table public.orders as select 1 as id", None),
        ('create temporary table "twice__dbt_tmp01" as (select 1 as id)', None),
        ("insert into raw.events select 1", None),
        ("select id from marts.orders", None),
    ],
)  # fmt: skip
def test_a_statement_is_of_the_node_whose_relation_it_fills(sql: str, expected: str | None) -> None:
    assert attributed(sql) == expected


def test_the_comment_goes_before_the_target() -> None:
    sql = "insert into marts.orders select 1"
    assert attributed(sql, "operation.shop.hook") == "operation.shop.hook"


def test_application_name_tells_that_it_was_dbt_and_not_which_node() -> None:
    named = Statement("f", "select 1", frozenset(), frozenset({("application", "dbt")}))
    assert is_dbts(named)
    assert not is_dbts(Statement("f", "select 1", frozenset()))
