"""Which stored relations are made from which: the graph with its views looked through."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from dbt_schema_evolve.records.lineage import EdgeKind, IndirectKind, LineageGraph, LineageNode


class Step(IntEnum):
    """What happens to rows on the way from one stored relation to the next, the gentlest first."""

    ROWS = 0  # selected, filtered, joined: about as many more come out as go in
    GROUPED = 1  # one row a group: as many more as there are new groups
    SINGLE = 2  # one row in all


class StoredEdge(NamedTuple):
    """Rows of one stored relation reach another, through views or directly."""

    source: str
    target: str
    step: Step


class StoredGraph:
    """Answers what a node is made from; circles are cut where they close."""

    def __init__(self, graph: LineageGraph) -> None:
        """Take the graph as it is: which of its nodes store rows is asked of no cut-off."""
        self._stored = {node.id for node in graph.nodes if _stores_rows(node)}
        self._parents: dict[str, list[str]] = defaultdict(list)
        self._children: dict[str, list[str]] = defaultdict(list)
        for source, target in sorted({(edge.source, edge.target) for edge in graph.relation_edges}):
            if source != target:
                self._parents[target].append(source)
                self._children[source].append(target)
        self._steps = _steps(graph)
        above = {node: self._edges(node) for node in sorted({*self._stored, *self._parents})}
        self.ranks = _ranks(above)
        self._into = {
            node: [edge for edge in edges if self.ranks[edge.source] < self.ranks[node]]
            for node, edges in above.items()
        }
        self.edges = tuple(edge for node in sorted(self._stored) for edge in self.into(node))

    def into(self, node: str) -> Sequence[StoredEdge]:
        """Return the edges from the stored relations that a node is made from, by their ids."""
        return self._into.get(node, ())

    def fed_by(self, node: str) -> Sequence[str]:
        """Return the nodes right below a node, whether or not they store rows."""
        return self._children.get(node, ())

    def is_root(self, node: str) -> bool:
        """Whether nothing that stores rows is known above a node."""
        return not self._into.get(node)

    def _edges(self, node: str) -> Sequence[StoredEdge]:
        found: dict[str, Step] = {}
        seen = {node}
        ways = [(node, self._steps.get(node, Step.ROWS))]
        while ways:
            below, step = ways.pop()
            for parent in self._parents.get(below, ()):
                if parent in self._stored:
                    if parent != node:
                        found[parent] = min(step, found.get(parent, step))
                elif parent not in seen:
                    seen.add(parent)
                    ways.append((parent, max(step, self._steps.get(parent, Step.ROWS))))
        return tuple(StoredEdge(source, node, step) for source, step in sorted(found.items()))


def _stores_rows(node: LineageNode) -> bool:
    return node.kind != "dataset" and node.materialized not in {"view", "ephemeral"}


def _ranks(into: Mapping[str, Sequence[StoredEdge]]) -> Mapping[str, int]:
    """Return how many edges lie above each node; an edge that closes a circle does not count."""
    ranks: dict[str, int] = {}
    begun: set[str] = set()
    for start in into:
        ways = [start]
        while ways:
            node = ways[-1]
            above = [edge.source for edge in into.get(node, ())]
            waiting = [one for one in above if one not in ranks and one not in begun]
            if waiting and node not in ranks:
                begun.add(node)
                ways.append(waiting[0])
                continue
            ways.pop()
            if node not in ranks:
                ranks[node] = 1 + max((ranks[one] for one in above if one in ranks), default=-1)
    return ranks


def _steps(graph: LineageGraph) -> Mapping[str, Step]:
    grouped = {edge.target for edge in graph.indirect_edges if edge.kind is IndirectKind.GROUP}
    aggregated = {edge.target for edge in graph.column_edges if edge.kind is EdgeKind.AGGREGATE}
    return {node: Step.GROUPED if node in grouped else Step.SINGLE for node in grouped | aggregated}
