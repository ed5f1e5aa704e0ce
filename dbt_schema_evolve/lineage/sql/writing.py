"""Statements that put rows somewhere: CREATE ... AS, SELECT INTO, INSERT, UPDATE, DELETE, MERGE."""

import re

from sqlglot import exp

from dbt_schema_evolve.lineage.sql import clauses, from_items
from dbt_schema_evolve.lineage.sql.conditions import conclude
from dbt_schema_evolve.lineage.sql.ctes import with_clause
from dbt_schema_evolve.lineage.sql.flow import sources, unwrapped
from dbt_schema_evolve.lineage.sql.from_functions import alias_of
from dbt_schema_evolve.lineage.sql.parsing import UnreadableError, identifier
from dbt_schema_evolve.lineage.sql.rows import NOTHING, Output, Rows, Sources
from dbt_schema_evolve.lineage.sql.scope import Scope
from dbt_schema_evolve.lineage.sql.walk import Ctes, Walk
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import UseKind

TRANSIENT = re.compile(r"__dbt_(?:tmp|backup)\d*\Z")  # what dbt builds on the way


def created(node: exp.Create, walk: Walk) -> Rows:
    """Resolve CREATE TABLE AS, CREATE VIEW or CREATE MATERIALIZED VIEW."""
    has_columns = isinstance(node.this, exp.Schema)
    walk.writes = target(node.this.this if has_columns else node.this, walk)
    rows = walk.rows(node.expression, None, with_clause(node, None, {}, walk))
    return rows.renamed([identifier(name) for name in node.this.expressions if has_columns])


def changed(node: exp.Expr, parent: Scope | None, ctes: Ctes, walk: Walk) -> Rows:
    """Resolve INSERT, UPDATE, DELETE or MERGE: what it returns, or else puts into columns."""
    table = node.this.this if isinstance(node.this, exp.Schema) else node.this
    walk.writes = target(table, walk)
    scope = Scope(parent, ctes)
    if isinstance(node, exp.Insert):
        rows = _inserted(node, table, scope, walk)
    else:
        rows = _changed_rows(node, table, scope, walk)
    walk.put = rows
    returning = node.args.get("returning")
    if returning is None:
        return rows
    for output in rows.outputs:
        walk.mark(output.sources, UseKind.OUTPUT)
    return clauses.projected(returning.expressions, scope, walk)


def target(node: object, walk: Walk) -> RelationName:
    """Return the relation that is written to, under the name that it will have in the end."""
    table = node.find(exp.Table) if isinstance(node, exp.Expr) else None
    if table is None:
        raise UnreadableError("the statement names no table to write to")
    relation = walk.relation(table)
    return RelationName(relation.schema, TRANSIENT.sub("", relation.name))


def _inserted(node: exp.Insert, table: exp.Table, scope: Scope, walk: Walk) -> Rows:
    into = walk.schema.leaf(walk.relation(table))
    scope.add(alias_of(table), into)
    if not isinstance(node.expression, exp.Expr):  # default values
        return Rows([])
    rows = walk.rows(node.expression, scope.parent, scope.ctes)
    if isinstance(node.this, exp.Schema):
        rows = rows.renamed([identifier(column) for column in node.this.expressions])
    else:  # columns are filled in the order in which the table has them
        rows = rows.renamed([output.name for output in into.known()][: len(rows.outputs)])
    conflict = node.args.get("conflict")
    if conflict is None:
        return rows
    # Whether a row is inserted depends on the columns of the conflict, and on rows already there.
    scope.entries["excluded"] = rows
    keys = {identifier(key.find(exp.Column)) for key in conflict.args.get("conflict_keys") or ()}
    for output in (*rows.outputs, *into.known()):
        if output.name in keys:
            walk.mark(output.sources, UseKind.OUTPUT, decides=IndirectKind.JOIN)
    outputs: list[Output] = []
    _assignments(conflict, outputs, scope, walk)
    where = conflict.args.get("where")
    if where is not None:
        walk.condition(where.this, scope)
    del scope.entries["excluded"]
    return Rows(rows.outputs + outputs, rows.rests)


def _changed_rows(node: exp.Expr, table: exp.Table, scope: Scope, walk: Walk) -> Rows:
    """Resolve what UPDATE, DELETE or MERGE looks at; return what it puts into columns."""
    target = walk.schema.leaf(walk.relation(table))
    walk.read(target.relation)
    scope.add(alias_of(table), target)
    from_items.all_items(node, scope, walk)
    using = node.args.get("using")
    for other in using if isinstance(using, list) else filter(None, [using]):
        from_items.item(other, scope, walk)
    outputs: list[Output] = []
    for key in ("on", "where"):
        clause = node.args.get(key)
        if clause is not None:
            walk.condition(clause.this if isinstance(clause, exp.Where) else clause, scope)
    conclude(scope, walk)
    _assignments(node, outputs, scope, walk)
    whens = node.args.get("whens")
    for when in whens.expressions if whens is not None else ():
        if when.args.get("condition") is not None:
            walk.condition(when.args["condition"], scope)
        then = when.args.get("then")
        if isinstance(then, exp.Update):
            _assignments(then, outputs, scope, walk)
        elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
            if isinstance(then.this, exp.Tuple):
                names = [identifier(column.this) for column in then.this.expressions]
            else:  # columns are filled in the order in which the table has them
                names = [output.name for output in target.known()]
            outputs += [
                Output(name, sources(value, scope, walk), made_by=value)
                for name, value in zip(names, then.expression.expressions, strict=False)
            ]
    return Rows(outputs)


def _assignments(node: exp.Expr, outputs: list[Output], scope: Scope, walk: Walk) -> None:
    for assignment in node.expressions:
        if isinstance(assignment, exp.EQ):
            names = assignment.this
            columns = names.expressions if isinstance(names, exp.Tuple) else [names]
            values = _values(unwrapped(assignment.expression), len(columns), scope, walk)
            outputs += [
                Output(identifier(column.this), found, made_by=made_by)
                for column, (found, made_by) in zip(columns, values, strict=False)
            ]


def _values(
    node: exp.Expr, width: int, scope: Scope, walk: Walk
) -> list[tuple[Sources, exp.Expr | None]]:
    """Return what an assignment puts into each of its columns."""
    if width == 1:
        return [(sources(node, scope, walk), node)]
    if isinstance(node, exp.Tuple):
        return [(sources(each, scope, walk), each) for each in node.expressions]
    if isinstance(node, exp.Query):
        return [(output.sources, output.made_by) for output in walk.query(node, scope).outputs]
    return [(NOTHING, None)] * width
