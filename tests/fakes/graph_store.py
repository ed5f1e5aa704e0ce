"""A graph database in memory, which passes the same contract as the real ones."""

from collections import defaultdict
from types import TracebackType
from typing import Self

from dbt_schema_evolve.ports import PushCounts, PushResult
from dbt_schema_evolve.records.property_graph import Edge, EdgeLabel, PropertyGraph, Value, Vertex


class DictGraphStore:
    """Keeps one graph a project."""

    def __init__(self) -> None:
        self._graphs: dict[str, PropertyGraph] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def replace(self, graph: PropertyGraph) -> PushResult:
        for each in (*graph.vertices, *graph.edges):
            if not all(isinstance(value, Value) for value in each.properties.values()):
                raise TypeError(each)
        held = self.read(graph.project)
        self._graphs[graph.project] = graph
        return PushResult(_counts(held.vertices, graph.vertices), _counts(held.edges, graph.edges))

    def read(self, project: str) -> PropertyGraph:
        return self._graphs.get(project, PropertyGraph(project, (), ()))

    def downstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        return self._reached(start, along, depth, backwards=False)

    def upstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        return self._reached(start, along, depth, backwards=True)

    def _reached(
        self, start: str, along: EdgeLabel, depth: int | None, *, backwards: bool
    ) -> tuple[str, ...]:
        beside: dict[str, set[str]] = defaultdict(set)
        for held in self._graphs.values():
            for edge in held.edges:
                if edge.label == along:
                    one, other = (edge.source, edge.target)[:: -1 if backwards else 1]
                    beside[one].add(other)
        far = {start: 0}
        waiting = [start]
        for key in waiting:
            if depth is None or far[key] < depth:
                new = beside[key] - far.keys()
                far.update(dict.fromkeys(new, far[key] + 1))
                waiting += new
        return tuple(sorted(far.keys() - {start}))


def _counts(before: tuple[Vertex | Edge, ...], after: tuple[Vertex | Edge, ...]) -> PushCounts:
    old, new = {each.key: each for each in before}, {each.key: each for each in after}
    same = sum(new[key] == old[key] for key in old.keys() & new.keys())
    return PushCounts(
        written=len(new.keys() - old.keys()),
        updated=len(new.keys() & old.keys()) - same,
        deleted=len(old.keys() - new.keys()),
        unchanged=same,
    )
