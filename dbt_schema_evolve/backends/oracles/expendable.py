"""Makes sure that what is put at risk is nobody's production.

HypoPG can crash its server (HypoPG #116), and building an index locks its table against writes.
Nothing in a catalog proves that a database is a copy, so a person has to say so, by its name; and
where our own traces contradict, they are believed more. A database that dbt fills without our
package shows no trace: there the word is all there is.
"""

from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_sql import rows_of
from dbt_schema_evolve.backends.postgres.shadow_schemas import SHADOW_MARK
from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.records.relations import RelationName


def check_expendable(connection: psycopg.Connection[Any], promised: str) -> None:
    """Raise OracleError unless the database is the promised one and looks like no production."""
    (found,) = rows_of(connection, "production_signs", {"mark": SHADOW_MARK})
    if found["database"] != promised:
        raise OracleError(
            f"{promised!r} was said to be expendable, this is {found['database']!r}",
            at=connection.info.host,
            remedy="connect to the copy, or name the database that may be lost",
        )
    if found["signs"]:
        raise OracleError(
            f"{promised!r} looks like production: it has the schema {found['signs'][0]!r}",
            at=connection.info.host,
            remedy="use a copy without that schema, or the planner twin, which needs no server",
        )


def check_shadow(connection: psycopg.Connection[Any], relation: RelationName) -> None:
    """Raise OracleError unless the relation lies in a schema that we made beside production."""
    marks = rows_of(connection, "shadow_mark", {"schema": relation.schema})
    if [row["mark"] for row in marks] != [SHADOW_MARK]:
        raise OracleError(
            f"{relation} is not on a shadow target",
            at=connection.info.dbname,
            remedy="validate builds a shadow; or say that the whole database is expendable",
        )
