"""Walks one statement as Postgres would read it: what it reads, how, and what comes out."""

import re
from collections.abc import Callable

from sqlglot import exp

from dbt_schema_evolve.lineage import clauses, from_items
from dbt_schema_evolve.lineage.conditions import condition
from dbt_schema_evolve.lineage.flow import sources
from dbt_schema_evolve.lineage.headings import UNNAMED, heading
from dbt_schema_evolve.lineage.parsing import MARK, TEXT, UnreadableError, identifier, marked, parse
from dbt_schema_evolve.lineage.schema import SYSTEM_SCHEMAS, LineageSchema, ViewFacts
from dbt_schema_evolve.lineage.scope import (
    AGGREGATE,
    IDENTITY,
    NOTHING,
    Anything,
    Both,
    Entry,
    Found,
    Output,
    Rows,
    Scope,
    Sources,
    Stored,
    merged,
    whole,
)
from dbt_schema_evolve.lineage.walk import Ctes
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import ColumnUse, UseKind

EPHEMERAL = "__dbt__cte__"  # how dbt begins the name of an inlined ephemeral model

_TRANSIENT = re.compile(r"__dbt_(?:tmp|backup)\d*\Z")
_NO_COLUMNS = frozenset(
    {
        "current_catalog", "current_role", "current_schema", "system_user", "user"
    }
)  # fmt: skip
_RECURSIONS = 10  # each round can only add sources; real queries need two


class Resolver:
    """The walk over one statement; ask `statement`, then read what was noted.

    With `expand`, views are looked through, so that every column is one of a stored relation;
    without, relations are taken as written, and dbt's inlined ephemeral models as relations.
    """

    def __init__(self, schema: LineageSchema, text: str, *, expand: bool) -> None:
        self.schema, self.text, self.expand = schema, text, expand
        self.reads: set[RelationName] = set()
        self.base: set[RelationName] = set()
        self.views: set[RelationName] = set()
        self.writes: RelationName | None = None
        self.meanings: dict[int, Found] = {}  # by the id() of a Column node
        self._noted: set[tuple[Stored, UseKind, int, bool, str]] = set()
        self._inherited: set[ColumnUse] = set()  # from the views

    @property
    def uses(self) -> frozenset[ColumnUse]:
        """How the statement uses columns, the views that it executes included."""
        own = (
            ColumnUse(column.name, kind, position, descending, constant)
            for column, kind, position, descending, constant in self._noted
        )
        return frozenset(self._inherited).union(own)

    def mark(
        self,
        sources: Sources,
        kind: UseKind,
        position: int = 0,
        descending: bool = False,
        constant: str = "",
    ) -> None:
        """Note a use; what was computed on the way can no longer be searched or joined by key."""
        for column, rank in sources.items():
            if rank == IDENTITY:
                self._noted.add((column, kind, position, descending, constant))
            elif kind in {UseKind.GROUP, UseKind.ORDER}:
                plain = rank < AGGREGATE
                use = (column, kind if plain else UseKind.OUTPUT, position if plain else 0)
                self._noted.add((*use, descending and plain, ""))
            else:
                kept = kind if kind is UseKind.OUTPUT else UseKind.FILTER
                self._noted.add((column, kept, 0, False, ""))

    def column(self, node: exp.Column, scope: Scope) -> Found:
        """Find out what a column reference means."""
        found = self.meanings.get(id(node))
        if found is None:
            found = self.meanings[id(node)] = self._meaning(node, scope)
        return found

    def _meaning(self, node: exp.Column, scope: Scope) -> Found:
        table = node.args.get("table")
        if isinstance(node.this, exp.Star):
            entry = scope.entry(identifier(table))
            return Found(Output("*", whole(entry)), None)
        name = identifier(node.this)
        if table:
            return scope.qualified(identifier(table), name)
        if name.startswith(MARK):
            return Found(Output(name, NOTHING), None)
        if name in _NO_COLUMNS and not node.this.args.get("quoted"):
            return Found(Output(name, NOTHING), None)
        return scope.column(name)

    # Queries

    def query(self, node: exp.Expr, scope: Scope) -> Rows:
        """Resolve a query that stands inside an expression, or is LATERAL."""
        return self.rows(node, scope, scope.ctes)

    def rows(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Rows:
        """Resolve a query of any form."""
        ctes = self.with_clause(node, parent, ctes)
        if isinstance(node, exp.Subquery | exp.Paren):
            rows = self.rows(node.this, parent, ctes)
            self._sorted(node, rows, parent, ctes)
            return rows
        if isinstance(node, exp.Select):
            return clauses.select(node, Scope(parent, ctes), self)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, ctes)
        if isinstance(node, exp.Values):
            return self.values(node, Scope(parent, ctes))
        if isinstance(node, exp.Table):
            scope = Scope(parent, ctes)
            return from_items.item(node, scope, self)
        if isinstance(node, exp.DML):
            return self.change(node, parent, ctes)
        raise UnreadableError(f"{type(node).__name__} is not a query that we know")

    def values(self, node: exp.Values, scope: Scope) -> Rows:
        """Resolve a list of rows; its columns are column1, column2, ..."""
        width = 0
        columns: list[list[Sources]] = []
        for row in node.expressions:
            cells = row.expressions if isinstance(row, exp.Tuple) else [row]
            width = max(width, len(cells))
            columns.append([sources(cell, scope, self) for cell in cells])
        return Rows(
            [
                Output(f"column{at + 1}", merged(row[at] for row in columns if at < len(row)))
                for at in range(width)
            ]
        )

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None, ctes: Ctes) -> Rows:
        # A union of hundreds of arms nests to the left: climb down without recursion.
        arms: list[exp.Expr] = []
        first: exp.Expr = node
        while isinstance(first, exp.SetOperation) and (
            first is node or not (first.args.get("with_") or first.args.get("order"))
        ):
            arms.append(first.expression)
            first = first.this
        rows = self.rows(first, parent, ctes)
        for arm in reversed(arms):
            rows = united(rows, self.rows(arm, parent, ctes))
        self._sorted(node, rows, parent, ctes)
        return rows

    def _sorted(self, node: exp.Expr, rows: Rows, parent: Scope | None, ctes: Ctes) -> None:
        """Note the ORDER BY of a set operation or of a query in parentheses."""
        order = node.args.get("order")
        if order is not None:
            scope = Scope(parent, ctes)
            scope.add("", rows)
            clauses.order_by(order, rows.outputs, scope, self)

    # WITH

    def with_clause(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Ctes:
        """Return the CTEs that a query sees; each is resolved when it is first read."""
        clause = node.args.get("with_")
        if clause is None:
            return ctes
        visible = dict(ctes)
        for cte in clause.expressions:
            name = identifier(cte.args["alias"].this)
            columns = [identifier(column) for column in cte.args["alias"].args.get("columns") or ()]
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                visible[name] = self._recursive(name, columns, cte.this, parent, dict(visible))
                continue
            resolve = self._once(cte.this, columns, parent, dict(visible))
            if name.startswith(EPHEMERAL) and not self.expand:
                resolve = self._ephemeral(name, resolve)
            visible[name] = resolve
            if isinstance(cte.this, exp.DML):  # it runs whether or not it is read
                resolve()
        return visible

    def _once(
        self, body: exp.Expr, names: list[str], parent: Scope | None, ctes: Ctes
    ) -> Callable[[], Rows]:
        known: list[Rows] = []

        def resolve() -> Rows:
            if not known:
                known.append(self.rows(body, parent, ctes).renamed(names))
            return known[0]

        return resolve

    def _recursive(
        self,
        name: str,
        names: list[str],
        body: exp.SetOperation,
        parent: Scope | None,
        ctes: dict[str, Callable[[], Rows]],
    ) -> Callable[[], Rows]:
        known: list[Rows] = []

        def resolve() -> Rows:
            if known:
                return known[-1]
            known.append(self.rows(body.this, parent, ctes).renamed(names))
            ctes[name] = lambda: known[-1]
            noted = set(self._noted)
            for _ in range(_RECURSIONS):
                before, self._noted = known[-1], set(noted)  # only the last round knows all
                for column in body.expression.find_all(exp.Column):
                    self.meanings.pop(id(column), None)
                again = self.rows(body.expression, parent, ctes)
                known.append(united(before, again))
                if [o.sources for o in known[-1].outputs] == [o.sources for o in before.outputs]:
                    break
            return known[-1]

        return resolve

    def _ephemeral(self, name: str, resolve: Callable[[], Rows]) -> Callable[[], Rows]:
        """Make an inlined ephemeral model a relation of its own: its insides are its business."""
        relation = RelationName("", name)

        def read() -> Rows:
            kept = (self.reads, self.base, self.views, self._noted, self._inherited)
            self.reads, self.base, self.views = set(), set(), set()
            self._noted, self._inherited = set(), set()
            rows = resolve()
            self.reads, self.base, self.views, self._noted, self._inherited = kept
            self.reads.add(relation)
            self.base.add(relation)
            return Rows(
                [
                    Output(output.name, {self.schema.column(relation, output.name): IDENTITY})
                    for output in rows.outputs
                ],
                [self.schema.leaf(relation)] if rows.rests else [],
            )

        return read

    # Relations

    def relation(self, node: exp.Table) -> RelationName:
        """Return the relation that a table reference means."""
        return self.schema.relation(identifier(node.args.get("db")), identifier(node.this))

    def read(self, relation: RelationName) -> Entry:
        """Return a relation as something in FROM, views looked through."""
        if relation.schema in SYSTEM_SCHEMAS:
            self.reads.add(relation)
            return Anything(NOTHING)
        if _TRANSIENT.search(relation.name) and relation not in self.schema.columns:
            return Anything(NOTHING)  # what dbt builds on the way lives for one run
        self.reads.add(relation)
        facts = expanded(self.schema, relation) if self.expand else None
        if facts is None:
            self.base.add(relation)
            return self.schema.leaf(relation)
        self.base |= facts.base_relations
        self.views |= facts.views
        self._inherited |= facts.uses
        return facts.rows

    # Statements that write

    def statement(self, tree: exp.Expr) -> Rows:
        """Resolve a whole statement; what it returns, or what it puts into a relation."""
        if isinstance(tree, exp.Create):
            target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
            names = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
            self.writes = self.target(target)
            rows = self.rows(tree.expression, None, self.with_clause(tree, None, {}))
            rows = rows.renamed([identifier(name) for name in names])
        else:
            rows = self.rows(tree, None, {})
            into = tree.args.get("into") if isinstance(tree, exp.Select) else None
            if into is not None and into.this is not None:
                self.writes = self.target(into.this)
        for output in rows.outputs:
            self.mark(output.sources, UseKind.OUTPUT)
        return rows

    def target(self, node: exp.Expr) -> RelationName:
        """Return the relation that is written to, under the name that it will have in the end."""
        table = node if isinstance(node, exp.Table) else node.find(exp.Table)
        if table is None:
            raise UnreadableError("the statement names no table to write to")
        relation = self.relation(table)
        return RelationName(relation.schema, _TRANSIENT.sub("", relation.name))

    def change(self, node: exp.Expr, parent: Scope | None, ctes: Ctes) -> Rows:
        """Resolve INSERT, UPDATE, DELETE or MERGE."""
        table = node.this.this if isinstance(node.this, exp.Schema) else node.this
        self.writes = self.target(table)
        scope = Scope(parent, ctes)
        rows = Rows([])
        if isinstance(node, exp.Insert):
            if isinstance(node.expression, exp.Expr):
                rows = self.rows(node.expression, parent, ctes)
            columns = node.this.expressions if isinstance(node.this, exp.Schema) else []
            rows = rows.renamed([identifier(column) for column in columns])
        else:
            rows = clauses.changed_rows(node, table, scope, self)
        returning = node.args.get("returning")
        if returning is None:
            return rows
        for output in rows.outputs:
            self.mark(output.sources, UseKind.OUTPUT)
        if isinstance(node, exp.Insert):
            scope.add(from_items.alias_of(table), self.schema.leaf(self.relation(table)))
        return clauses.projected(returning.expressions, scope, self)

    def heading(self, node: exp.Expr) -> str:
        """Return what Postgres calls an output column."""
        return heading(node, self.text) or UNNAMED

    def condition(self, node: exp.Expr, scope: Scope) -> None:
        """Note the uses of a predicate."""
        condition(node, scope, self)


def united(left: Rows, right: Rows) -> Rows:
    """Return the rows of a set operation: columns meet by position, the first arm names them."""
    if not left.rests and not right.rests:
        pairs = zip(left.outputs, right.outputs, strict=False)
        return Rows(
            [
                Output(one.name, merged((one.sources, two.sources)), one.type, one.made_by)
                for one, two in pairs
            ]
        )
    if left.rests and right.rests:
        return Rows([], [Both((left, right))])
    # One arm is spelled out: what it names, the other must have.
    closed, opened = (right, left) if left.rests else (left, right)
    return Rows(
        [
            Output(output.name, merged((output.sources, found.sources if found else NOTHING)))
            for output in closed.outputs
            for found in (opened.find(output.name) or opened.infer(output.name),)
        ]
    )


def expanded(schema: LineageSchema, relation: RelationName) -> ViewFacts | None:
    """Return what executing a view amounts to; None for what is no view, or cannot be read."""
    if relation not in schema.expanded:
        schema.expanded[relation] = None  # a view that reads itself, in a manifest made by hand
        definition = schema.views.get(relation)
        if definition is not None:
            schema.expanded[relation] = _expanded(schema, relation, definition)
    return schema.expanded[relation]


def _expanded(schema: LineageSchema, relation: RelationName, sql: str) -> ViewFacts | None:
    try:
        tree = parse(marked(sql))
        resolver = Resolver(schema, tree.meta[TEXT], expand=True)
        rows = resolver.rows(tree, None, {})
    except (UnreadableError, RecursionError):
        return None
    columns = schema.columns.get(relation, ())
    if len(columns) == len(rows.outputs) and not rows.rests:
        pairs = zip(columns, rows.outputs, strict=True)
        rows = Rows([Output(column.name, output.sources, column.type) for column, output in pairs])
    return ViewFacts(
        rows, frozenset(resolver.base), frozenset(resolver.views | {relation}), resolver.uses
    )
