"""What Postgres says of statements that write: a function with such a body depends on columns."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from tests.unit.lineage.shop import SCHEMA_SQL, Case, cases, shop

Connection = psycopg.Connection[tuple[Any, ...]]

WRITING = [
    case
    for case in cases("writing")
    if case.sql.startswith(("insert", "update", "delete", "merge", "with"))
    and "__dbt_tmp" not in case.sql
    and "$" not in case.sql
]

DEPENDENCIES = """
    select distinct namespace.nspname, relation.relname, attribute.attname
    from pg_depend
    join pg_class as relation on relation.oid = pg_depend.refobjid
    join pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_attribute as attribute
        on attribute.attrelid = relation.oid
        and attribute.attnum = pg_depend.refobjsubid
    where pg_depend.classid = 'pg_proc'::regclass
        and pg_depend.objid = 'shop.changes()'::regprocedure
        and pg_depend.refclassid = 'pg_class'::regclass
        and pg_depend.refobjsubid > 0
"""


@pytest.fixture(scope="module")
def shop_connection(cluster: Cluster) -> Iterator[Connection]:
    cluster.create_database("lineage_writing")
    with cluster.connect("lineage_writing") as connection:
        connection.execute(SCHEMA_SQL)  # type: ignore[call-overload]
        yield connection
    with cluster.connect() as connection:
        connection.execute("drop database lineage_writing with (force)")


@pytest.mark.parametrize("case", WRITING, ids=lambda case: case.id)
def test_edges_are_columns_that_the_statement_depends_on(
    shop_connection: Connection, case: Case
) -> None:
    # A body may end in rows that nobody declared, so it does not end in the statement.
    shop_connection.execute(
        "create or replace function shop.changes() returns integer language sql"  # type: ignore[call-overload]
        f" begin atomic {case.sql}; select 1; end"
    )
    needed = {
        ColumnName(RelationName(schema, relation), column)
        for schema, relation, column in shop_connection.execute(DEPENDENCIES)
    }
    _, resolver, rows = resolved(case.sql, shop(), expand=False)
    put = resolver.put or rows
    direct = {column.name for output in put.outputs for column in output.sources}
    assert direct | {column.name for column, _ in resolver.notes.indirect} <= needed
    assert resolver.writes is not None
    written = {ColumnName(resolver.writes, output.name) for output in put.outputs}
    if not case.sql.startswith("merge"):  # of which the server does not note what it fills
        assert written <= needed
