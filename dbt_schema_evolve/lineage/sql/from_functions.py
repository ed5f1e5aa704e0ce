"""Functions in FROM: which columns come out of them, and what these come from."""

from collections.abc import Iterator

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.flow import decide
from dbt_schema_evolve.lineage.sql.functions import NAMED_RESULTS, has_known_columns
from dbt_schema_evolve.lineage.sql.parsing import UnreadableError, identifier
from dbt_schema_evolve.lineage.sql.rows import (
    EXPRESSION,
    NOTHING,
    Anything,
    Output,
    Rows,
    Sources,
    merged,
)
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.lineage import IndirectKind

_ORDINALITY = "ordinality"


def called(node: exp.Expr, scope: Scope, walk: Walk) -> Rows:
    """Resolve a function in FROM, or several in ROWS FROM; they see the items before them.

    What they are called with decides how many rows there are, as the condition of a join does.
    """
    calls = list(_calls(node))
    alias = alias_of(node) if node.args.get("alias") and len(calls) == 1 else ""
    results = [_result(call, alias, scope, walk) for call in calls]
    outputs = [output for rows in results for output in rows.outputs]
    rests = [rest for rows in results for rest in rows.rests]
    names = alias_columns(node)
    number = _number(node, calls)
    if number == _ORDINALITY and names:
        number = names.pop()
    if names and (rests or len(names) > len(outputs)):  # a list of names tells all that there are
        everything = merged(output.sources for output in outputs)
        first = [] if rests else outputs
        outputs = first + [Output(name, everything) for name in names[len(first) :]]
        rests = []
    if number:
        outputs.append(Output(number, NOTHING))
    return Rows(outputs, rests)


def alias_of(node: exp.Expr) -> str:
    """Return the name by which the rest of the query knows an item; empty for none."""
    alias = node.args.get("alias")
    if alias is not None and alias.this is not None:
        return identifier(alias.this)
    return identifier(node.this) if isinstance(node, exp.Table) else ""


def alias_columns(node: exp.Expr) -> list[str]:
    """Return the names that an alias gives to the first columns of an item."""
    alias = node.args.get("alias")
    columns = (alias.args.get("columns") or ()) if alias is not None else ()
    return [
        identifier(column.this if isinstance(column, exp.ColumnDef) else column)
        for column in columns
    ]


def _calls(node: exp.Expr) -> Iterator[exp.Expr]:
    if node.args.get("rows_from"):
        for each in node.args["rows_from"]:
            yield from _calls(each)
    elif isinstance(node, exp.Unnest):
        yield node
    elif isinstance(node.this, exp.Func):
        yield node.this
    else:
        raise UnreadableError(f"{type(node.this).__name__} in FROM is not something that we know")


def _number(node: exp.Expr, calls: list[exp.Expr]) -> str:
    """Return what WITH ORDINALITY calls its column; empty where it is not there."""
    offset = calls[0].args.get("offset")
    if isinstance(offset, exp.Expr):
        return identifier(offset)
    return _ORDINALITY if offset or node.args.get("ordinality") else ""


def _result(call: exp.Expr, alias: str, scope: Scope, walk: Walk) -> Rows:
    """Return one function's columns; with a rest where the user wrote it: it may return any."""
    if isinstance(call, exp.Unnest):
        found = decide(call.expressions, IndirectKind.JOIN, scope, walk)
        name = alias if alias and len(found) == 1 else "unnest"
        return Rows([Output(name, merged([each], EXPRESSION)) for each in found])
    everything = merged(decide([call], IndirectKind.JOIN, scope, walk), EXPRESSION)
    if isinstance(call, exp.JSONTable):
        return Rows([*_json_columns(call.args["schema"], everything)])
    if isinstance(call, exp.XMLTable):
        columns = call.args.get("columns") or ()
        return Rows([Output(identifier(column.this), everything) for column in columns])
    if not has_known_columns(call):
        name = alias or walk.heading(call)
        return Rows([Output(name, everything)], [Anything(everything)])
    named = NAMED_RESULTS.get(call.name.lower()) if isinstance(call, exp.Anonymous) else None
    return Rows([Output(name, everything) for name in named or [alias or walk.heading(call)]])


def _json_columns(schema: exp.Expr, found: Sources) -> Iterator[Output]:
    for column in schema.expressions:
        nested = column.args.get("nested_schema")
        if nested is not None:
            yield from _json_columns(nested, found)
        else:
            is_number = column.args.get("ordinality")
            yield Output(identifier(column.this), NOTHING if is_number else found)
