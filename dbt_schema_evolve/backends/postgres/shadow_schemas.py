"""Schemas that we make beside production, mark as ours, look into, and drop."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from dbt_schema_evolve.backends.postgres.catalog_sql import rows_of
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.records.relations import RelationName

SHADOW_MARK = "shadow target of dbt-schema-evolve"

Connection = psycopg.Connection[Any]


def make_schema(connection: Connection, schema: str) -> None:
    """Make a schema afresh; raises WarehouseError where one of this name is not ours."""
    marks = rows_of(connection, "shadow_mark", {"schema": schema})
    if marks and marks[0]["mark"] != SHADOW_MARK:
        raise WarehouseError(
            f"schema {schema!r} exists and is not ours",
            at=connection.info.dbname,
            remedy="rename or drop it; the shadow target needs this name",
        )
    name = sql.Identifier(schema)
    mark = "comment /* schema_evolve */ on schema {} is {}"
    try:
        with connection.transaction():
            drop_schemas(connection, [schema])
            connection.execute(sql.SQL("create /* schema_evolve */ schema {}").format(name))
            connection.execute(sql.SQL(mark).format(name, sql.Literal(SHADOW_MARK)))
    except psycopg.Error as error:
        raise WarehouseError(
            f"cannot make the shadow schema {schema!r}: {str(error).strip().splitlines()[0]}",
            at=connection.info.dbname,
            remedy="grant CREATE on the database, or validate against another target",
        ) from error


def drop_schemas(connection: Connection, schemas: Sequence[str]) -> None:
    """Drop schemas with all that is in them."""
    drop = "drop /* schema_evolve */ schema if exists {} cascade"
    for schema in schemas:
        connection.execute(sql.SQL(drop).format(sql.Identifier(schema)))


def settle(connection: Connection, schemas: Sequence[str]) -> None:
    """Bring statistics and visibility maps up to date, as autovacuum does in a quiet hour."""
    vacuum = "vacuum /* schema_evolve */ (analyze) {}.{}"
    for relation in relation_bytes(connection, schemas):
        names = sql.Identifier(relation.schema), sql.Identifier(relation.name)
        connection.execute(sql.SQL(vacuum).format(*names))


def relation_bytes(connection: Connection, schemas: Sequence[str]) -> Mapping[RelationName, int]:
    """Return the bytes of each relation that stores rows, its indexes included."""
    found = rows_of(connection, "shadow_relations", {"schemas": list(schemas)})
    return {RelationName(row["schema"], row["name"]): row["bytes"] for row in found}


def columns_of(connection: Connection, relation: RelationName) -> tuple[str, ...]:
    """Return a relation's columns in order."""
    where = {"schema": relation.schema, "name": relation.name}
    return tuple(row["name"] for row in rows_of(connection, "shadow_columns", where))
