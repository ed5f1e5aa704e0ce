"""The graph through time in memory: whole graphs, one a state."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any

from dbt_schema_evolve.lineage.states.node_lineages import node_lineages
from dbt_schema_evolve.records.lineage import Detail, LineageGraph, NodeLineage, Seen
from dbt_schema_evolve.records.lineage_states import ColumnType, GraphSeen, LineageState


class DictLineageStates:
    """Keeps every graph as it came."""

    def __init__(self) -> None:
        self._graphs: dict[LineageState, LineageGraph] = {}

    def add(self, state: LineageState, graph: LineageGraph) -> bool:
        if self._graphs and state.generated_at <= self.states()[-1].generated_at:
            return False
        self._graphs[state] = graph
        return True

    def states(self) -> tuple[LineageState, ...]:
        return tuple(self._graphs)

    def graph_at(self, state: LineageState, nodes: Collection[str] | None = None) -> LineageGraph:
        graph = self._graphs[state]
        kept = {node.id for node in graph.nodes} if nodes is None else nodes
        return replace(
            graph,
            nodes=tuple(n for n in graph.nodes if n.id in kept),
            relation_edges=tuple(e for e in graph.relation_edges if e.target in kept),
            column_edges=tuple(e for e in graph.column_edges if e.target in kept),
            indirect_edges=tuple(e for e in graph.indirect_edges if e.target in kept),
            queries=(),
            consumers=(),
            conflicts=(),
            skips=(),
        )

    def last_known(self, nodes: Collection[str]) -> dict[str, NodeLineage]:
        found: dict[str, NodeLineage] = {}
        for state, graph in self._graphs.items():
            compiled = {n.id for n in graph.nodes if n.detail is Detail.COLUMNS and n.id in nodes}
            found |= node_lineages(self.graph_at(state, compiled))
        return found

    def touched(self, before: LineageState, after: LineageState) -> frozenset[str]:
        states = self.states()
        first, last = sorted((before, after), key=states.index)
        between = states[states.index(first) : states.index(last) + 1]
        nodes = {node.id for state in between for node in self._graphs[state].nodes}
        return frozenset(
            node
            for node in nodes
            if any(self.graph_at(first, {node}) != self.graph_at(s, {node}) for s in between)
        )

    def seen(self) -> GraphSeen:
        return GraphSeen(
            nodes=self._seen(lambda g: (n.id for n in g.nodes)),
            columns=self._seen(lambda g: ((n.id, c.name) for n in g.nodes for c in n.columns)),
            relation_edges=self._seen(lambda g: ((e.source, e.target) for e in g.relation_edges)),
            column_edges=self._seen(
                lambda g: (
                    (e.source, e.source_column, e.target, e.target_column) for e in g.column_edges
                )
            ),
            indirect_edges=self._seen(
                lambda g: (
                    (e.source, e.source_column, e.target, e.kind.value) for e in g.indirect_edges
                )
            ),
        )

    def type_history(self, node: str, column: str) -> tuple[ColumnType, ...]:
        found: list[ColumnType] = []
        for state, graph in self._graphs.items():
            for kind in (
                c.type for n in graph.nodes if n.id == node for c in n.columns if c.name == column
            ):
                if found and found[-1].type == kind:
                    seen = Seen(found.pop().seen.first, state.generated_at)
                    found.append(ColumnType(kind, seen))
                elif kind:
                    found.append(ColumnType(kind, Seen(state.generated_at, state.generated_at)))
        return tuple(found)

    def _seen(self, keys: Callable[[LineageGraph], Iterable[Any]]) -> dict[Any, Seen]:
        found: dict[Any, Seen] = {}
        newest: set[Any] = set()
        for state, graph in self._graphs.items():
            newest = set(keys(graph))
            for key in newest:
                first = found[key].first if key in found else state.generated_at
                found[key] = Seen(first, state.generated_at)
        return {key: seen for key, seen in found.items() if key in newest}
