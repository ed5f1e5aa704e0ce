"""Which columns flow into each column of one dbt model."""

from dbt_schema_evolve.lineage.parsing import TEXT, UnreadableError, marked, parse
from dbt_schema_evolve.lineage.resolve import EPHEMERAL, Resolver
from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.lineage.scope import AGGREGATE, CAST, EXPRESSION, IDENTITY, WINDOW
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, RelationEdge
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationName
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
    """Return the edges into one node, relations taken as its SQL names them."""
    try:
        tree = parse(marked(compiled_sql))
        resolver = Resolver(schema, tree.meta[TEXT], expand=False)
        rows = resolver.statement(tree)
    except UnreadableError as unreadable:
        return Skip(node.unique_id, unreadable.reason)
    except RecursionError:
        return Skip(node.unique_id, "nested too deeply")
    if rows.rests:
        unknown = sorted(str(read) for read in resolver.base if read not in schema.columns)
        return Skip(
            node.unique_id,
            f"`*` cannot be spelled out: the columns of {', '.join(unknown) or 'a function'} "
            "are not known",
        )
    columns = {
        ColumnEdge(
            source=schema.node_id(stored.name.relation),
            source_column=stored.name.column,
            target=node.unique_id,
            target_column=output.name,
            kind=_kind(rank, stored.name.column, output.name),
        )
        for output in rows.outputs
        for stored, rank in output.sources.items()
    }
    relations = {RelationEdge(schema.node_id(read), node.unique_id) for read in resolver.reads}
    return tuple(sorted(columns)), tuple(sorted(relations))


def _kind(rank: int, source: str, target: str) -> EdgeKind:
    if rank == IDENTITY and source != target:
        return EdgeKind.RENAME
    return _KINDS[rank]
