"""Changes the values of one column at a time and looks which results change.

Every relation is a view over a hidden table that holds each column several times: as it is, and
otherwise. A setting says which column is shown otherwise, so that a model is planned once, its
rows keep their order, and nothing but those values differs between two runs.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
import sqlglot
from psycopg import sql
from sqlglot import exp

from benchmarks.lineage_oracle import Connection, named
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationName

ROWS = 12
_HIDDEN = "hidden"
_SETTING = "lineage.turned"
_TIMEOUT = "3s"
_DAYS_APART = 11
_OTHER = "(n * 3 + 2)"
_ONE_PLAN = (
    "jit = off",
    "max_parallel_workers_per_gather = 0",
    "plan_cache_mode = force_generic_plan",
)

Literals = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a model's result when one column's values were others."""

    column: ColumnName
    rows: bool  # there are more or fewer
    outputs: frozenset[str]


def literals(queries: Iterable[str]) -> Literals:
    """Return the strings that queries compare columns with, by the columns' names."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for query in queries:
        for node in sqlglot.parse_one(query, dialect="postgres").find_all(exp.Predicate):
            columns = [column.name.lower() for column in node.find_all(exp.Column)]
            for text in node.find_all(exp.Literal):
                for column in columns if text.is_string else ():
                    found[column].setdefault(text.name.strip("%"))
    return {column: tuple(texts) for column, texts in found.items()}


def create_views(
    connection: Connection,
    columns: Mapping[RelationName, tuple[Column, ...]],
    compared_with: Literals,
) -> None:
    """Create every relation with a few rows in it whose columns can be turned one at a time."""
    connection.execute(f"create schema {_HIDDEN}")
    connection.execute(f"select set_config('{_SETTING}', '', false)".encode())
    for schema in sorted({relation.schema for relation in columns}):
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    for at, (relation, listed) in enumerate(columns.items()):
        table = sql.Identifier(_HIDDEN, f"t{at}")
        kept = [
            sql.SQL("{}::{} as {}").format(
                sql.SQL(value), sql.SQL(column.type), sql.Identifier(f"c{nth}_{way}")
            )
            for nth, column in enumerate(listed)
            for way, value in enumerate(_values(column, nth, compared_with))
        ]
        connection.execute(
            sql.SQL("create table {} as select {} from generate_series(1, {}) as n").format(
                table, sql.SQL(", ").join(kept), sql.Literal(ROWS)
            )
        )
        shown = [
            sql.SQL("case current_setting({}) when {} then {} when {} then {} else {} end as {}")
            .format(
                sql.Literal(_SETTING),
                sql.Literal(_key(ColumnName(relation, column.name), 1)),
                sql.Identifier(f"c{nth}_1"),
                sql.Literal(_key(ColumnName(relation, column.name), 2)),
                sql.Identifier(f"c{nth}_2"),
                sql.Identifier(f"c{nth}_0"),
                sql.Identifier(column.name),
            )
            for nth, column in enumerate(listed)
        ]  # fmt: skip
        connection.execute(
            sql.SQL("create view {} as select {} from {}").format(
                named(relation), sql.SQL(", ").join(shown), table
            )
        )
    connection.execute("analyze")
    connection.prepare_threshold = None  # the driver's own plans would go with ours
    connection.execute(f"set statement_timeout = '{_TIMEOUT}'".encode())
    for setting in _ONE_PLAN:
        connection.execute(f"set {setting}".encode())


def drop_views(connection: Connection, columns: Mapping[RelationName, tuple[Column, ...]]) -> None:
    """Drop what `create_views` made."""
    connection.execute("reset all")
    for schema in sorted({relation.schema for relation in columns} | {_HIDDEN}):
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


def changes(
    connection: Connection, query: str, outputs: Sequence[str], columns: Iterable[ColumnName]
) -> Iterator[Change]:
    """Yield what turning each of the columns does to a query's result; raise where it fails."""
    hashes = sql.SQL(", ").join(
        sql.SQL("sum(hashtextextended(coalesce(q.{}::text, '∅'), 0)::numeric)").format(
            sql.Identifier(output)
        )
        for output in outputs
    )
    connection.execute(
        b"prepare looked_at as select count(*), "
        + hashes.as_bytes(connection)
        + f" from (\n{query}\n) as q".encode()
    )
    try:
        # One transaction, so that now() is the same each time.
        with connection.transaction():
            before = _run(connection, "")
            assert before is not None
            for column in columns:
                for way in (1, 2):
                    after = _run(connection, _key(column, way))
                    if after is None:
                        continue
                    yield Change(
                        column,
                        after[0] != before[0],
                        frozenset(
                            output
                            for output, one, other in zip(
                                outputs, before[1:], after[1:], strict=True
                            )
                            if one != other
                        ),
                    )
    finally:
        connection.execute("deallocate all")


def _run(connection: Connection, turned: str) -> tuple[int, ...] | None:
    """Return the number of rows and a hash of each column; None where the values do not fit."""
    connection.execute("select set_config(%s, %s, true)", (_SETTING, turned))
    if not turned:
        return connection.execute("execute looked_at").fetchone()
    try:
        with connection.transaction():
            return connection.execute("execute looked_at").fetchone()
    except (psycopg.DataError, psycopg.errors.CardinalityViolation):
        return None


def _key(column: ColumnName, way: int) -> str:
    return f"{column.relation.schema}.{column.relation.name}.{column.column}:{way}"


def _values(column: Column, nth: int, compared_with: Literals) -> tuple[str, str, str]:
    """Return SQL for a column's values in row n: as they are, all others, and some others."""
    base, other = _pair(column.name.lower(), column.type.lower(), nth, compared_with)
    return base, other, f"case when n % 2 = 0 then {base} when n = 3 then null else {other} end"


def _pair(name: str, kind: str, nth: int, compared_with: Literals) -> tuple[str, str]:
    if kind.endswith("[]"):
        return f"array[n, n + {nth % 3}]", "array[n + 5]"
    if kind.startswith(("int", "big", "small", "num", "dec", "double", "real")):
        return _number(name, nth)
    if kind.startswith(("text", "char", "varchar")):
        return _text(name, nth, compared_with.get(name, ()))
    odd = f"(n % 3 = {nth % 2})"
    pairs = {
        "bool": (odd, f"(not {odd})"),
        "date": (_date("n"), _date(_OTHER)),
        "timestamp": (_date("n"), _date(_OTHER)),
    }
    found = (pair for word, pair in pairs.items() if kind.startswith(word))
    return next(found, ("null", "null"))


def _date(n: str) -> str:
    return f"(current_date - {n} * {_DAYS_APART} + n * interval '1 hour')"


def _number(name: str, nth: int) -> tuple[str, str]:
    if name == "id" or name.endswith(("_id", "index")):
        return "n", "n % 3 + 3"  # every key meets every other
    if name.endswith(("month", "day")):
        return "n % 12 + 1", "(n + 5) % 12 + 1"
    if name.endswith("year"):
        return "2020 + n", "2023 + n % 3"
    return f"n * {nth % 7 + 1} + {nth % 5}", f"n * {nth % 5 + 2} - 3"


def _text(name: str, nth: int, texts: Sequence[str]) -> tuple[str, str]:
    if texts:
        listed = sql.SQL("(array[{}])").format(sql.SQL(", ").join(map(sql.Literal, texts)))
        shown = listed.as_string(None)
        return (
            f"{shown}[(n + {nth}) % {len(texts)} + 1]",
            f"coalesce(({shown})[(n * 2 + {nth + 1}) % {len(texts) + 1} + 1], 'other')",
        )
    if re.search(r"(_at|_on|date|_time|timestamp|created|updated|_synced|_start|_end)\Z", name):
        return f"{_date('n')}::text", f"{_date(_OTHER)}::text"
    if name == "source_relation":  # a part of the keys in these packages, and always empty
        return "''", "case when n % 4 = 1 then 'x' else '' end"
    if "json" in name:
        return "json_build_object('a', n)::text", "json_build_object('a', n + 5)::text"
    if name.startswith(("is_", "has_")):
        return "(n % 2 = 0)::text", "(n % 2 = 1)::text"
    one, other = _number(name, nth)
    return f"({one})::text", f"({other})::text"
