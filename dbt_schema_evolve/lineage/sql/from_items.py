"""What stands in FROM: tables, derived tables, functions, VALUES and joins of them."""

from sqlglot import exp

from dbt_schema_evolve.lineage.sql import foreign
from dbt_schema_evolve.lineage.sql.equalities import Equality
from dbt_schema_evolve.lineage.sql.from_functions import alias_columns, alias_of, called
from dbt_schema_evolve.lineage.sql.parsing import UnreadableError, identifier
from dbt_schema_evolve.lineage.sql.rows import (
    EXPRESSION,
    IDENTITY,
    NOTHING,
    Entry,
    Found,
    Output,
    Rows,
    merged,
)
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.spelling import is_wider
from dbt_schema_evolve.lineage.sql.walk import Walk
from dbt_schema_evolve.records.workload import UseKind

# Words that stand for a value, in FROM too.
_VALUES = frozenset(
    {
        "current_catalog", "current_date", "current_role", "current_schema", "current_time",
        "current_timestamp", "current_user", "localtime", "localtimestamp", "session_user",
    }
)  # fmt: skip


def all_items(node: exp.Expr, scope: Scope, walk: Walk) -> Rows:
    """Resolve a whole FROM clause into `scope`; return what `*` means."""
    before: list[Rows] = []
    joined: list[Rows] = []  # what the next JOIN joins to, side by side
    first = node.args.get("from_")
    if first is not None:
        joined.append(item(first.this, scope, walk))
    for join in node.args.get("joins") or ():
        if not joined or _is_comma(join):
            before += joined
            joined = [item(join.this, scope, walk)]
        else:
            joined = _joined(joined, join, scope, walk)
    return together(before + joined)


def together(many: list[Rows]) -> Rows:
    """Return columns side by side."""
    if len(many) == 1:
        return many[0]
    return Rows(
        [output for rows in many for output in rows.outputs],
        [rest for rows in many for rest in rows.rests],
    )


def item(node: exp.Expr, scope: Scope, walk: Walk) -> Rows:
    """Resolve one thing in FROM, with the joins in its parentheses."""
    foreign.check(node)
    if isinstance(node, exp.Unnest) or (
        isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier)
    ):
        rows = _added(called(node, scope, walk), node, scope)
    elif isinstance(node, exp.Table):
        rows = _table(node, scope, walk)
    elif isinstance(node, exp.Lateral):
        rows = _lateral(node, scope, walk)
    elif isinstance(node, exp.Values):
        rows = _added(walk.values(node, scope), node, scope)
    elif isinstance(node, exp.Subquery | exp.Paren) and _is_join(node.this):
        rows = _parenthesised(node, scope, walk)
    elif isinstance(node, exp.Query):
        rows = _added(walk.rows(node, scope.parent, scope.ctes), node, scope)
    else:
        raise UnreadableError(f"{type(node).__name__} in FROM is not something that we know")
    joins = node.args.get("joins")
    if not joins:
        return rows
    joined = [rows]
    for join in joins:
        joined = _joined(joined, join, scope, walk)
    return together(joined)


def _added(rows: Rows, node: exp.Expr, scope: Scope) -> Rows:
    rows = rows.renamed(alias_columns(node))
    scope.add(alias_of(node), rows)
    return rows


def _table(node: exp.Table, scope: Scope, walk: Walk) -> Rows:
    name = identifier(node.this)
    if not node.args.get("db"):
        if name in scope.ctes:
            return _added(scope.ctes[name](), node, scope)
        if name in _VALUES and not node.this.args.get("quoted"):
            return _added(Rows([Output(alias_of(node), NOTHING)]), node, scope)
    entry = walk.read(walk.relation(node))
    if alias_columns(node):
        return _added(_spread(entry), node, scope)
    scope.add(alias_of(node), entry)
    return _spread(entry)


def _spread(entry: Entry) -> Rows:
    """Return what `*` means for an entry."""
    if isinstance(entry, Rows):
        return entry
    return Rows(list(entry.known()), [entry] if entry.is_open else [])


def _lateral(node: exp.Lateral, scope: Scope, walk: Walk) -> Rows:
    inner = node.this
    if isinstance(inner, exp.Query):
        return _added(walk.query(inner, scope), node, scope)
    return _added(called(node, scope, walk), node, scope)


def _is_join(node: exp.Expr) -> bool:
    """Return whether parentheses hold a join and not a query."""
    return isinstance(node, exp.Table | exp.Unnest | exp.Lateral | exp.Values) or (
        isinstance(node, exp.Subquery)
        and bool(node.args.get("alias") or node.args.get("joins") or _is_join(node.this))
    )


def _parenthesised(node: exp.Expr, scope: Scope, walk: Walk) -> Rows:
    if not node.args.get("alias"):
        return item(node.this, scope, walk)
    inside = Scope(scope.parent, scope.ctes)  # an alias hides the names inside
    return _added(item(node.this, inside, walk), node, scope)


def _is_comma(join: exp.Join) -> bool:
    return not any(join.args.get(key) for key in ("kind", "side", "method", "on", "using"))


def _joined(lefts: list[Rows], join: exp.Join, scope: Scope, walk: Walk) -> list[Rows]:
    """Join one more item; `lefts` are the columns so far, and may be added to."""
    foreign.check_join(join)
    before = dict(scope.joined)  # of the left side: the right one may join by USING inside
    earlier = scope.items()
    right = item(join.this, scope, walk)
    on = join.args.get("on")
    if on is not None:
        scope.optional = _optional(join, earlier, scope)
        walk.condition(on, scope)
        scope.optional = frozenset()
    is_natural = (join.args.get("method") or "").upper() == "NATURAL"
    if not is_natural and not join.args.get("using"):
        lefts.append(right)
        return lefts
    left = together(lefts)
    if not is_natural:
        names = [identifier(column) for column in join.args["using"]]
    elif left.rests or right.rests:
        raise UnreadableError("a natural join of relations whose columns are not all known")
    else:
        names = [output.name for output in left.outputs if right.find(output.name)]
    side = (join.args.get("side") or "").upper()
    pairs = [_merged_column(name, left, right, before, side, scope, walk) for name in names]
    scope.joined.update({output.name: output for output in pairs})
    merged_names = set(names)
    others = [o for rows in (left, right) for o in rows.outputs if o.name not in merged_names]
    return [Rows(pairs + others, left.rests + right.rests)]


def _optional(join: exp.Join, earlier: frozenset[object], scope: Scope) -> frozenset[object]:
    """Return the items whose columns are NULL where an outer join finds no partner."""
    side = (join.args.get("side") or "").upper()
    if side == "LEFT":
        return scope.items() - earlier
    return {"RIGHT": earlier, "FULL": scope.items()}.get(side, frozenset())


def _merged_column(
    name: str,
    left: Rows,
    right: Rows,
    joined: dict[str, Output],
    side: str,
    scope: Scope,
    walk: Walk,
) -> Output:
    """Return the one column that USING makes of two, and note that both were joined by it."""
    one = joined.get(name) or left.find(name) or left.infer(name)
    two = right.find(name) or right.infer(name)
    if one is None or two is None:
        raise UnreadableError(f"column {name} of USING is not on both sides")
    walk.mark(one.sources, UseKind.JOIN)
    walk.mark(two.sources, UseKind.JOIN)
    if side == "FULL":
        return Output(name, merged((one.sources, two.sources), EXPRESSION))
    # Of an inner join either would do; Postgres takes the one that it need not cast.
    is_right = side == "RIGHT" or (not side and is_wider(_type(two), _type(one)))
    both = Output(name, (two if is_right else one).sources)
    for output in (one, two):  # a condition on the one column holds for both
        scope.equalities.append(Equality(Found(both, both), Found(output, output)))
    return both


def _type(output: Output) -> str:
    if output.type or len(output.sources) != 1:
        return output.type
    ((stored, rank),) = output.sources.items()
    return stored.type if rank == IDENTITY else ""
