"""One node or column with everything that touches it."""

from collections.abc import Iterator

from dbt_schema_evolve.lineage.questions.readers import is_declared, others_queries, readings
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal, Vertex, source, target
from dbt_schema_evolve.records.answers import ColumnView, NodeView, Place, Reader
from dbt_schema_evolve.records.lineage import IndirectEdge, RelationEdge


def view(traversal: Traversal, vertex: Vertex) -> NodeView:
    """Return what a node or column is made from, what decides about its rows, and who reads it."""
    key, column = vertex
    node = traversal.nodes[key]
    readers = tuple(_readers(traversal, vertex))
    everybody = {each.id for each in traversal.consumers_of(key)}
    directly = {each.id for each in traversal.consumers_of(key, directly=True)}
    upstream, downstream = _neighbours(traversal, vertex)
    types = {each.name: each.type for each in node.columns}
    shown = [column] if column != ROWS else [each.name for each in node.columns]
    return NodeView(
        place=traversal.place(vertex),
        relation=str(node.relation) if node.relation else "",
        detail=node.detail,
        has_inferred_columns=node.has_inferred_columns,
        columns=tuple(_column(traversal, key, name, types.get(name, "")) for name in shown),
        decided_by=tuple(
            sorted(
                traversal.hop(edge)
                for edge in traversal.edges_into((key, ROWS))
                if isinstance(edge, IndirectEdge)
            )
        ),
        upstream=upstream,
        downstream=downstream,
        readers=readers,
        readers_beyond=len(everybody - directly),
        conflicts=tuple(
            each
            for each in traversal.graph.conflicts
            if each.target == key and column in {ROWS, each.target_column}
        ),
        skips=tuple(each for each in traversal.graph.skips if each.subject == key),
    )


def _column(traversal: Traversal, node: str, name: str, kind: str) -> ColumnView:
    vertex = (node, name)
    return ColumnView(
        name,
        kind,
        tuple(sorted(map(traversal.hop, traversal.edges_into(vertex)))),
        bool(others_queries(traversal, [vertex])),
    )


def _neighbours(
    traversal: Traversal, vertex: Vertex
) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """Return what is one step away: nodes of a node, columns and decided nodes of a column."""
    is_node = vertex[1] == ROWS
    into = [e for e in traversal.edges_into(vertex) if not is_node or isinstance(e, RelationEdge)]
    behind = {traversal.place(source(edge)) for edge in into}
    ahead = {traversal.place(target(edge)) for edge in traversal.edges_from(vertex)}
    return tuple(sorted(behind)), tuple(sorted(ahead))


def _readers(traversal: Traversal, vertex: Vertex) -> Iterator[Reader]:
    """Yield those whose queries read it, most frequent first, then those who say that they do."""
    for each in readings(traversal, others_queries(traversal, [vertex])):
        who = each.consumer
        yield Reader(who.name, who.kind, who.owner, each.calls, each.last_seen, is_declared=False)
    for who in traversal.consumers_of(vertex[0], directly=True):
        if is_declared(who):
            yield Reader(who.name, who.kind, who.owner, 0, None, is_declared=True)
