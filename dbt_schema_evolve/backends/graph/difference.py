"""What has to be written for a database to hold a graph; nothing where it already does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import NamedTuple, TypeVar

import msgspec

from dbt_schema_evolve.ports import PushCounts, PushResult
from dbt_schema_evolve.records.property_graph import Edge, EdgeLabel, PropertyGraph, Vertex

Element = TypeVar("Element", Vertex, Edge)
Item = TypeVar("Item")
_encoder = msgspec.msgpack.Encoder(order="sorted")


class HeldEdge(NamedTuple):
    """An edge in the database: enough to tell whether it changed, and to find it again."""

    key: str
    label: EdgeLabel
    source: str
    digest: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What to write and what to delete; in this order no state in between lacks an edge's end."""

    vertices: tuple[Vertex, ...] = ()
    edges: tuple[Edge, ...] = ()
    gone_edges: tuple[HeldEdge, ...] = ()
    gone_vertices: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many elements it touches."""
        return sum(map(len, (self.vertices, self.edges, self.gone_edges, self.gone_vertices)))


def difference(
    graph: PropertyGraph, vertices: Mapping[str, str], edges: Mapping[str, HeldEdge]
) -> tuple[Difference, PushResult]:
    """Compare a graph with what is held: digests of vertices, and edges, by key."""
    digests = {key: edge.digest for key, edge in edges.items()}
    changed_vertices, vertex_counts = _compared(graph.vertices, vertices)
    changed_edges, edge_counts = _compared(graph.edges, digests)
    wanted_vertices = {vertex.key for vertex in graph.vertices}
    wanted_edges = {edge.key for edge in graph.edges}
    return (
        Difference(
            changed_vertices,
            changed_edges,
            tuple(edges[key] for key in sorted(edges.keys() - wanted_edges)),
            tuple(sorted(vertices.keys() - wanted_vertices)),
        ),
        PushResult(vertex_counts, edge_counts),
    )


def digest(element: Vertex | Edge) -> str:
    """Return 64 bits of all that is said of a vertex or an edge: no more than to see a change."""
    return blake2b(_encoder.encode(element), digest_size=8).hexdigest()


def parts(found: Difference, most: int) -> Iterator[Difference]:
    """Cut a difference that touches more than so many elements, in the order to apply the parts."""
    if found.size <= most:
        yield found
        return
    yield from (Difference(vertices=some) for some in batched(found.vertices, most))
    yield from (Difference(edges=some) for some in batched(found.edges, most))
    yield from (Difference(gone_edges=some) for some in batched(found.gone_edges, most))
    yield from (Difference(gone_vertices=some) for some in batched(found.gone_vertices, most))


def batched(items: Sequence[Item], most: int) -> Iterator[tuple[Item, ...]]:
    """Cut a sequence into pieces; an empty one has none."""
    rest = iter(items)
    while batch := tuple(islice(rest, most)):
        yield batch


def _compared(
    wanted: Sequence[Element], held: Mapping[str, str]
) -> tuple[tuple[Element, ...], PushCounts]:
    changed = tuple(each for each in wanted if held.get(each.key) != digest(each))
    written = sum(each.key not in held for each in changed)
    deleted = len(held) - (len(wanted) - written)
    updated = len(changed) - written
    return changed, PushCounts(written, updated, deleted, len(wanted) - len(changed))
