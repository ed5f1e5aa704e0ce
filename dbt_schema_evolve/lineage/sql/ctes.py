"""WITH: queries that have a name, each resolved when it is first read, as Postgres runs them."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.parsing import identifier
from dbt_schema_evolve.lineage.sql.rows import EXPRESSION, IDENTITY, Output, Rows, merged
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Ctes, Walk
from dbt_schema_evolve.records.relations import RelationName

EPHEMERAL = "__dbt__cte__"  # how dbt begins the name of an inlined ephemeral model

_LONG_CHAIN = 50  # of queries that read each other: each takes some six frames of a thousand
_ROUNDS = 10  # each round of a recursion can only add sources; real queries need two

Resolve = Callable[[], Rows]


def with_clause(node: exp.Expr, parent: Scope | None, ctes: Ctes, walk: Walk) -> Ctes:
    """Return the CTEs that a query sees."""
    clause = node.args.get("with_")
    if clause is None:
        return ctes
    known: dict[str, tuple[int, Resolve]] = {}
    for at, cte in enumerate(clause.expressions):
        visible = _Sight(known, at, ctes)
        name = identifier(cte.args["alias"].this)
        columns = [identifier(column) for column in cte.args["alias"].args.get("columns") or ()]
        if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
            resolve = _recursive(name, columns, cte.this, parent, visible, walk)
        else:
            resolve = _once(cte.this, columns, parent, visible, walk)
        if name.startswith(EPHEMERAL) and not walk.expand:
            resolve = _ephemeral(name, resolve, walk)
        known[name] = (at, resolve)
        if isinstance(cte.this, exp.DML):  # it runs whether or not it is read
            resolve()
    if clause.args.get("search") or clause.args.get("cycle"):
        known[name] = (at, _ordered(clause, resolve))
    if len(known) > _LONG_CHAIN:
        for each in _read(node, clause):
            known[each][1]()
    return _Sight(known, len(known), ctes)


@dataclass(slots=True, eq=False)
class _Sight(Mapping[str, Resolve]):
    """The first so many queries of a WITH clause, and what is in sight around it."""

    known: dict[str, tuple[int, Resolve]]
    first: int
    around: Ctes

    def __getitem__(self, name: str) -> Resolve:
        at, resolve = self.known.get(name, (self.first, None))
        return resolve if resolve is not None and at < self.first else self.around[name]

    def __contains__(self, name: object) -> bool:
        return self.known.get(name, (self.first,))[0] < self.first or name in self.around  # type: ignore[call-overload]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.known, **self.around})

    def __len__(self) -> int:
        return len({**self.known, **self.around})


def _read(node: exp.Expr, clause: exp.Expr) -> list[str]:
    """Return the names of the WITH queries that are read in the end, those before others first."""
    wanted: set[str] = set()
    found: list[str] = []
    body = [value for key, value in node.args.items() if key != "with_"]
    for part in body:
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expr):
                wanted |= _tables(each)
    for cte in reversed(clause.expressions):
        name = identifier(cte.args["alias"].this)
        if name in wanted:
            found.append(name)
            wanted |= _tables(cte.this)
    return found[::-1]


def _tables(node: exp.Expr) -> set[str]:
    return {
        identifier(table.this)
        for table in node.find_all(exp.Table)
        if not table.args.get("db") and isinstance(table.this, exp.Identifier)
    }


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
    around: Ctes,
    walk: Walk,
) -> Resolve:
    known: list[Rows] = []
    own: dict[str, Resolve] = {}
    ctes = ChainMap(own, cast("dict[str, Resolve]", around))  # only ever written to `own`

    def resolve() -> Rows:
        if known:
            return known[-1]
        known.append(walk.rows(body.this, parent, ctes).renamed(names))
        own[name] = lambda: known[-1]
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
