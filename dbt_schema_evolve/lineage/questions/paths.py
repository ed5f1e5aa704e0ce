"""How one place leads to another: every shortest way, by values or by a say about rows."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from dbt_schema_evolve.lineage.questions.traverse import (
    ROWS,
    Edge,
    Traversal,
    Vertex,
    follow_values,
    source,
)
from dbt_schema_evolve.records.answers import Effect, Hop, Paths

MOST = 20  # paths that are spelled out: a screenful


def paths(traversal: Traversal, start: Vertex, end: Vertex, most: int = MOST) -> Paths:
    """Return the shortest ways from start to end; a node stands for any of its columns.

    Where no values arrive, the start may still decide about the rows of the end.
    """
    for effect, starts, ends, follow in _tries(traversal, start, end):
        distance = traversal.ahead(starts, follow)
        reached = [vertex for vertex in ends if distance.get(vertex)]
        if not reached:
            continue
        nearest = min(distance[vertex] for vertex in reached)
        last = sorted(vertex for vertex in reached if distance[vertex] == nearest)
        count, spelled_out = _spelled_out(traversal, distance, last, most)
        return Paths(
            traversal.place(start), traversal.place(end), effect, count, spelled_out,
            other_way=False, nodes_only=False,
        )  # fmt: skip
    return Paths(
        traversal.place(start), traversal.place(end), None, 0, (),
        other_way=leads(traversal, end, start),
        nodes_only=leads(traversal, (start[0], ROWS), (end[0], ROWS)),
    )  # fmt: skip


def leads(traversal: Traversal, start: Vertex, end: Vertex) -> bool:
    """Whether values of the start, or a say about rows, arrive at the end."""
    return any(
        any(traversal.ahead(starts, follow).get(vertex) for vertex in ends)
        for _, starts, ends, follow in _tries(traversal, start, end)
    )


def _tries(
    traversal: Traversal, start: Vertex, end: Vertex
) -> Iterator[tuple[Effect, Collection[Vertex], Collection[Vertex], Callable[[Edge], bool]]]:
    if start[1] != ROWS or end[1] != ROWS:
        yield Effect.VALUES, _columns(traversal, start), _columns(traversal, end), follow_values
    yield Effect.ROWS, [start], [(end[0], ROWS)], lambda _: True


def _columns(traversal: Traversal, vertex: Vertex) -> Collection[Vertex]:
    node, column = vertex
    return [vertex] if column != ROWS else [(node, each) for each in traversal.columns_of(node)]


def _spelled_out(
    traversal: Traversal, distance: Mapping[Vertex, int], ends: Sequence[Vertex], most: int
) -> tuple[int, tuple[tuple[Hop, ...], ...]]:
    """Count the ways first, as there may be more than anybody can write down."""
    before: dict[Vertex, dict[Vertex, list[Hop]]] = {}
    counts: dict[Vertex, int] = {}
    relevant, front = list(ends), list(ends)
    while front:
        for vertex in front:
            before[vertex] = _before(traversal, distance, vertex)
        front = sorted({one for vertex in front for one in before[vertex]} - before.keys())
        relevant += front
    for vertex in sorted(relevant, key=lambda each: distance[each]):
        counts[vertex] = sum(counts[one] for one in before[vertex]) or 1

    found: list[tuple[Hop, ...]] = []
    unfinished: list[tuple[Vertex, tuple[Hop, ...]]] = [(end, ()) for end in reversed(ends)]
    while unfinished and len(found) < most:
        vertex, rest = unfinished.pop()
        if not distance[vertex]:
            found.append(rest)
        for one in sorted(before[vertex], reverse=True):
            unfinished.append((one, (_merged(before[vertex][one]), *rest)))
    return sum(counts[end] for end in ends), tuple(found)


def _before(
    traversal: Traversal, distance: Mapping[Vertex, int], vertex: Vertex
) -> dict[Vertex, list[Hop]]:
    """Return the edges of shortest ways into a vertex, by where they begin."""
    found: dict[Vertex, list[Hop]] = {}
    for edge in traversal.edges_into(vertex):
        if distance.get(source(edge)) == distance[vertex] - 1:
            found.setdefault(source(edge), []).append(traversal.hop(edge))
    return found


def _merged(hops: Sequence[Hop]) -> Hop:
    """Return edges between the same two places as one."""
    kinds = ", ".join(sorted(hop.kind for hop in hops))
    return Hop(hops[0].source, hops[0].target, kinds, hops[0].expression)
