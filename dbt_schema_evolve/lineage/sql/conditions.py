"""How a predicate uses columns: what an index could serve, what joins, what merely filters.

Only what must hold for every row of the result counts as equality, range or join; whatever
stands under OR or NOT is a filter, because no index key can be taken from it alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.flow import sources, unwrapped
from dbt_schema_evolve.lineage.sql.parsing import MARK
from dbt_schema_evolve.lineage.sql.rows import Sources
from dbt_schema_evolve.lineage.sql.scope import Found, Scope
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.workload import UseKind

_COMPARISONS: dict[type[exp.Expr], UseKind] = {
    exp.EQ: UseKind.EQUALITY,
    exp.NullSafeEQ: UseKind.FILTER,  # IS NOT DISTINCT FROM: no btree search
    exp.NEQ: UseKind.FILTER,
    exp.NullSafeNEQ: UseKind.FILTER,
    exp.LT: UseKind.RANGE,
    exp.LTE: UseKind.RANGE,
    exp.GT: UseKind.RANGE,
    exp.GTE: UseKind.RANGE,
}
_TEXTS = frozenset({"text", "varchar", "character varying"})


@dataclass(slots=True)
class _Side:
    """One side of a comparison."""

    node: exp.Expr
    sources: Sources
    plain: Found | None  # the column, where the side is nothing else
    is_query: bool

    @property
    def has_columns(self) -> bool:
        return bool(self.sources) and not self.is_query


def condition(node: exp.Expr, scope: Scope, walk: Walk) -> None:
    """Note the uses of a WHERE, ON or HAVING."""
    for term in _conjuncts(node):
        _term(term, scope, walk)


def constant(node: exp.Expr) -> str:
    """Return a literal as SQL; empty for all else, `$n` included."""
    node = unwrapped(node)
    if isinstance(node, exp.Boolean | exp.Null):
        return node.sql("postgres").lower()
    inner = node
    while isinstance(inner, exp.Cast | exp.Neg | exp.Paren):
        inner = inner.this
    if not isinstance(inner, exp.Literal) or str(inner.this).startswith(MARK):
        return ""
    return node.sql("postgres")


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    stack = [node]
    while stack:
        term = unwrapped(stack.pop())
        if isinstance(term, exp.And):
            stack += [term.expression, term.this]
        else:
            yield term


def _term(node: exp.Expr, scope: Scope, walk: Walk) -> None:
    kind = _COMPARISONS.get(type(node))
    if kind is not None:
        _comparison(node.this, node.expression, kind, scope, walk)
    elif isinstance(node, exp.Between):
        _compare(node.this, node.args["low"], UseKind.RANGE, scope, walk)
        _compare(node.this, node.args["high"], UseKind.RANGE, scope, walk)
    elif isinstance(node, exp.In):
        _membership(node, UseKind.EQUALITY, scope, walk)
    elif isinstance(node, exp.Escape):
        _term(node.this, scope, walk)
    elif isinstance(node, exp.Like):
        kind = UseKind.FILTER if _starts_wild(node.expression) else UseKind.RANGE
        _compare(node.this, node.expression, kind, scope, walk)
    elif isinstance(node, exp.Is) and node.args.get("negate"):
        _negation(node, scope, walk)
    elif isinstance(node, exp.Is):
        _compare(node.this, node.expression, UseKind.EQUALITY, scope, walk)
    elif isinstance(node, exp.Column):
        walk.mark(sources(node, scope, walk), UseKind.EQUALITY, constant="true")
    elif isinstance(node, exp.Not):
        _negation(unwrapped(node.this), scope, walk)
    elif isinstance(node, exp.Or) and (column := _one_column(node, scope, walk)):
        walk.mark(column.output.sources, UseKind.EQUALITY)
    else:
        _filter(node, scope, walk)


def _filter(node: exp.Expr, scope: Scope, walk: Walk) -> None:
    """Note a predicate that no index key can be taken from."""
    found = sources(node, scope, walk)
    joins = len(found) > 1 and len(_items(node, scope, walk)) > 1
    decides = IndirectKind.JOIN if joins else IndirectKind.FILTER
    walk.mark(found, UseKind.FILTER, decides=decides)


def _negation(inner: exp.Expr, scope: Scope, walk: Walk) -> None:
    if isinstance(inner, exp.Column):
        walk.mark(sources(inner, scope, walk), UseKind.EQUALITY, constant="false")
    elif isinstance(inner, exp.Is):
        text = constant(inner.expression)
        walk.mark(
            sources(inner.this, scope, walk),
            UseKind.FILTER,
            constant=f"not {text}" if text else "",
        )
    elif isinstance(inner, exp.In):
        _membership(inner, UseKind.FILTER, scope, walk)
    else:
        _filter(inner, scope, walk)


def _comparison(left: exp.Expr, right: exp.Expr, kind: UseKind, scope: Scope, walk: Walk) -> None:
    left, right = unwrapped(left), unwrapped(right)
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        for one, other in zip(left.expressions, right.expressions, strict=False):
            _compare(one, other, kind, scope, walk)
    elif isinstance(right, exp.Any):
        inner = unwrapped(right.this)
        if isinstance(inner, exp.Query):
            _semi_join([left], inner, kind, scope, walk)
        elif inner.find(exp.Column):  # x = any(array_column)
            _filter(right.parent or right, scope, walk)
        else:
            _compare(left, inner, kind, scope, walk)
    elif isinstance(right, exp.All):
        inner = unwrapped(right.this)
        if isinstance(inner, exp.Query):
            _semi_join([left], inner, UseKind.FILTER, scope, walk)
        else:
            _compare(left, inner, UseKind.FILTER, scope, walk)
    else:
        _compare(left, right, kind, scope, walk)


def _compare(left: exp.Expr, right: exp.Expr, kind: UseKind, scope: Scope, walk: Walk) -> None:
    one, other = _side(left, scope, walk), _side(right, scope, walk)
    items = _side_items(one, scope, walk), _side_items(other, scope, walk)
    joins = all(items) and items[0].isdisjoint(items[1])
    if one.has_columns and other.has_columns:
        kind = UseKind.JOIN if joins and kind is not UseKind.FILTER else UseKind.FILTER
    decides = IndirectKind.JOIN if joins else IndirectKind.FILTER
    for side, against in ((one, other), (other, one)):
        if side.is_query:
            walk.mark(side.sources, UseKind.OUTPUT, decides=IndirectKind.FILTER)
        elif side.plain is None:
            walk.mark(side.sources, UseKind.FILTER, decides=decides)
        else:
            walk.mark(side.sources, kind, constant=constant(against.node), decides=decides)


def _membership(node: exp.In, kind: UseKind, scope: Scope, walk: Walk) -> None:
    left = unwrapped(node.this)
    columns = left.expressions if isinstance(left, exp.Tuple) else [left]
    query = node.args.get("query")
    if query is not None:
        _semi_join(columns, unwrapped(query), kind, scope, walk)
        return
    items = [*node.expressions, *filter(None, (node.args.get("unnest"), node.args.get("field")))]
    text = constant(items[0]) if len(items) == 1 and len(columns) == 1 else ""
    varies = False
    for item in items:
        found = sources(item, scope, walk)
        walk.mark(found, UseKind.FILTER)
        varies = varies or bool(found)
    for column in columns:
        side = _side(column, scope, walk)
        plain = side.plain is not None and not varies
        walk.mark(side.sources, kind if plain else UseKind.FILTER, constant=text if plain else "")


def _semi_join(
    columns: list[exp.Expr], query: exp.Expr, kind: UseKind, scope: Scope, walk: Walk
) -> None:
    how = UseKind.JOIN if kind is UseKind.EQUALITY else UseKind.FILTER
    for output in walk.query(query, scope).outputs:
        walk.mark(output.sources, how, decides=IndirectKind.JOIN)
    for column in columns:
        side = _side(column, scope, walk)
        use = how if side.plain else UseKind.FILTER
        walk.mark(side.sources, use, decides=IndirectKind.JOIN)


def _side(node: exp.Expr, scope: Scope, walk: Walk) -> _Side:
    node = _without_text_cast(unwrapped(node), scope, walk)
    if isinstance(node, exp.Column):
        found = walk.column(node, scope)
        return _Side(node, found.output.sources, found, is_query=False)
    is_query = isinstance(node, exp.Query)
    return _Side(node, sources(node, scope, walk), None, is_query)


def _without_text_cast(node: exp.Expr, scope: Scope, walk: Walk) -> exp.Expr:
    """Return x for `x::text` where x is text already.

    pg_get_viewdef writes such casts around every varchar column; an index serves through them.
    """
    if not isinstance(node, exp.Cast) or not node.to.is_type("text", "varchar"):
        return node
    inner = unwrapped(node.this)
    if node.to.expressions or not isinstance(inner, exp.Column):
        return node
    stored = list(walk.column(inner, scope).output.sources)
    types = {column.type.partition("(")[0].strip() for column in stored}
    return inner if types and types <= _TEXTS else node


def _side_items(side: _Side, scope: Scope, walk: Walk) -> set[object]:
    if side.plain:
        return {side.plain.item} - {None}
    return _items(side.node, scope, walk) if side.has_columns else set()


def _items(node: exp.Expr, scope: Scope, walk: Walk) -> set[object]:
    """Return what in FROM the columns of an expression belong to."""
    parts = node.walk(prune=lambda part: isinstance(part, exp.Query))
    return {walk.column(part, scope).item for part in parts if isinstance(part, exp.Column)}


def _starts_wild(pattern: exp.Expr) -> bool:
    """Return whether a LIKE pattern begins with a wildcard, or is not known to be fixed."""
    pattern = unwrapped(pattern)
    if isinstance(pattern, exp.Cast):
        pattern = pattern.this
    if isinstance(pattern, exp.DPipe):
        return _starts_wild(pattern.this)
    if isinstance(pattern, exp.Literal):
        return str(pattern.this)[:1] in {"%", "_"}
    return True


def _one_column(node: exp.Or, scope: Scope, walk: Walk) -> Found | None:
    """Return the column of `x = 1 or x = 2 or x in (3, 4)`, which is an IN list."""
    stack: list[exp.Expr] = [node]
    column: Found | None = None
    while stack:
        term = unwrapped(stack.pop())
        if isinstance(term, exp.Or):
            stack += [term.this, term.expression]
            continue
        listed = isinstance(term, exp.In) and not term.args.get("query")
        if not (isinstance(term, exp.EQ) or listed) or not isinstance(term.this, exp.Column):
            return None
        against = term.expressions if isinstance(term, exp.In) else [term.expression]
        if not all(constant(item) or _is_parameter(item) for item in against):
            return None
        found = walk.column(term.this, scope)
        if column is not None and found.output.sources != column.output.sources:
            return None
        column = found
    return column


def _is_parameter(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and str(node.this).startswith(MARK)
