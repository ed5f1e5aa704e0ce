"""Which columns flow into each column of one node, and which decide about its rows."""

from itertools import islice

from sqlglot import exp

from dbt_schema_evolve.lineage.sql.ctes import EPHEMERAL
from dbt_schema_evolve.lineage.sql.flow import unwrapped
from dbt_schema_evolve.lineage.sql.parsing import UnreadableError, parse_once
from dbt_schema_evolve.lineage.sql.resolve import Resolver, resolved
from dbt_schema_evolve.lineage.sql.rows import (
    AGGREGATE,
    CAST,
    EXPRESSION,
    IDENTITY,
    WINDOW,
    Output,
)
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, IndirectEdge, NodeLineage
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

_MOST_PARTS = 1000  # of an expression: some ten screens; nobody reads more of it
_TOO_LONG = "…"

_KINDS = {
    IDENTITY: EdgeKind.IDENTITY,
    CAST: EdgeKind.CAST,
    EXPRESSION: EdgeKind.EXPRESSION,
    AGGREGATE: EdgeKind.AGGREGATE,
    WINDOW: EdgeKind.WINDOW,
}


def ephemeral_relation(name: str) -> RelationName:
    """Return the relation that stands for an ephemeral model where dbt inlined it."""
    return RelationName("", EPHEMERAL + name)


def node_lineage(node: str, sql: str, schema: LineageSchema) -> NodeLineage | Skip:
    """Return what the statement that fills a node says of it, relations taken as it names them.

    `schema` is asked and not changed, but for the columns that it infers.
    """
    try:
        _, resolver, rows = resolved(sql, schema, expand=False, parsed=parse_once)
    except UnreadableError as unreadable:
        return Skip(node, unreadable.reason)
    if resolver.put is not None:
        rows = resolver.put  # what reaches the relation, and not what RETURNING shows
    if rows.rests:
        unknown = sorted(str(read) for read in resolver.notes.base if read not in schema.columns)
        return Skip(
            node,
            f"`*` cannot be spelled out: the columns of {', '.join(unknown) or 'a value in it'} "
            "are not known",
        )
    columns: dict[tuple[str, str, str], ColumnEdge] = {}
    for output in rows.outputs:
        is_made = any(rank != IDENTITY for rank in output.sources.values())
        expression = _expression(output, resolver) if is_made else ""
        for stored, rank in output.sources.items():
            source, name = schema.node_id(stored.name.relation), stored.name.column
            columns[output.name, source, name] = ColumnEdge(
                source, name, node, output.name, _kind(rank, name, output.name),
                "" if rank == IDENTITY else expression,
            )  # fmt: skip
    indirect = {
        (schema.node_id(stored.name.relation), stored.name.column, kind)
        for stored, kind in resolver.notes.indirect
    }
    return NodeLineage(
        node=node,
        columns=tuple(dict.fromkeys(output.name for output in rows.outputs)),
        reads=tuple(sorted({schema.node_id(read) for read in resolver.notes.reads})),
        column_edges=tuple(columns[key] for key in sorted(columns)),
        indirect_edges=tuple(
            IndirectEdge(source, name, node, kind) for source, name, kind in sorted(indirect)
        ),
        doubts=tuple(sorted(resolver.notes.doubts)),
    )


def _kind(rank: int, source: str, target: str) -> EdgeKind:
    if rank == IDENTITY and source != target:
        return EdgeKind.RENAME
    return _KINDS[rank]


def _text(node: exp.Expr) -> str:
    if next(islice(node.walk(), _MOST_PARTS, None), None) is not None:
        return _TOO_LONG
    try:
        return node.sql("postgres")
    except RecursionError:
        return _TOO_LONG


def _expression(output: Output, resolver: Resolver) -> str:
    """Return the SQL that last computed a column: references that only pass it on are followed."""
    made_by = output.made_by
    while made_by is not None:
        inner = unwrapped(made_by)
        if not isinstance(inner, exp.Column):
            return _text(inner)
        found = resolver.meanings.get(id(inner))
        made_by = found.output.made_by if found is not None else None
    return ""
