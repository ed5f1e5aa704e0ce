"""What a lineage graph speaks of, listed among its nodes or not."""

from dbt_schema_evolve.records.lineage import LineageGraph


def mentioned_nodes(graph: LineageGraph) -> set[str]:
    """Return the nodes at the ends of edges; a graph made by hand may not list them all."""
    found = {end for edge in graph.relation_edges for end in (edge.source, edge.target)}
    found |= {edge.target for edge in graph.indirect_edges}
    found |= {node for node, _ in mentioned_columns(graph)}
    for query in graph.queries:
        found |= query.reads
        found |= {query.writes} if query.writes is not None else set()
    return found.union(*(consumer.reads for consumer in graph.consumers))


def mentioned_columns(graph: LineageGraph) -> set[tuple[str, str]]:
    """Return the columns at the ends of edges and in queries, with their nodes."""
    found = {(edge.source, edge.source_column) for edge in graph.column_edges}
    found |= {(edge.target, edge.target_column) for edge in graph.column_edges}
    found |= {(edge.source, edge.source_column) for edge in graph.indirect_edges}
    found |= {(use.node, use.column) for query in graph.queries for use in query.uses}
    return found


def declared_columns(graph: LineageGraph) -> set[tuple[str, str]]:
    """Return the columns that nodes are known to have, with their nodes."""
    return {(node.id, column.name) for node in graph.nodes for column in node.columns}
