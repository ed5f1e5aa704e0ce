"""Which columns an expression's value comes from, and what happens to them on the way."""

from collections.abc import Iterable

from sqlglot import exp

from dbt_schema_evolve.lineage.parsing import identifier
from dbt_schema_evolve.lineage.rows import (
    AGGREGATE,
    CAST,
    EXPRESSION,
    NOTHING,
    WINDOW,
    Sources,
    merged,
    whole,
)
from dbt_schema_evolve.lineage.scope import Scope
from dbt_schema_evolve.lineage.walk import Walk

_LEAVES = (exp.Literal, exp.Identifier, exp.DataType, exp.Var, exp.Null, exp.Boolean, exp.Star)
_CASTS = (exp.Cast, exp.TryCast)
_NAMED = (exp.Kwarg, exp.PropertyEQ)

# Aggregates that sqlglot has no class for.
_AGGREGATES = frozenset(
    {
        "any_value", "bit_and", "bit_or", "bit_xor", "every", "json_agg", "json_agg_strict",
        "json_object_agg", "jsonb_agg", "jsonb_agg_strict", "jsonb_object_agg", "mode",
        "percentile_disc", "range_agg", "range_intersect_agg", "regr_avgx", "regr_avgy",
        "regr_count", "regr_intercept", "regr_r2", "regr_slope", "regr_sxx", "regr_sxy", "regr_syy",
        "string_agg", "xmlagg"
    }
)  # fmt: skip


def sources(node: exp.Expr, scope: Scope, walk: Walk) -> Sources:
    """Return the columns behind an expression; queries inside it are resolved on the way."""
    node = unwrapped(node)
    if isinstance(node, exp.Column):
        return walk.column(node, scope).output.sources
    if isinstance(node, _LEAVES):
        return NOTHING
    if isinstance(node, _CASTS):
        return merged([sources(node.this, scope, walk)], CAST)
    if isinstance(node, exp.Query):
        return merged(output.sources for output in walk.query(node, scope).outputs)
    if isinstance(node, exp.Exists):
        walk.query(node.this, scope)
        return NOTHING
    return merged(_parts(node, scope, walk), _rank(node))


def unwrapped(node: exp.Expr) -> exp.Expr:
    """Return what stands inside an alias and parentheses."""
    while isinstance(node, exp.Alias | exp.Paren):
        node = node.this
    return node


def is_aggregate(node: exp.Expr) -> bool:
    """Return whether a call folds many rows into one."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _AGGREGATES
    return isinstance(node, exp.AggFunc | exp.WithinGroup | exp.Filter)


def _rank(node: exp.Expr) -> int:
    if isinstance(node, exp.Window):
        return WINDOW
    return AGGREGATE if is_aggregate(node) else EXPRESSION


def _parts(node: exp.Expr, scope: Scope, walk: Walk) -> Iterable[Sources]:
    """Yield the sources of what a node is made of; long chains of operators need no recursion."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part is not node and (
            isinstance(part, (exp.Column, exp.Query, exp.Exists, exp.Window, *_CASTS))
            or is_aggregate(part)
        ):
            yield sources(part, scope, walk)
        elif isinstance(part, exp.Dot) and isinstance(part.expression, exp.Func):
            stack.append(part.expression)  # a function with its schema
        elif isinstance(part, exp.Dot):
            yield _field(part, scope, walk)
        elif isinstance(part, exp.Collate) or (isinstance(part, exp.In) and part.args.get("query")):
            stack.append(part.this)
            if isinstance(part, exp.In):
                stack.append(part.args["query"])
        elif isinstance(part, _NAMED):
            stack.append(part.expression)
        elif not isinstance(part, _LEAVES):
            if isinstance(part, exp.Window):
                stack.extend(_named_window(part, scope))
            stack.extend(
                child for child in part.iter_expressions() if not isinstance(child, _LEAVES)
            )


def _named_window(node: exp.Window, scope: Scope) -> Iterable[exp.Expr]:
    """Return the window that `over w` names."""
    name = identifier(node.args.get("alias"))
    return [scope.windows[name]] if name in scope.windows else []


def _field(node: exp.Dot, scope: Scope, walk: Walk) -> Sources:
    """Return the sources of `(t).a`, where t is a row of FROM or a column of a composite type."""
    inner = unwrapped(node.this)
    if isinstance(inner, exp.Column) and not inner.args.get("table"):
        alias = identifier(inner.this)
        for around in scope.around():
            entry = around.entries.get(alias)
            if entry is None:
                continue
            if isinstance(node.expression, exp.Star):
                return whole(entry)
            found = entry.find(identifier(node.expression))
            if found:
                return found.sources
    return merged([sources(inner, scope, walk)], EXPRESSION)
