"""What Postgres itself says about the columns of a query: result descriptions and dependencies."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from dbt_schema_evolve.records.relations import Column, ColumnName, RelationName

Connection = psycopg.Connection[tuple[Any, ...]]

SCRATCH = RelationName("lineage_scratch", "looked_at")

_DEPENDENCIES = """
    select distinct namespace.nspname, relation.relname, attribute.attname
    from pg_depend
    join pg_rewrite on pg_rewrite.oid = pg_depend.objid
    join pg_class as relation on relation.oid = pg_depend.refobjid
    join pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_attribute as attribute
        on attribute.attrelid = relation.oid
        and attribute.attnum = pg_depend.refobjsubid
    where pg_rewrite.ev_class = %s::regclass
        and pg_depend.classid = 'pg_rewrite'::regclass
        and pg_depend.refclassid = 'pg_class'::regclass
        and pg_depend.refobjsubid > 0
        and relation.oid <> pg_rewrite.ev_class
"""
_COLUMN = """
    select namespace.nspname, relation.relname, attribute.attname
    from pg_attribute as attribute
    join pg_class as relation on relation.oid = attribute.attrelid
    join pg_namespace as namespace on namespace.oid = relation.relnamespace
    where attribute.attrelid = %s and attribute.attnum = %s
"""


def create_tables(
    connection: Connection, columns: Mapping[RelationName, tuple[Column, ...]]
) -> None:
    """Create empty tables, and the schemas that they are in."""
    for schema in sorted({relation.schema for relation in columns} | {SCRATCH.schema}):
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for relation, listed in columns.items():
        body = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))  # type: ignore[arg-type]
            for column in listed
        )
        connection.execute(sql.SQL("create table {} ({})").format(named(relation), body))


def drop_tables(connection: Connection, columns: Mapping[RelationName, tuple[Column, ...]]) -> None:
    """Drop the schemas again."""
    for schema in sorted({relation.schema for relation in columns} | {SCRATCH.schema}):
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


def named(relation: RelationName) -> sql.Identifier:
    """Return a relation's name for a statement."""
    return sql.Identifier(relation.schema, relation.name)


def origins(connection: Connection, query: str) -> list[tuple[str, ColumnName | None]]:
    """Return the result's columns, each with the table's column that it is, if it is one."""
    cursor = connection.execute(f"select * from (\n{query}\n) as q limit 0".encode())
    result = cursor.pgresult
    assert result is not None
    assert cursor.description is not None
    found: list[tuple[str, ColumnName | None]] = []
    for at, column in enumerate(cursor.description):
        origin = None
        if result.ftable(at) and result.ftablecol(at):  # column 0 is a whole row
            row = connection.execute(_COLUMN, (result.ftable(at), result.ftablecol(at))).fetchone()
            assert row is not None
            origin = ColumnName(RelationName(row[0], row[1]), row[2])
        found.append((column.name, origin))
    return found


def dependencies(connection: Connection, query: str) -> set[ColumnName]:
    """Return the columns that a view of the query needs."""
    with connection.transaction(force_rollback=True):
        connection.execute(
            sql.SQL("create view {} as ").format(named(SCRATCH)).as_bytes(connection)
            + f"\n{query}\n".encode()
        )
        rows = connection.execute(_DEPENDENCIES, (SCRATCH.sql,)).fetchall()
    return {ColumnName(RelationName(schema, name), column) for schema, name, column in rows}
