"""How a predicate uses columns: what an index could serve, what joins, what merely filters.

Only what must hold for every row of the result counts as equality, range or join; whatever
stands under OR or NOT is a filter, because no index key can be taken from it alone.
"""

from collections.abc import Iterator

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.comparisons import (
    NEITHER,
    Operators,
    compare,
    constant,
    filtered,
    listed,
    membership,
    semi_join,
)
from dbt_schema_evolve.lineage.sql.equalities import implied
from dbt_schema_evolve.lineage.sql.flow import sources, unwrapped
from dbt_schema_evolve.lineage.sql.notes import Detail
from dbt_schema_evolve.lineage.sql.parsing import parameter
from dbt_schema_evolve.lineage.sql.rows import Found
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.workload import UseKind

_COMPARISONS: dict[type[exp.Expr], tuple[UseKind, Operators]] = {
    exp.EQ: (UseKind.EQUALITY, NEITHER),
    exp.NullSafeEQ: (UseKind.FILTER, NEITHER),  # IS NOT DISTINCT FROM: no btree search
    exp.NEQ: (UseKind.FILTER, NEITHER),
    exp.NullSafeNEQ: (UseKind.FILTER, NEITHER),
    exp.LT: (UseKind.RANGE, ("<", ">")),
    exp.LTE: (UseKind.RANGE, ("<=", ">=")),
    exp.GT: (UseKind.RANGE, (">", "<")),
    exp.GTE: (UseKind.RANGE, (">=", "<=")),
}
_PATTERNS: dict[type[exp.Expr], str] = {
    exp.Like: "~~",
    exp.ILike: "~~*",
    exp.RegexpLike: "~",
    exp.RegexpILike: "~*",
    exp.SimilarTo: "~",  # the planner makes a regular expression of it
    exp.Mod: "%",  # as a condition it can only be pg_trgm's: similar
}
# Each with the operator that says the same with its sides exchanged.
_CONTAINMENTS: dict[type[exp.Expr], Operators] = {
    exp.ArrayContainsAll: ("@>", "<@"),
    exp.ArrayContainedBy: ("<@", "@>"),
    exp.ArrayOverlaps: ("&&", "&&"),
    exp.JSONBContainsTopKey: ("?", ""),
    exp.JSONBContainsAnyTopKeys: ("?|", ""),
    exp.JSONBContainsAllTopKeys: ("?&", ""),
    exp.JSONBPathExists: ("@?", ""),
    exp.Adjacent: ("-|-", "-|-"),
}


def condition(node: exp.Expr, scope: Scope, walk: Walk) -> None:
    """Note the uses of a WHERE, ON or HAVING."""
    for term in _conjuncts(node):
        _term(term, scope, walk)


def conclude(scope: Scope, walk: Walk) -> None:
    """Note what the conditions of one query imply together; ask when all of them are noted."""
    for found, text in implied(scope.equalities):
        # That the columns decide as a join does has been noted: it is nothing new of the flow.
        walk.mark(found.output.sources, UseKind.EQUALITY, Detail(constant=text), IndirectKind.JOIN)


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    stack = [node]
    while stack:
        term = unwrapped(stack.pop())
        if isinstance(term, exp.And):
            stack += [term.expression, term.this]
            continue
        yield term
        if isinstance(term, exp.Or):
            yield from _common(term)


def _common(node: exp.Or) -> list[exp.Expr]:
    """Return what every arm of an OR demands: `(a and b) or (a and c)` holds only where a does."""
    arms = [list(_conjuncts(arm)) for arm in _arms(node)]
    if min(map(len, arms)) < 2:
        return []
    shared = set(arms[0]).intersection(*arms[1:])
    return [term for term in arms[0] if term in shared]


def _arms(node: exp.Or) -> Iterator[exp.Expr]:
    stack: list[exp.Expr] = [node]
    while stack:
        term = unwrapped(stack.pop())
        if isinstance(term, exp.Or):
            stack += [term.expression, term.this]
        else:
            yield term


def _term(node: exp.Expr, scope: Scope, walk: Walk) -> None:  # noqa: PLR0912 - one a kind
    known = _COMPARISONS.get(type(node))
    if known is not None:
        _comparison(node.this, node.expression, *known, scope, walk)
    elif isinstance(node, exp.Between):
        compare(node.this, node.args["low"], UseKind.RANGE, scope, walk, (">=", "<="))
        compare(node.this, node.args["high"], UseKind.RANGE, scope, walk, ("<=", ">="))
    elif isinstance(node, exp.In):
        membership(node, UseKind.ONE_OF, scope, walk)
    elif isinstance(node, exp.Escape):
        _term(node.this, scope, walk)
    elif isinstance(node, exp.StartsWith):
        compare(node.this, node.expression, UseKind.PREFIX, scope, walk, ("^@", ""))
    elif type(node) in _PATTERNS and not node.args.get("negate"):
        _pattern(node, scope, walk)
    elif isinstance(node, exp.MatchAgainst) and len(node.expressions) == 1:
        left, right = node.expressions[0], node.this
        compare(left, right, UseKind.CONTAINMENT, scope, walk, ("@@", "@@"))
    elif type(node) in _CONTAINMENTS:
        operators = _CONTAINMENTS[type(node)]
        compare(node.this, node.expression, UseKind.CONTAINMENT, scope, walk, operators)
    elif isinstance(node, exp.Is) and node.args.get("negate"):
        _negation(node, scope, walk)
    elif isinstance(node, exp.Is):
        compare(node.this, node.expression, UseKind.EQUALITY, scope, walk)
    elif isinstance(node, exp.Column):
        walk.mark(sources(node, scope, walk), UseKind.EQUALITY, Detail(constant="true"))
    elif isinstance(node, exp.Not):
        _negation(unwrapped(node.this), scope, walk)
    elif isinstance(node, exp.Or) and (list_of := _one_column(node, scope, walk)):
        column, text = list_of
        walk.mark(column.output.sources, UseKind.ONE_OF, Detail(constant=text))
    else:
        filtered(node, scope, walk)


def _pattern(node: exp.Expr, scope: Scope, walk: Walk) -> None:
    """Note LIKE and its relatives; what begins with fixed text is a range of a sorted index."""
    operators = _PATTERNS[type(node)], ""
    start = _start(node.expression) if isinstance(node, exp.Like) else "%"
    if start is None or start[:1] not in {"%", "_"}:
        compare(node.this, node.expression, UseKind.PREFIX, scope, walk, operators)
    if start is None or start[:1] in {"%", "_"}:
        compare(node.this, node.expression, UseKind.PATTERN, scope, walk, operators)


def _start(pattern: exp.Expr) -> str | None:
    """Return what a LIKE pattern begins with; None for `$1`, whose text nobody kept."""
    pattern = unwrapped(pattern)
    while isinstance(pattern, exp.Cast | exp.DPipe):
        pattern = unwrapped(pattern.this)
    if not isinstance(pattern, exp.Literal):
        return "%"
    return None if parameter(pattern) is not None else str(pattern.this)


def _negation(inner: exp.Expr, scope: Scope, walk: Walk) -> None:
    if isinstance(inner, exp.Column):
        walk.mark(sources(inner, scope, walk), UseKind.EQUALITY, Detail(constant="false"))
    elif isinstance(inner, exp.Is):
        text = constant(inner.expression)
        detail = Detail(constant=f"not {text}" if text else "")
        walk.mark(sources(inner.this, scope, walk), UseKind.FILTER, detail)
    elif isinstance(inner, exp.In):
        membership(inner, UseKind.FILTER, scope, walk)
    else:
        filtered(inner, scope, walk)


def _comparison(
    left: exp.Expr,
    right: exp.Expr,
    kind: UseKind,
    operators: Operators,
    scope: Scope,
    walk: Walk,
) -> None:
    left, right = unwrapped(left), unwrapped(right)
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        for one, other in zip(left.expressions, right.expressions, strict=False):
            compare(one, other, kind, scope, walk, operators)
    elif isinstance(right, exp.Any | exp.All):
        _quantified(left, right, kind, scope, walk)
    else:
        compare(left, right, kind, scope, walk, operators)


def _quantified(
    left: exp.Expr, right: exp.Any | exp.All, kind: UseKind, scope: Scope, walk: Walk
) -> None:
    """Note `x = any (...)` and the like; of ALL no index makes use."""
    inner = unwrapped(right.this)
    if isinstance(right, exp.All):
        kind = UseKind.FILTER
    elif kind is UseKind.EQUALITY:
        kind = UseKind.ONE_OF
    if isinstance(inner, exp.Query):
        semi_join([left], inner, kind, scope, walk)
    elif isinstance(right, exp.Any) and inner.find(exp.Column):  # x = any(array_column)
        filtered(right.parent or right, scope, walk)
    else:
        compare(left, inner, kind, scope, walk)


def _one_column(node: exp.Or, scope: Scope, walk: Walk) -> tuple[Found, str] | None:
    """Return the column of `x = 1 or x = 2 or x in (3, 4)`, which is an IN list, and the list."""
    column: Found | None = None
    items: list[exp.Expr] = []
    for term in _arms(node):
        is_list = isinstance(term, exp.In) and not term.args.get("query")
        if not (isinstance(term, exp.EQ) or is_list) or not isinstance(term.this, exp.Column):
            return None
        against = term.expressions if isinstance(term, exp.In) else [term.expression]
        if not all(constant(item) or parameter(item) is not None for item in against):
            return None
        found = walk.column(term.this, scope)
        if column is not None and found.output.sources != column.output.sources:
            return None
        column = found
        items += against
    return (column, listed(items)) if column is not None else None
