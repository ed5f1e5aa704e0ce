"""What lies upstream or downstream of nodes or columns."""

from collections.abc import Collection, Iterable

from dbt_schema_evolve.lineage.questions.traverse import (
    ROWS,
    Edge,
    Follow,
    Traversal,
    Vertex,
    follow_rows,
    follow_values,
    source,
    target,
)
from dbt_schema_evolve.records.answers import Reach, Reached
from dbt_schema_evolve.records.lineage import EdgeKind, IndirectKind, RelationEdge

VALUE_KINDS = tuple(kind.value for kind in EdgeKind)
INDIRECT_KINDS = tuple(kind.value for kind in IndirectKind)


def upstream(
    traversal: Traversal,
    starts: Iterable[Vertex],
    depth: int | None = None,
    kinds: Collection[str] = (),
) -> Reach:
    """Return what the starts are made from, between nodes or between columns as they are.

    With `kinds`, only edges of these kinds between columns are followed; those that decide about
    rows are found at the starts' own nodes.
    """
    begin = sorted(starts)
    deciding = {(node, ROWS) for node, _ in begin if set(kinds) & set(INDIRECT_KINDS)}
    follow = _follow(begin, kinds)
    distance = traversal.behind([*begin, *sorted(deciding)], follow, depth)
    edges = [
        edge
        for vertex, steps in distance.items()
        if depth is None or steps < depth
        for edge in traversal.edges_into(vertex)
        if follow(edge)
    ]
    return _reach(traversal, "upstream", begin, distance, edges)


def downstream(
    traversal: Traversal,
    starts: Iterable[Vertex],
    depth: int | None = None,
    kinds: Collection[str] = (),
) -> Reach:
    """Return what is made from the starts, as `upstream` does for what they are made from.

    An edge that decides about rows ends at the rows of its node, and is not followed beyond.
    """
    begin = sorted(starts)
    follow = _follow(begin, kinds)
    distance = traversal.ahead(begin, follow, depth)
    edges = [
        edge
        for vertex, steps in distance.items()
        if depth is None or steps < depth
        for edge in traversal.edges_from(vertex)
        if follow(edge)
    ]
    return _reach(traversal, "downstream", begin, distance, edges)


def _follow(starts: Collection[Vertex], kinds: Collection[str]) -> Follow:
    if kinds:
        return lambda edge: not isinstance(edge, RelationEdge) and edge.kind.value in kinds
    return follow_values if any(column != ROWS for _, column in starts) else follow_rows


def _reach(
    traversal: Traversal,
    direction: str,
    starts: Iterable[Vertex],
    distance: dict[Vertex, int],
    edges: Iterable[Edge],
) -> Reach:
    met = {end for edge in edges for end in (source(edge), target(edge))}.union(starts)
    places = [Reached(traversal.place(v), steps) for v, steps in distance.items() if v in met]
    is_of_nodes = all(column == ROWS for _, column in starts)
    return Reach(
        direction,
        tuple(map(traversal.place, starts)),
        tuple(sorted(places, key=lambda each: (each.distance, each.place))),
        tuple(sorted({traversal.hop(edge) for edge in edges})),
        traversal.consumers_of_any(node for node, _ in distance)
        if is_of_nodes and direction == "downstream"
        else (),
    )
