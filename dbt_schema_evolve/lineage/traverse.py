"""Questions to the lineage graph: what is upstream, what is downstream, who would notice."""

from functools import cached_property
from typing import TypeVar

import networkx as nx

from dbt_schema_evolve.records.lineage import Consumer, LineageGraph

ColumnKey = tuple[str, str]
"""A node's id and one of its columns."""

_Key = TypeVar("_Key", str, ColumnKey)


class Traversal:
    """One graph, indexed once for any number of questions; answers are sorted."""

    def __init__(self, graph: LineageGraph) -> None:
        self.graph = graph

    @cached_property
    def _relations(self) -> "nx.DiGraph[str]":
        made: nx.DiGraph[str] = nx.DiGraph()
        made.add_nodes_from(node.id for node in self.graph.nodes)
        # An incremental model reads itself: a loop says nothing about up and down.
        made.add_edges_from(
            (edge.source, edge.target)
            for edge in self.graph.relation_edges
            if edge.source != edge.target
        )
        return made

    @cached_property
    def _columns(self) -> "nx.DiGraph[ColumnKey]":
        made: nx.DiGraph[ColumnKey] = nx.DiGraph()
        made.add_edges_from(
            ((edge.source, edge.source_column), (edge.target, edge.target_column))
            for edge in self.graph.column_edges
        )
        return made

    @cached_property
    def _readers(self) -> dict[str, list[Consumer]]:
        readers: dict[str, list[Consumer]] = {}
        for consumer in self.graph.consumers:
            for node in consumer.reads:
                readers.setdefault(node, []).append(consumer)
        return readers

    def upstream(self, node: str, depth: int | None = None) -> tuple[str, ...]:
        """Return the nodes whose rows reach this one, itself left out."""
        return _reached(self._relations, node, depth, backwards=True)

    def downstream(self, node: str, depth: int | None = None) -> tuple[str, ...]:
        """Return the nodes that this one's rows reach, itself left out."""
        return _reached(self._relations, node, depth, backwards=False)

    def upstream_columns(
        self, node: str, column: str, depth: int | None = None
    ) -> tuple[ColumnKey, ...]:
        """Return the columns whose values reach this one."""
        return _reached(self._columns, (node, column), depth, backwards=True)

    def downstream_columns(
        self, node: str, column: str, depth: int | None = None
    ) -> tuple[ColumnKey, ...]:
        """Return the columns that this one's values reach."""
        return _reached(self._columns, (node, column), depth, backwards=False)

    def consumers_of(self, node: str, *, directly: bool = False) -> tuple[Consumer, ...]:
        """Return who reads a node, or, unless `directly`, anything that is made from it."""
        nodes = (node,) if directly else (node, *self.downstream(node))
        found = {consumer.id: consumer for key in nodes for consumer in self._readers.get(key, ())}
        return tuple(found[key] for key in sorted(found))


def _reached(
    graph: "nx.DiGraph[_Key]", start: _Key, depth: int | None, *, backwards: bool
) -> tuple[_Key, ...]:
    if start not in graph:
        return ()
    edges = nx.bfs_edges(graph, start, reverse=backwards, depth_limit=depth)
    return tuple(sorted({end for _, end in edges} - {start}))
