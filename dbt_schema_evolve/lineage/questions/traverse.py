"""One lineage graph, indexed once for any number of questions.

A vertex is a column of a node, or, with an empty column, the node's rows. Values flow from column
to column, rows from node to node, and a column that filters, joins, groups or orders leads to the
rows of a node: it says something about all of its columns, without an edge to each.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from itertools import chain
from typing import TypeAlias

from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.records.answers import Hop, Place
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Consumer,
    Detail,
    IndirectEdge,
    LineageGraph,
    LineageNode,
    LineageQuery,
    RelationEdge,
)

ROWS = ""
ColumnKey: TypeAlias = tuple[str, str]
"""A node's id and one of its columns."""
Vertex: TypeAlias = tuple[str, str]
"""A node's id and one of its columns, or `ROWS`."""
Edge: TypeAlias = RelationEdge | ColumnEdge | IndirectEdge
Follow: TypeAlias = Callable[[Edge], bool]


def follow_values(edge: Edge) -> bool:
    """Follow what flows from column to column."""
    return isinstance(edge, ColumnEdge)


def follow_rows(edge: Edge) -> bool:
    """Follow what flows from node to node."""
    return isinstance(edge, RelationEdge)


def source(edge: Edge) -> Vertex:
    """Return where an edge begins."""
    return (edge[0], ROWS) if isinstance(edge, RelationEdge) else (edge[0], edge[1])


def target(edge: Edge) -> Vertex:
    """Return where an edge ends."""
    if isinstance(edge, ColumnEdge):
        return edge.target, edge.target_column
    return edge.target, ROWS


class Traversal:
    """Answers are sorted; loops, which incremental models have, say nothing and are left out."""

    def __init__(self, graph: LineageGraph) -> None:
        self.graph = graph

    @cached_property
    def nodes(self) -> Mapping[str, LineageNode]:
        """The graph's nodes by id."""
        return {node.id: node for node in self.graph.nodes}

    @cached_property
    def _from(self) -> dict[Vertex, list[Edge]]:
        return _indexed(self.graph, source)

    @cached_property
    def _into(self) -> dict[Vertex, list[Edge]]:
        return _indexed(self.graph, target)

    @cached_property
    def _columns(self) -> dict[str, set[str]]:
        nodes = self.graph.nodes
        with collection_paused():
            columns = {node.id: {column.name for column in node.columns} for node in nodes}
            for node, column in chain(self._from, self._into):
                if column != ROWS:
                    columns.setdefault(node, set()).add(column)
        return columns

    @cached_property
    def queries_of(self) -> Mapping[Vertex, tuple[LineageQuery, ...]]:
        """Queries by what they read: nodes, and columns in whatever use."""
        found: dict[Vertex, list[LineageQuery]] = {}
        for query in self.graph.queries:
            used = {(use.node, use.column) for use in query.uses}
            for vertex in (*((node, ROWS) for node in query.reads), *used):
                found.setdefault(vertex, []).append(query)
        return {vertex: tuple(queries) for vertex, queries in found.items()}

    @cached_property
    def consumers_behind(self) -> Mapping[str, tuple[Consumer, ...]]:
        """Who sends a query, by its fingerprint."""
        found: dict[str, list[Consumer]] = {}
        for consumer in self.graph.consumers:
            for fingerprint in consumer.fingerprints:
                found.setdefault(fingerprint, []).append(consumer)
        return {fingerprint: tuple(consumers) for fingerprint, consumers in found.items()}

    @cached_property
    def filled_by(self) -> Mapping[str, str]:
        """The node that a query writes, by its fingerprint."""
        return {q.fingerprint: q.writes for q in self.graph.queries if q.writes is not None}

    @cached_property
    def _readers(self) -> dict[str, list[Consumer]]:
        readers: dict[str, list[Consumer]] = {}
        for consumer in self.graph.consumers:
            for node in consumer.reads:
                readers.setdefault(node, []).append(consumer)
        return readers

    def edges_from(self, vertex: Vertex) -> Collection[Edge]:
        """Return the edges that begin here."""
        return self._from.get(vertex, ())

    def edges_into(self, vertex: Vertex) -> Collection[Edge]:
        """Return the edges that end here."""
        return self._into.get(vertex, ())

    def columns_of(self, node: str) -> Collection[str]:
        """Return the columns that a node has, or that edges say it has."""
        return self._columns.get(node, ())

    def is_opaque(self, node: str) -> bool:
        """Whether a node cannot be looked into, so that it may use all columns of what it reads."""
        known = self.nodes.get(node)
        return known is not None and known.detail is Detail.RELATIONS

    def behind(
        self, starts: Iterable[Vertex], follow: Follow, depth: int | None = None
    ) -> dict[Vertex, int]:
        """Return what leads to the starts, with the number of edges between; they have zero."""
        return _reached(starts, self.edges_into, source, follow, depth)

    def ahead(
        self, starts: Iterable[Vertex], follow: Follow, depth: int | None = None
    ) -> dict[Vertex, int]:
        """Return what the starts lead to, with the number of edges between; they have zero."""
        return _reached(starts, self.edges_from, target, follow, depth)

    def upstream(self, node: str, depth: int | None = None) -> tuple[str, ...]:
        """Return the nodes whose rows reach this one, itself left out."""
        found = self.behind([(node, ROWS)], follow_rows, depth)
        return tuple(sorted({each for each, _ in found} - {node}))

    def downstream(self, node: str, depth: int | None = None) -> tuple[str, ...]:
        """Return the nodes that this one's rows reach, itself left out."""
        found = self.ahead([(node, ROWS)], follow_rows, depth)
        return tuple(sorted({each for each, _ in found} - {node}))

    def upstream_columns(
        self, node: str, column: str, depth: int | None = None
    ) -> tuple[ColumnKey, ...]:
        """Return the columns whose values reach this one."""
        start = (node, column)
        return tuple(sorted(self.behind([start], follow_values, depth).keys() - {start}))

    def downstream_columns(
        self, node: str, column: str, depth: int | None = None
    ) -> tuple[ColumnKey, ...]:
        """Return the columns that this one's values reach."""
        start = (node, column)
        return tuple(sorted(self.ahead([start], follow_values, depth).keys() - {start}))

    def consumers_of(self, node: str, *, directly: bool = False) -> tuple[Consumer, ...]:
        """Return who reads a node, or, unless `directly`, anything that is made from it."""
        return self.consumers_of_any((node,) if directly else (node, *self.downstream(node)))

    def consumers_of_any(self, nodes: Iterable[str]) -> tuple[Consumer, ...]:
        """Return who reads one of these nodes."""
        found = {each.id: each for node in nodes for each in self._readers.get(node, ())}
        return tuple(found[key] for key in sorted(found))

    def place(self, vertex: Vertex) -> Place:
        """Return a vertex under the name that people know it by."""
        node = self.nodes.get(vertex[0])
        if node is None:
            return Place(vertex[0], vertex[1], "unknown", vertex[0])
        return Place(node.name, vertex[1], node.kind, node.id)

    def hop(self, edge: Edge) -> Hop:
        """Return an edge between places."""
        kind = "rows" if isinstance(edge, RelationEdge) else edge.kind.value
        expression = edge.expression if isinstance(edge, ColumnEdge) else ""
        return Hop(self.place(source(edge)), self.place(target(edge)), kind, expression)


def _indexed(graph: LineageGraph, end: Callable[[Edge], Vertex]) -> dict[Vertex, list[Edge]]:
    found: dict[Vertex, list[Edge]] = {}
    with collection_paused():
        for edges in (graph.relation_edges, graph.column_edges, graph.indirect_edges):
            for edge in edges:
                if isinstance(edge, IndirectEdge) or source(edge) != target(edge):
                    found.setdefault(end(edge), []).append(edge)
    return found


def _reached(
    starts: Iterable[Vertex],
    edges: Callable[[Vertex], Collection[Edge]],
    end: Callable[[Edge], Vertex],
    follow: Follow,
    depth: int | None,
) -> dict[Vertex, int]:
    distance = dict.fromkeys(starts, 0)
    front = list(distance)
    steps = 0
    while front and (depth is None or steps < depth):
        steps += 1
        after: list[Vertex] = []
        for vertex in front:
            for edge in edges(vertex):
                other = end(edge)
                if other not in distance and follow(edge):
                    distance[other] = steps
                    after.append(other)
        front = after
    return distance
