"""The graph as a networkx graph, for questions that this project does not ask itself."""

from typing import Any

import networkx as nx

from dbt_schema_evolve.records.lineage import LineageGraph


def as_network(graph: LineageGraph) -> "nx.MultiDiGraph[str]":
    """Return nodes, columns, queries and consumers as one directed graph with parallel edges.

    A column is the vertex `<node id>.<column>`. Every vertex has a `kind` and a `name`; every edge
    has a `kind`: `rows` between nodes, `column` from a node to its columns, an edge's own kind
    (`rename`, `filter`, ...) where columns flow or decide, `reads` to queries and consumers, `asks`
    from a query to who sends it. All attributes are plain text or numbers, as GraphML wants them.
    """
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in graph.nodes:
        made.add_node(node.id, kind=node.kind, name=node.name)
        for column in node.columns:
            key = f"{node.id}.{column.name}"
            made.add_node(key, kind="column", name=column.name, type=column.type)
            made.add_edge(node.id, key, kind="column")
    for rows in graph.relation_edges:
        made.add_edge(rows.source, rows.target, kind="rows", origin=rows.origin.value)
    for flow in graph.column_edges:
        made.add_edge(
            f"{flow.source}.{flow.source_column}", f"{flow.target}.{flow.target_column}",
            kind=flow.kind.value, expression=flow.expression, origin=flow.origin.value,
        )  # fmt: skip
    for say in graph.indirect_edges:
        column_key = f"{say.source}.{say.source_column}"
        made.add_edge(column_key, say.target, kind=say.kind.value, origin=say.origin.value)
    for query in graph.queries:
        key = f"query.{query.fingerprint}"
        made.add_node(key, kind="query", name=query.label, calls=query.calls)
        for node_id in sorted(query.reads):
            made.add_edge(node_id, key, kind="reads")
    for consumer in graph.consumers:
        made.add_node(consumer.id, kind=consumer.kind, name=consumer.name, calls=consumer.calls)
        for node_id in sorted(consumer.reads):
            made.add_edge(node_id, consumer.id, kind="reads")
        for fingerprint in sorted(consumer.fingerprints):
            made.add_edge(f"query.{fingerprint}", consumer.id, kind="asks")
    for _, attributes in made.nodes(data=True):
        _complete(attributes)
    return made


def _complete(attributes: dict[str, Any]) -> None:
    """Describe what an edge names but nothing describes: a column that was only inferred."""
    attributes.setdefault("kind", "column")
    attributes.setdefault("name", "")
