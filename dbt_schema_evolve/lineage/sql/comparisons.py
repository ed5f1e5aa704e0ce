"""What one comparison says of the columns on its sides."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.equalities import Equality
from dbt_schema_evolve.lineage.sql.expressions import output_expression, stored_expression
from dbt_schema_evolve.lineage.sql.flow import sources, unwrapped
from dbt_schema_evolve.lineage.sql.notes import Detail
from dbt_schema_evolve.lineage.sql.parsing import MARK
from dbt_schema_evolve.lineage.sql.rows import Found, Sources
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.workload import UseKind

Operators = tuple[str, str]
"""What to call the comparison where the column is on its left, and where it is on its right."""

NEITHER: Operators = ("", "")

_TEXTS = frozenset({"text", "varchar", "character varying"})
_BTREE = frozenset({UseKind.EQUALITY, UseKind.ONE_OF, UseKind.RANGE})
_SEARCHES = frozenset({UseKind.PREFIX, UseKind.PATTERN, UseKind.CONTAINMENT})
_LONGEST_LIST = 20  # constants: nobody makes a partial index for more


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


def listed(items: Sequence[exp.Expr]) -> str:
    """Return constants as a list in parentheses; empty where one is none."""
    if len(items) > _LONGEST_LIST:
        return ""
    texts = [constant(item) for item in items]
    return f"({', '.join(texts)})" if texts and all(texts) else ""


def compare(
    left: exp.Expr,
    right: exp.Expr,
    kind: UseKind,
    scope: Scope,
    walk: Walk,
    operators: Operators = NEITHER,
) -> None:
    """Note the uses of `left OPERATOR right`, which must hold for every row of the result."""
    one, other = _side(left, scope, walk), _side(right, scope, walk)
    items = _side_items(one, scope, walk), _side_items(other, scope, walk)
    joins = all(items) and items[0].isdisjoint(items[1])
    if kind is UseKind.EQUALITY:
        _note_equality(one, other, scope, joins=joins)
    if joins and kind in _BTREE:
        kind = UseKind.JOIN
    elif one.has_columns and other.has_columns and not (joins and kind is UseKind.CONTAINMENT):
        kind = UseKind.FILTER
    decides = IndirectKind.JOIN if joins else IndirectKind.FILTER
    for side, against, operator in ((one, other, operators[0]), (other, one, operators[1])):
        if side.is_query:
            walk.mark(side.sources, UseKind.OUTPUT, decides=IndirectKind.FILTER)
            continue
        how = kind
        if kind in _SEARCHES and not operator:
            how = UseKind.FILTER  # a pattern that is a column, what is looked for in a constant
        text = _array(against.node) if how is UseKind.ONE_OF else constant(against.node)
        named = operator if how in _SEARCHES or how is UseKind.RANGE else ""
        _mark(side, how, Detail(constant=text, operator=named), scope, walk, decides)


def _array(node: exp.Expr) -> str:
    """Return an array's constants as a list in parentheses."""
    while isinstance(node, exp.Cast | exp.Paren):
        node = node.this
    return listed(node.expressions) if isinstance(node, exp.Array) else ""


def filtered(node: exp.Expr, scope: Scope, walk: Walk) -> None:
    """Note a predicate that no index key can be taken from."""
    found = sources(node, scope, walk)
    joins = len(found) > 1 and len(_items(node, scope, walk)) > 1
    decides = IndirectKind.JOIN if joins else IndirectKind.FILTER
    walk.mark(found, UseKind.FILTER, decides=decides)


def membership(node: exp.In, kind: UseKind, scope: Scope, walk: Walk) -> None:
    """Note `x in (...)`, of rows too, or of a query."""
    left = unwrapped(node.this)
    columns = left.expressions if isinstance(left, exp.Tuple) else [left]
    query = node.args.get("query")
    if query is not None:
        semi_join(columns, unwrapped(query), kind, scope, walk)
        return
    items = [*node.expressions, *filter(None, (node.args.get("unnest"), node.args.get("field")))]
    if len(items) == 1 and len(columns) == 1 and constant(items[0]) and kind is UseKind.ONE_OF:
        compare(left, items[0], UseKind.EQUALITY, scope, walk)  # as the server's parser has it
        return
    varies = False
    for item in items:
        found = sources(item, scope, walk)
        walk.mark(found, UseKind.FILTER)
        varies = varies or bool(found)
    detail = Detail(constant=listed(items) if len(columns) == 1 else "")
    for column in columns:
        side = _side(column, scope, walk)
        if varies:
            walk.mark(side.sources, UseKind.FILTER)
        else:
            _mark(side, kind, detail, scope, walk)


def semi_join(
    columns: list[exp.Expr], query: exp.Expr, kind: UseKind, scope: Scope, walk: Walk
) -> None:
    """Note `x in (select ...)`, or what compares with ANY or ALL of a query's rows."""
    how = UseKind.JOIN if kind in {UseKind.EQUALITY, UseKind.ONE_OF} else UseKind.FILTER
    for output in walk.query(query, scope).outputs:
        walk.mark(output.sources, how, decides=IndirectKind.JOIN)
    for column in columns:
        _mark(_side(column, scope, walk), how, Detail(), scope, walk, IndirectKind.JOIN)


def _mark(
    side: _Side,
    kind: UseKind,
    detail: Detail,
    scope: Scope,
    walk: Walk,
    decides: IndirectKind = IndirectKind.FILTER,
) -> None:
    """Note one side; where it computes something, an index of the expression could serve it."""
    if side.plain is not None:
        text = output_expression(side.plain.output, walk)
    elif side.sources and kind is not UseKind.FILTER:
        text = stored_expression(side.node, scope, walk)
    else:
        text = ""
    if side.plain is not None or text:
        walk.mark(side.sources, kind, detail._replace(expression=text), decides)
    else:
        walk.mark(side.sources, UseKind.FILTER, decides=decides)


def _note_equality(one: _Side, other: _Side, scope: Scope, *, joins: bool) -> None:
    if one.plain is not None and other.plain is not None:
        if joins:
            scope.equalities.append(Equality(one.plain, other.plain, "", scope.optional))
        return
    for side, against in ((one, other), (other, one)):
        if side.plain is None or against.sources or against.is_query:
            continue
        text = constant(against.node)
        if text != "null":
            scope.equalities.append(Equality(side.plain, None, text, scope.optional))


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
