"""What a graph says of each of its nodes, as their statements said it."""

from collections import defaultdict

from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    IndirectEdge,
    LineageGraph,
    NodeLineage,
)


def node_lineages(graph: LineageGraph) -> dict[str, NodeLineage]:
    """Return the edges into each node, by its id."""
    reads: dict[str, list[str]] = defaultdict(list)
    column_edges: dict[str, list[ColumnEdge]] = defaultdict(list)
    indirect_edges: dict[str, list[IndirectEdge]] = defaultdict(list)
    for edge in graph.relation_edges:
        reads[edge.target].append(edge.source)
    for column_edge in graph.column_edges:
        column_edges[column_edge.target].append(column_edge)
    for indirect_edge in graph.indirect_edges:
        indirect_edges[indirect_edge.target].append(indirect_edge)
    return {
        node.id: NodeLineage(
            node.id,
            tuple(column.name for column in node.columns),
            tuple(reads[node.id]),
            tuple(column_edges[node.id]),
            tuple(indirect_edges[node.id]),
        )
        for node in graph.nodes
    }
