"""WITH: queries that have a name, each resolved when it is first read, as Postgres runs them."""

from collections.abc import Callable

from sqlglot import exp

from dbt_schema_evolve.lineage.parsing import identifier
from dbt_schema_evolve.lineage.rows import EXPRESSION, IDENTITY, Output, Rows, merged
from dbt_schema_evolve.lineage.scope import Scope
from dbt_schema_evolve.lineage.walk import Ctes, Walk
from dbt_schema_evolve.records.relations import RelationName

EPHEMERAL = "__dbt__cte__"  # how dbt begins the name of an inlined ephemeral model

_ROUNDS = 10  # each round of a recursion can only add sources; real queries need two

Resolve = Callable[[], Rows]


def with_clause(node: exp.Expr, parent: Scope | None, ctes: Ctes, walk: Walk) -> Ctes:
    """Return the CTEs that a query sees."""
    clause = node.args.get("with_")
    if clause is None:
        return ctes
    visible = dict(ctes)
    for cte in clause.expressions:
        name = identifier(cte.args["alias"].this)
        columns = [identifier(column) for column in cte.args["alias"].args.get("columns") or ()]
        if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
            visible[name] = _recursive(name, columns, cte.this, parent, dict(visible), walk)
            continue
        resolve = _once(cte.this, columns, parent, dict(visible), walk)
        if name.startswith(EPHEMERAL) and not walk.expand:
            resolve = _ephemeral(name, resolve, walk)
        visible[name] = resolve
        if isinstance(cte.this, exp.DML):  # it runs whether or not it is read
            resolve()
    if clause.args.get("search") or clause.args.get("cycle"):
        visible[name] = _ordered(clause, visible[name])
    return visible


def _ordered(clause: exp.Expr, resolve: Resolve) -> Resolve:
    """Add the columns of SEARCH and CYCLE to the recursive query that they follow."""

    def read() -> Rows:
        rows = resolve()
        outputs = list(rows.outputs)
        for part in filter(None, (clause.args.get("search"), clause.args.get("cycle"))):
            by = rows.find(identifier(part.this))
            found = merged([by.sources], EXPRESSION) if by is not None else {}
            names = (part.args["expression"], part.args.get("using"))
            outputs += [Output(identifier(each), found) for each in names if each]
        return Rows(outputs, rows.rests)

    return read


def _once(
    body: exp.Expr, names: list[str], parent: Scope | None, ctes: Ctes, walk: Walk
) -> Resolve:
    known: list[Rows] = []

    def resolve() -> Rows:
        if not known:
            known.append(walk.rows(body, parent, ctes).renamed(names))
        return known[0]

    return resolve


def _recursive(
    name: str,
    names: list[str],
    body: exp.SetOperation,
    parent: Scope | None,
    ctes: dict[str, Resolve],
    walk: Walk,
) -> Resolve:
    known: list[Rows] = []

    def resolve() -> Rows:
        if known:
            return known[-1]
        known.append(walk.rows(body.this, parent, ctes).renamed(names))
        ctes[name] = lambda: known[-1]
        for table in body.expression.find_all(exp.Table):
            if not table.args.get("db") and isinstance(table.this, exp.Identifier):
                # What it reads for the first time must be noted once, not once a round.
                ctes.get(identifier(table.this), lambda: known[-1])()
        marks = set(walk.notes.marks)
        for _ in range(_ROUNDS):
            before, walk.notes.marks = known[-1], set(marks)  # only the last round knows all
            walk.forget(body.expression)
            known.append(walk.combined(before, walk.rows(body.expression, parent, ctes), body))
            if [o.sources for o in known[-1].outputs] == [o.sources for o in before.outputs]:
                break
        return known[-1]

    return resolve


def _ephemeral(name: str, resolve: Resolve, walk: Walk) -> Resolve:
    """Make an inlined ephemeral model a relation of its own: its insides are its business."""
    relation = RelationName("", name)

    def read() -> Rows:
        with walk.aside():
            rows = resolve()
        walk.notes.reads.add(relation)
        walk.notes.base.add(relation)
        outputs = [
            Output(output.name, {walk.schema.column(relation, output.name): IDENTITY})
            for output in rows.outputs
        ]
        return Rows(outputs, [walk.schema.leaf(relation)] if rows.rests else [])

    return read
