"""The clauses of a query in the order in which Postgres gives them meaning."""

from sqlglot import exp

from dbt_schema_evolve.lineage.sql import foreign, from_items
from dbt_schema_evolve.lineage.sql.conditions import conclude
from dbt_schema_evolve.lineage.sql.expressions import output_expression
from dbt_schema_evolve.lineage.sql.flow import decide, sources, unwrapped
from dbt_schema_evolve.lineage.sql.notes import Detail
from dbt_schema_evolve.lineage.sql.parsing import identifier
from dbt_schema_evolve.lineage.sql.rows import Anything, Entry, Output, Rows
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.workload import UseKind


def select(node: exp.Select, scope: Scope, walk: Walk) -> Rows:
    """Resolve one SELECT in its own, still empty scope."""
    star = from_items.all_items(node, scope, walk)
    for window in node.args.get("windows") or ():
        scope.windows[identifier(window.this)] = window
    where = node.args.get("where")
    if where is not None:
        walk.condition(where.this, scope)
    conclude(scope, walk)
    rows = projected(node.expressions, scope, walk, star)
    group = node.args.get("group")
    if group is not None:
        _group_by(group, node, rows, scope, walk)
    having = node.args.get("having")
    if having is not None:
        walk.condition(having.this, scope)
    distinct = node.args.get("distinct")
    if distinct is not None:
        _distinct(distinct, rows, scope, walk)
    order = node.args.get("order")
    if order is not None:
        order_by(order, rows.outputs, scope, walk)
    for clause in ("limit", "offset"):
        bound = node.args.get(clause)
        if bound is not None:
            decide(bound.find_all(exp.Subquery), IndirectKind.FILTER, scope, walk)
    return rows


def projected(
    expressions: list[exp.Expr], scope: Scope, walk: Walk, star: Rows | None = None
) -> Rows:
    """Resolve a select list, stars spelled out."""
    outputs: list[Output] = []
    rests: list[Entry] = []
    for expression in expressions:
        stars = _star(expression, scope, walk, star)
        if stars is not None:
            outputs += stars.outputs
            rests += stars.rests
        else:
            found = sources(expression, scope, walk)
            outputs.append(
                Output(walk.heading(expression), found, made_by=expression, made_in=scope)
            )
    return Rows(outputs, rests)


def _star(node: exp.Expr, scope: Scope, walk: Walk, star: Rows | None) -> Rows | None:
    """Return what `*`, `t.*` or `(t).*` stands for; None for any other expression."""
    if isinstance(node, exp.Star):
        foreign.check(node)
        if star is not None:
            return star
        return from_items.together([_columns_of(entry) for entry in scope.entries.values()])
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        foreign.check(node.this)
        return _columns_of(scope.entry(identifier(node.args["table"])))
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Star):
        inner = unwrapped(node.this)
        alias = identifier(inner.this) if isinstance(inner, exp.Column) else ""
        if alias in scope.entries and not inner.args.get("table"):
            return _columns_of(scope.entries[alias])
        return Rows([], [Anything(sources(inner, scope, walk))])  # a value of a composite type
    return None


def _columns_of(entry: Entry) -> Rows:
    if isinstance(entry, Rows):
        return entry
    return Rows(list(entry.known()), [entry] if entry.is_open else [])


def _group_by(group: exp.Group, node: exp.Select, rows: Rows, scope: Scope, walk: Walk) -> None:
    foreign.check(group)
    terms = list(group.expressions)
    for key in ("grouping_sets", "rollup", "cube"):
        for clause in group.args.get(key) or ():
            if isinstance(clause, exp.Expr):
                terms += clause.expressions
    position = 0
    while terms:
        term = unwrapped(terms.pop(0))
        if isinstance(term, exp.Tuple | exp.Rollup | exp.Cube | exp.GroupingSets):
            terms[:0] = term.expressions
            continue
        _mark(_group_term(term, node, rows, scope, walk), UseKind.GROUP, Detail(position), walk)
        position += 1


def _group_term(term: exp.Expr, node: exp.Select, rows: Rows, scope: Scope, walk: Walk) -> Output:
    """Return what a GROUP BY term means: a column of FROM comes before one of the result."""
    if isinstance(term, exp.Column) and not term.args.get("table"):
        name = identifier(term.this)
        if scope.own_column(name) is None:
            for expression in node.expressions:
                if isinstance(expression, exp.Alias) and walk.heading(expression) == name:
                    return _made(expression, scope, walk)
    return _numbered(term, rows.outputs) or _made(term, scope, walk)


def _made(term: exp.Expr, scope: Scope, walk: Walk) -> Output:
    return Output("", sources(term, scope, walk), made_by=term, made_in=scope)


def _numbered(term: exp.Expr, outputs: list[Output]) -> Output | None:
    if isinstance(term, exp.Literal) and not term.is_string and str(term.this).isdigit():
        at = int(term.this) - 1
        return outputs[at] if 0 <= at < len(outputs) else None
    return None


def _distinct(distinct: exp.Distinct, rows: Rows, scope: Scope, walk: Walk) -> None:
    on = distinct.args.get("on")
    if on is None:
        for position, output in enumerate(rows.outputs):
            walk.mark(output.sources, UseKind.GROUP, Detail(position))
        return
    terms = on.expressions if isinstance(on, exp.Tuple) else [on]
    for position, term in enumerate(terms):
        _mark(_sort_term(term, rows.outputs, scope, walk), UseKind.GROUP, Detail(position), walk)


def order_by(order: exp.Expr, outputs: list[Output], scope: Scope, walk: Walk) -> None:
    """Note an ORDER BY."""
    for position, term in enumerate(order.expressions):
        inner = term.this if isinstance(term, exp.Ordered) else term
        detail = Detail(position, bool(term.args.get("desc")))
        near = unwrapped(inner)
        if isinstance(near, exp.Distance) and not sources(near.expression, scope, walk):
            inner, detail = near.this, detail._replace(operator="<->")
        _mark(_sort_term(inner, outputs, scope, walk), UseKind.ORDER, detail, walk)


def _mark(output: Output, kind: UseKind, detail: Detail, walk: Walk) -> None:
    text = output_expression(output, walk)
    walk.mark(output.sources, kind, detail._replace(expression=text))


def _sort_term(term: exp.Expr, outputs: list[Output], scope: Scope, walk: Walk) -> Output:
    """Return what an ORDER BY term means: a column of the result comes before one of FROM."""
    term = unwrapped(term)
    if isinstance(term, exp.Column) and not term.args.get("table"):
        name = identifier(term.this)
        for output in outputs:
            if output.name == name:
                return output
    return _numbered(term, outputs) or _made(term, scope, walk)
