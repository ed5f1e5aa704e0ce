"""Which columns flow into each column of one dbt model."""

from dbt_schema_evolve.lineage.ctes import EPHEMERAL
from dbt_schema_evolve.lineage.parsing import UnreadableError
from dbt_schema_evolve.lineage.resolve import resolved
from dbt_schema_evolve.lineage.rows import AGGREGATE, CAST, EXPRESSION, IDENTITY, WINDOW
from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, RelationEdge
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip

Edges = tuple[tuple[ColumnEdge, ...], tuple[RelationEdge, ...]]

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


def model_lineage(node: Node, compiled_sql: str, schema: LineageSchema) -> Edges | Skip:
    """Return the edges into one node, relations taken as its SQL names them.

    Columns that the schema does not know of the node's relation, it learns.
    """
    return edges_into(node.unique_id, compiled_sql, schema, node.relation)


def edges_into(
    target: str, sql: str, schema: LineageSchema, relation: RelationName | None = None
) -> Edges | Skip:
    """Return the edges into a lineage node from the statement that fills it."""
    try:
        _, resolver, rows = resolved(sql, schema, expand=False)
    except UnreadableError as unreadable:
        return Skip(target, unreadable.reason)
    if rows.rests:
        unknown = sorted(str(read) for read in resolver.notes.base if read not in schema.columns)
        return Skip(
            target,
            f"`*` cannot be spelled out: the columns of {', '.join(unknown) or 'a function'} "
            "are not known",
        )
    columns = {
        ColumnEdge(
            source=schema.node_id(stored.name.relation),
            source_column=stored.name.column,
            target=target,
            target_column=output.name,
            kind=_kind(rank, stored.name.column, output.name),
        )
        for output in rows.outputs
        for stored, rank in output.sources.items()
    }
    if relation is not None:
        names = dict.fromkeys(output.name for output in rows.outputs)
        schema.learn(relation, tuple(Column(name, "") for name in names))
    relations = {RelationEdge(schema.node_id(read), target) for read in resolver.notes.reads}
    return tuple(sorted(columns)), tuple(sorted(relations))


def _kind(rank: int, source: str, target: str) -> EdgeKind:
    if rank == IDENTITY and source != target:
        return EdgeKind.RENAME
    return _KINDS[rank]
