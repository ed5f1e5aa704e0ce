"""What the parser understands though Postgres does not: other dialects' SQL, refused by name.

Without this it would be read as if the clause were not there, and that gives wrong edges.
"""

from collections.abc import Mapping

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.parsing import UnreadableError

_BELOW = {
    "qualify": "QUALIFY",
    "pivots": "PIVOT",
    "prewhere": "PREWHERE",
    "laterals": "LATERAL VIEW",
    "match": "MATCH_RECOGNIZE",
    "connect": "CONNECT BY",
    "distribute": "DISTRIBUTE BY",
    "cluster": "CLUSTER BY",
    "sort": "SORT BY",
    "settings": "SETTINGS",
    "format": "FORMAT",
    "sample": "SAMPLE",
}
_CLAUSES: dict[type[exp.Expr], Mapping[str, str]] = {
    exp.Select: {
        **_BELOW,
        "kind": "SELECT AS",
        "exclude": "EXCLUDE",
        "operation_modifiers": "a modifier of SELECT",
    },
    exp.Union: {**_BELOW, "by_name": "BY NAME", "on": "a set operation ON columns"},
    exp.Table: {
        "pivots": "PIVOT",
        "version": "time travel",
        "when": "time travel",
        "system_time": "time travel",
        "changes": "CHANGES",
        "partition": "PARTITION of a table",
        "hints": "a table hint",
        "indexed": "INDEXED BY",
    },
    exp.Subquery: _BELOW,
    exp.Join: {
        "global_": "GLOBAL JOIN",
        "directed": "DIRECTED JOIN",
        "match_condition": "MATCH_CONDITION",
        "expressions": "joins of several relations at once",
    },
    exp.Star: {
        "except_": "`*` EXCEPT",
        "replace": "`*` REPLACE",
        "rename": "`*` RENAME",
        "ilike": "`*` ILIKE",
    },
    exp.Group: {"all": "GROUP BY ALL", "totals": "WITH TOTALS"},
}
_CLAUSES[exp.Except] = _CLAUSES[exp.Intersect] = _CLAUSES[exp.Union]
_JOINS = {("kind", "SEMI"), ("kind", "ANTI"), ("kind", "APPLY"), ("method", "ASOF")}


def refuse(words: str) -> UnreadableError:
    """Return the error that says what in a statement is not Postgres' SQL."""
    return UnreadableError(f"{words} is not Postgres' SQL, but another dialect's")


def check(node: exp.Expr) -> None:
    """Raise where a node has a clause that Postgres does not know."""
    args = node.args
    for key, words in _CLAUSES.get(type(node), {}).items():
        if args.get(key):
            raise refuse(words)


def check_join(join: exp.Join) -> None:
    """Raise for a kind of join that Postgres does not know."""
    check(join)
    for key, word in _JOINS:
        if str(join.args.get(key) or "").upper() == word:
            raise refuse(f"{word} JOIN")
