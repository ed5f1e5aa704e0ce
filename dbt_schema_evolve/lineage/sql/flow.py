"""Which columns an expression's value comes from, and what happens to them on the way.

Columns that only decide what is looked at (the partition of a window, the condition of an
aggregate's FILTER, what a query in IN returns) are noted on the way and are no sources.
"""

from collections.abc import Callable, Iterable, Iterator

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.foreign import refuse
from dbt_schema_evolve.lineage.sql.functions import is_aggregate, returns_rows
from dbt_schema_evolve.lineage.sql.parsing import identifier
from dbt_schema_evolve.lineage.sql.rows import (
    AGGREGATE,
    CAST,
    EXPRESSION,
    IDENTITY,
    NOTHING,
    WINDOW,
    Sources,
    merged,
    whole,
)
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.spelling import is_same_type
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.workload import UseKind

_LEAVES = (
    exp.Literal, exp.Identifier, exp.DataType, exp.Var, exp.Null, exp.Boolean, exp.Star,
    exp.Grouping,  # says which columns are grouped by, not what they hold
)  # fmt: skip
# What has a rank of its own, however deep in an expression it stands.
_APART = (exp.Column, exp.Query, exp.Exists, exp.Window, exp.Cast)


def sources(node: exp.Expr, scope: Scope, walk: Walk) -> Sources:  # noqa: PLR0911 - one a kind
    """Return the columns behind an expression; queries inside it are resolved on the way."""
    node = unwrapped(node)
    if isinstance(node, exp.Column):
        return walk.column(node, scope).output.sources
    if isinstance(node, _LEAVES):
        return NOTHING
    if isinstance(node, exp.TryCast):
        raise refuse("TRY_CAST")
    if isinstance(node, exp.Cast):
        inner = sources(node.this, scope, walk)
        return inner if _is_no_cast(node, inner) else merged([inner], CAST)
    if isinstance(node, exp.Query):
        return merged(output.sources for output in walk.query(node, scope).outputs)
    if isinstance(node, exp.Exists):
        walk.query(node.this, scope)
        return NOTHING
    if _is_field(node):
        return _field(node, scope, walk)
    return merged(_parts(node, scope, walk), _rank(node))


def unwrapped(node: exp.Expr) -> exp.Expr:
    """Return what stands inside an alias and parentheses."""
    while isinstance(node, exp.Alias | exp.Paren):
        node = node.this
    return node


def decide(
    nodes: Iterable[exp.Expr], kind: IndirectKind, scope: Scope, walk: Walk
) -> list[Sources]:
    """Note that expressions decide about rows, and return what is behind them."""
    found = [sources(node, scope, walk) for node in nodes]
    for each in found:
        walk.mark(each, UseKind.OUTPUT, decides=kind)
    return found


def _is_no_cast(node: exp.Expr, inner: Sources) -> bool:
    """Whether a stored column is cast to the type that it has, which Postgres leaves out."""
    if len(inner) != 1:
        return False
    ((stored, rank),) = inner.items()
    return rank == IDENTITY and bool(stored.type) and is_same_type(stored.type, node.args["to"])


def _rank(node: exp.Expr) -> int:
    if isinstance(node, exp.Window):
        return WINDOW
    return AGGREGATE if is_aggregate(node) else EXPRESSION


def _parts(node: exp.Expr, scope: Scope, walk: Walk) -> Iterator[Sources]:
    """Yield the sources of what a node is made of; long chains of operators need no recursion."""
    stack = [node]
    while stack:
        part = stack.pop()
        if part is not node and (isinstance(part, _APART) or is_aggregate(part) or _is_field(part)):
            yield sources(part, scope, walk)
        elif returns_rows(part):
            yield from decide(_inside(part), IndirectKind.JOIN, scope, walk)
        elif not isinstance(part, _LEAVES):
            step = _STEPS.get(type(part))
            stack += step(part, scope, walk) if step else _inside(part)


def _of_dot(node: exp.Expr, *_: object) -> list[exp.Expr]:
    return [node.expression]  # a function with its schema


def _of_window(node: exp.Expr, scope: Scope, walk: Walk) -> list[exp.Expr]:
    decide(_windowed_by(node, scope), IndirectKind.WINDOW, scope, walk)
    return [node.this]


def _of_filter(node: exp.Expr, scope: Scope, walk: Walk) -> list[exp.Expr]:
    decide([node.expression.this], IndirectKind.FILTER, scope, walk)
    return [node.this]


def _of_order(node: exp.Expr, scope: Scope, walk: Walk) -> list[exp.Expr]:
    terms = (term.this for term in node.expressions)
    decide(terms, IndirectKind.ORDER, scope, walk)
    return [node.this]


def _of_ordered_set(node: exp.Expr, *_: object) -> list[exp.Expr]:
    return [node.this, *(term.this for term in node.expression.expressions)]  # what it returns


def _of_in(node: exp.Expr, scope: Scope, walk: Walk) -> Iterable[exp.Expr]:
    query = node.args.get("query")
    if query is None:
        return _inside(node)
    decide([query], IndirectKind.JOIN, scope, walk)
    return [node.this]


def _of_any(node: exp.Expr, scope: Scope, walk: Walk) -> Iterable[exp.Expr]:
    if not isinstance(unwrapped(node.this), exp.Query):
        return _inside(node)
    decide([node.this], IndirectKind.JOIN, scope, walk)
    return []


def _of_collate(node: exp.Expr, *_: object) -> list[exp.Expr]:
    return [node.this]


def _of_named(node: exp.Expr, *_: object) -> list[exp.Expr]:
    return [node.expression]


_Step = Callable[[exp.Expr, Scope, Walk], Iterable[exp.Expr]]
# What notes decisions on the way to the parts that its value is made of.
_STEPS: dict[type[exp.Expr], _Step] = {
    exp.Dot: _of_dot,
    exp.Window: _of_window,
    exp.Filter: _of_filter,
    exp.Order: _of_order,
    exp.WithinGroup: _of_ordered_set,
    exp.In: _of_in,
    exp.Any: _of_any,
    exp.All: _of_any,
    exp.Collate: _of_collate,
    exp.Kwarg: _of_named,
    exp.PropertyEQ: _of_named,
}


def _inside(node: exp.Expr) -> Iterator[exp.Expr]:
    return (child for child in node.iter_expressions() if not isinstance(child, _LEAVES))


def _windowed_by(window: exp.Expr, scope: Scope) -> Iterator[exp.Expr]:
    """Yield what a window is partitioned and ordered by, those that it builds on included."""
    seen: set[str] = set()
    while True:
        yield from window.args.get("partition_by") or ()
        order = window.args.get("order")
        if order is not None:
            yield from (term.this for term in order.expressions)
        name = identifier(window.args.get("alias"))
        if name not in scope.windows or name in seen:
            return
        seen.add(name)
        window = scope.windows[name]


def _is_field(node: exp.Expr) -> bool:
    return isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Func)


def _field(node: exp.Expr, scope: Scope, walk: Walk) -> Sources:
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
