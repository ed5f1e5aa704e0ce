"""The lineage graph as layers, sources on the left and those who read on the right."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from dbt_schema_evolve.records.lineage import LineageGraph

MOST_NODES = 80  # more boxes than that no screen shows legibly
_BOX, _ROW, _GAP, _HEIGHT = 168, 30, 56, 22
_LETTERS = 24  # that fit a box


@dataclass(frozen=True, slots=True)
class Vertex:
    """A node of the drawing."""

    id: str
    name: str
    kind: str


def vertices(graph: LineageGraph) -> tuple[Vertex, ...]:
    """Return nodes and consumers, each once."""
    found = {node.id: Vertex(node.id, node.name, node.kind) for node in graph.nodes}
    for consumer in graph.consumers:
        found[consumer.id] = Vertex(consumer.id, consumer.name, "consumer")
    return tuple(sorted(found.values(), key=lambda vertex: vertex.id))


def edges(graph: LineageGraph) -> tuple[tuple[str, str], ...]:
    """Return who feeds whom, consumers included."""
    pairs = {(edge.source, edge.target) for edge in graph.relation_edges}
    pairs |= {(read, consumer.id) for consumer in graph.consumers for read in consumer.reads}
    known = {vertex.id for vertex in vertices(graph)}
    return tuple(sorted(pair for pair in pairs if pair[0] != pair[1] and known.issuperset(pair)))


def layers(graph: LineageGraph) -> tuple[tuple[Vertex, ...], ...]:
    """Return the vertices by their longest way from a source; consumers come last.

    Within a layer each stands near what feeds it, which spares crossings.
    """
    pairs = edges(graph)
    depth = _depths({vertex.id for vertex in vertices(graph)}, pairs)
    deepest = max(depth.values(), default=0)
    readers = {consumer.id for consumer in graph.consumers}
    last = max((depth[name] for name in depth if name not in readers), default=-1) + 1
    columns: list[list[Vertex]] = [[] for _ in range(max(deepest, last) + 1)]
    for vertex in vertices(graph):
        columns[last if vertex.id in readers else depth[vertex.id]].append(vertex)
    ordered: list[tuple[Vertex, ...]] = []
    position: dict[str, float] = {}
    for column in columns:
        feeds = {
            vertex.id: [position[one] for one, two in pairs if two == vertex.id and one in position]
            for vertex in column
        }
        column.sort(key=lambda vertex: (_mean(feeds[vertex.id]), vertex.name, vertex.id))
        position |= {vertex.id: row - len(column) / 2 for row, vertex in enumerate(column)}
        if column:
            ordered.append(tuple(column))
    return tuple(ordered)


def draw(graph: LineageGraph, marked: frozenset[str]) -> Markup:
    """Return the drawing; `marked` are the node ids that stand out."""
    columns = layers(graph)
    tallest = max((len(column) for column in columns), default=0)
    width = len(columns) * (_BOX + _GAP) - _GAP + 2
    height = tallest * _ROW + 2
    spots: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        top = (tallest - len(column)) * _ROW // 2
        for row, vertex in enumerate(column):
            spots[vertex.id] = (number * (_BOX + _GAP) + 1, top + row * _ROW + 1)
    lines = Markup("").join(_line(spots[one], spots[two]) for one, two in edges(graph))
    boxes = Markup("").join(
        _box(vertex, spots[vertex.id], vertex.id in marked)
        for column in columns
        for vertex in column
    )
    label = f"lineage of {len(spots)} nodes in {len(columns)} layers"
    return Markup(
        '<svg class="lineage" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" aria-label="{label}">{lines}{boxes}</svg>'
    ).format(width=width, height=height, label=label, lines=lines, boxes=boxes)


def _depths(ids: set[str], pairs: tuple[tuple[str, str], ...]) -> Mapping[str, int]:
    """Return the longest way from a source; a cycle's nodes stay where they were reached."""
    depth = dict.fromkeys(sorted(ids), 0)
    for _ in range(len(depth)):
        moved = False
        for one, two in pairs:
            if depth[two] <= depth[one] < len(depth) - 1:
                depth[two] = depth[one] + 1
                moved = True
        if not moved:
            break
    return depth


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _line(start: tuple[int, int], end: tuple[int, int]) -> Markup:
    x, y = start[0] + _BOX, start[1] + _HEIGHT // 2
    to_x, to_y = end[0], end[1] + _HEIGHT // 2
    bend = _GAP // 2
    return Markup('<path class="edge" d="M{} {}C{} {} {} {} {} {}"/>').format(
        x, y, x + bend, y, to_x - bend, to_y, to_x, to_y
    )


def _box(vertex: Vertex, spot: tuple[int, int], marked: bool) -> Markup:
    name = vertex.name
    short = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"
    return Markup(
        '<g class="node {kind}{mark}"><title>{full}</title>'
        '<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3"/>'
        '<text x="{tx}" y="{ty}">{short}</text></g>'
    ).format(
        kind=vertex.kind if vertex.kind in _KINDS else "other",
        mark=" marked" if marked else "",
        full=f"{vertex.kind}: {name}",
        x=spot[0],
        y=spot[1],
        width=_BOX,
        height=_HEIGHT,
        tx=spot[0] + 8,
        ty=spot[1] + 15,
        short=short,
    )


_KINDS = frozenset({"source", "seed", "snapshot", "model", "consumer"})
