"""Spells a lineage graph out as vertices and edges with properties, for a graph database."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from hashlib import blake2b

from dbt_schema_evolve.lineage.mentioned import (
    declared_columns,
    mentioned_columns,
    mentioned_nodes,
)
from dbt_schema_evolve.records.lineage import (
    Consumer,
    LineageGraph,
    LineageNode,
    LineageQuery,
    Seen,
)
from dbt_schema_evolve.records.lineage_states import GraphSeen
from dbt_schema_evolve.records.property_graph import (
    Edge,
    EdgeLabel,
    PropertyGraph,
    Value,
    Vertex,
    VertexLabel,
)
from dbt_schema_evolve.records.relations import Column

# JanusGraph's server takes 64 KiB a request as it is delivered, and a character may need 12 bytes.
MOST_CHARACTERS = 4_000

_NOTHING_SEEN = GraphSeen({}, {}, {}, {}, {})
_LABELS = {label.value.lower(): label for label in VertexLabel if label.is_node}


def property_graph(
    graph: LineageGraph, project: str, seen: GraphSeen | None = None
) -> PropertyGraph:
    """Return every node, column, query and consumer of a graph, and what connects them.

    Keys are digests of the project and of what names a thing in it: of one size whatever the
    names are, the same in every run, and never shared by two projects.
    """
    spelled = _Spelled(project, seen)
    vertices = {vertex.key: vertex for vertex in spelled.vertices(graph)}
    edges = {
        edge.key: edge
        for edge in spelled.edges(graph)
        if edge.source in vertices and edge.target in vertices
    }
    return PropertyGraph(
        project,
        tuple(vertices[key] for key in sorted(vertices)),
        tuple(edges[key] for key in sorted(edges)),
    )


def node_key(project: str, node: str) -> str:
    """Return the key of a node's vertex."""
    return _digest(project, "node", node)


def column_key(project: str, node: str, column: str) -> str:
    """Return the key of a column's vertex."""
    return _digest(project, "column", node, column)


class _Spelled:
    """Vertices and edges of one project."""

    def __init__(self, project: str, seen: GraphSeen | None) -> None:
        self._project = project
        self._seen = seen or _NOTHING_SEEN

    def vertices(self, graph: LineageGraph) -> Iterator[Vertex]:
        known = {node.id for node in graph.nodes}
        for node in graph.nodes:
            yield self._node(node)
        for node_id in sorted(mentioned_nodes(graph) - known):
            yield self._node(LineageNode(node_id, "relation", node_id))
        declared = set()
        for node in graph.nodes:
            for position, column in enumerate(node.columns, start=1):
                declared.add((node.id, column.name))
                yield self._column(node.id, column, position)
        for node_id, name in sorted(mentioned_columns(graph) - declared):
            yield self._column(node_id, Column(name, ""), None)
        for query in graph.queries:
            yield self._query(query)
        for consumer in graph.consumers:
            yield self._consumer(consumer)

    def edges(self, graph: LineageGraph) -> Iterator[Edge]:
        yield from self._between_columns_and_nodes(graph)
        for query in graph.queries:
            yield from self._reads_of_query(query)
        for consumer in graph.consumers:
            yield from self._reads_of_consumer(consumer)

    def _node(self, node: LineageNode) -> Vertex:
        return self._vertex(
            node_key(self._project, node.id),
            _label(node.id),
            unique_id=node.id,
            name=node.name,
            kind=node.kind,
            schema=node.relation.schema if node.relation else None,
            relation=node.relation.name if node.relation else None,
            detail=node.detail.value,
            has_inferred_columns=node.has_inferred_columns,
            first_seen=_since(self._seen.nodes.get(node.id)),
        )

    def _column(self, node: str, column: Column, position: int | None) -> Vertex:
        return self._vertex(
            column_key(self._project, node, column.name),
            VertexLabel.COLUMN,
            node=node,
            name=column.name,
            type=column.type,
            position=position,
            first_seen=_since(self._seen.columns.get((node, column.name))),
        )

    def _query(self, query: LineageQuery) -> Vertex:
        return self._vertex(
            self._query_key(query.fingerprint),
            VertexLabel.QUERY,
            fingerprint=query.fingerprint,
            text=_cut(query.label),
            roles=", ".join(sorted(query.roles)),
            issued_by=query.issued_by,
            calls=query.calls,
            total_us=query.total_us,
            first_seen=_instant(query.first_seen),
            last_seen=_instant(query.last_seen),
        )

    def _consumer(self, consumer: Consumer) -> Vertex:
        return self._vertex(
            self._consumer_key(consumer.id),
            VertexLabel.CONSUMER,
            unique_id=consumer.id,
            name=consumer.name,
            kind=consumer.kind,
            owner=consumer.owner,
            calls=consumer.calls,
            total_us=consumer.total_us,
            first_seen=_instant(consumer.first_seen),
            last_seen=_instant(consumer.last_seen),
        )

    def _between_columns_and_nodes(self, graph: LineageGraph) -> Iterator[Edge]:
        project, seen = self._project, self._seen
        for rows in graph.relation_edges:
            yield self._edge(
                EdgeLabel.FLOWS_TO,
                node_key(project, rows.source),
                node_key(project, rows.target),
                origin=rows.origin.value,
                first_seen=_since(seen.relation_edges.get((rows.source, rows.target))),
            )
        for values in graph.column_edges:
            ends = (values.source, values.source_column, values.target, values.target_column)
            yield self._edge(
                EdgeLabel.DERIVES,
                column_key(project, values.source, values.source_column),
                column_key(project, values.target, values.target_column),
                values.kind.value,
                values.expression,
                kind=values.kind.value,
                expression=_cut(values.expression),
                origin=values.origin.value,
                first_seen=_since(seen.column_edges.get(ends)),
            )
        for one in graph.indirect_edges:
            decision = (one.source, one.source_column, one.target, one.kind.value)
            yield self._edge(
                EdgeLabel.DECIDES,
                column_key(project, one.source, one.source_column),
                node_key(project, one.target),
                one.kind.value,
                kind=one.kind.value,
                origin=one.origin.value,
                first_seen=_since(seen.indirect_edges.get(decision)),
            )
        for node_id, name in sorted(mentioned_columns(graph) | declared_columns(graph)):
            yield self._edge(
                EdgeLabel.HAS_COLUMN, node_key(project, node_id), column_key(project, node_id, name)
            )

    def _reads_of_query(self, query: LineageQuery) -> Iterator[Edge]:
        key = self._query_key(query.fingerprint)
        for node in sorted(query.reads):
            yield self._edge(EdgeLabel.READS, key, node_key(self._project, node))
        for use in query.uses:
            yield self._edge(
                EdgeLabel.READS,
                key,
                column_key(self._project, use.node, use.column),
                use.kind.value,
                kind=use.kind.value,
            )
        if query.writes is not None:
            yield self._edge(EdgeLabel.WRITES, key, node_key(self._project, query.writes))

    def _reads_of_consumer(self, consumer: Consumer) -> Iterator[Edge]:
        key = self._consumer_key(consumer.id)
        for node in sorted(consumer.reads):
            yield self._edge(EdgeLabel.READS, key, node_key(self._project, node))
        for fingerprint in sorted(consumer.fingerprints):
            yield self._edge(EdgeLabel.READS, key, self._query_key(fingerprint))

    def _query_key(self, fingerprint: str) -> str:
        return _digest(self._project, "query", fingerprint)

    def _consumer_key(self, consumer: str) -> str:
        return _digest(self._project, "consumer", consumer)

    def _vertex(self, key: str, label: VertexLabel, **properties: Value | None) -> Vertex:
        return Vertex(key, label, self._present(properties))

    def _edge(
        self,
        label: EdgeLabel,
        source: str,
        target: str,
        *told_apart_by: str,  # from other edges of this label between these ends
        **properties: Value | None,
    ) -> Edge:
        key = _digest(label, source, target, *told_apart_by)
        return Edge(key, label, source, target, self._present(properties))

    def _present(self, properties: Mapping[str, Value | None]) -> dict[str, Value]:
        given = {key: value for key, value in properties.items() if value not in {None, ""}}
        return {"project": self._project, **given}  # type: ignore[dict-item]


def _label(node_id: str) -> VertexLabel:
    """Take the label from the id, so that it cannot change while the key stays."""
    return _LABELS.get(node_id.partition(".")[0], VertexLabel.RELATION)


def _since(seen: Seen | None) -> str | None:
    """Leave out when it was last seen: that is now, or it would not be in the graph."""
    return None if seen is None else _instant(seen.first)


def _instant(when: datetime | None) -> str | None:
    """Return ISO 8601 in UTC, of one width: it sorts as text."""
    return None if when is None else when.astimezone(UTC).isoformat(timespec="seconds")


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 4] + " ..."


def _digest(*parts: str) -> str:
    """Return 128 bits in hexadecimal; lengths keep ("ab", "c") and ("a", "bc") apart."""
    return blake2b(_framed(parts), digest_size=16).hexdigest()


def _framed(parts: Iterable[str]) -> bytes:
    return "".join(f"{len(part)}:{part}" for part in parts).encode()
