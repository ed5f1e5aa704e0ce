"""Asks a planner what a query would cost; nothing is executed."""

import re
from collections.abc import Mapping
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_indexes import read_indexes
from dbt_schema_evolve.backends.postgres.plans import IndexUse, Plan, index_uses, read_plan
from dbt_schema_evolve.recommend.cost import Estimate, Unpriced
from dbt_schema_evolve.records.changes import IndexSpec

_EXPLAIN = "explain /* schema_evolve */ (verbose, format json) "
_GENERIC = "explain /* schema_evolve */ (verbose, generic_plan, format json) "
_HAS_GENERIC_PLANS = 160000
_PARAMETER = re.compile(r"\$\d")


def explain(connection: psycopg.Connection[Any], sql: str) -> Estimate | Unpriced:
    """Return the plan of a query on a real database, its indexes known by structure.

    It opens a transaction on the connection, or a savepoint within the one that is open.
    """
    try:
        with connection.transaction(force_rollback=True):
            plan = plan_of(connection, sql)
            if isinstance(plan, Unpriced):
                return plan
            # Expressions must be printed as the catalog reader and the twin print them.
            connection.execute("set /* schema_evolve */ local search_path = ''")
            return read_plan(plan, _structures(connection, plan))
    except psycopg.Error as error:
        return Unpriced(first_line(error))


def plan_of(connection: psycopg.Connection[Any], sql: str) -> Plan | Unpriced:
    """Return EXPLAIN's JSON; the surrounding transaction is spoilt where psycopg raises."""
    if _PARAMETER.search(sql) and connection.info.server_version >= _HAS_GENERIC_PLANS:
        # Only the simple protocol leaves `$1` open, and it would run a second statement too.
        if ";" in sql:
            return Unpriced("a query with parameters must not hold a semicolon")
        answer = connection.execute(_GENERIC.encode() + sql.encode()).fetchone()
    else:
        # `binary` selects the protocol that takes one statement: `select 1; drop ...` is refused.
        answer = connection.execute(_EXPLAIN.encode() + sql.encode(), binary=True).fetchone()
    plan = answer[0][0] if answer else None
    if not isinstance(plan, dict) or "Plan" not in plan:
        return Unpriced("not a statement that the planner prices")
    planned: Plan = plan["Plan"]
    return planned


def first_line(error: Exception) -> str:
    """Return what went wrong without the excerpt of the query, which may hold literals."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _structures(connection: psycopg.Connection[Any], plan: Plan) -> Mapping[IndexUse, IndexSpec]:
    names = {name for _, name in index_uses(plan)}
    if not names:
        return {}
    shapes = read_indexes(connection, names=names)
    return {(shape.spec.relation, shape.name): shape.spec for shape in shapes}
