"""Lineage graphs made by hand, by chance, and large."""

import itertools
from collections.abc import Iterable

from hypothesis import strategies as st

from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    RelationEdge,
)
from dbt_schema_evolve.records.relations import Column, RelationName

NAMES = tuple("abcdefg")
COLUMNS = ("x", "y")


def node(name: str, columns: Iterable[str] = COLUMNS, kind: str = "model") -> LineageNode:
    found = tuple(Column(column, "int") for column in columns)
    return LineageNode(f"{kind}.{name}", kind, name, RelationName("s", name), found)


def graph(*edges: str, nodes: str = "abcdefg") -> LineageGraph:
    """Read `a>b` as rows, `a.x>b.y` as values, and `a.x>b` as a filter; values bring their rows."""
    rows: set[RelationEdge] = set()
    values: list[ColumnEdge] = []
    deciding: list[IndirectEdge] = []
    for edge in edges:
        start, end = edge.split(">")
        (one, _, column), (other, _, other_column) = start.partition("."), end.partition(".")
        source, target = f"model.{one}", f"model.{other}"
        rows.add(RelationEdge(source, target))
        if other_column:
            kind = EdgeKind.IDENTITY if column == other_column else EdgeKind.RENAME
            values.append(ColumnEdge(source, column, target, other_column, kind))
        elif column:
            deciding.append(IndirectEdge(source, column, target, IndirectKind.FILTER))
    return LineageGraph(
        tuple(node(name) for name in sorted(nodes)), tuple(sorted(rows)), tuple(sorted(values)),
        tuple(sorted(deciding)),
    )  # fmt: skip


_ends = st.tuples(st.sampled_from(NAMES), st.sampled_from(("", ".x", ".y")))


def _written(ends: tuple[tuple[str, str], tuple[str, str]]) -> str:
    (one, column), (other, other_column) = ends
    return f"{one}{column}>{other}{other_column if column else ''}"


graphs = st.lists(st.tuples(_ends, _ends).map(_written), max_size=25).map(lambda e: graph(*e))
"""Graphs of few nodes and many edges, circles and loops among them."""

acyclic = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(lambda pair: pair[0] < pair[1])
).map(lambda pairs: graph(*(f"{one}>{other}" for one, other in pairs)))


def chain(length: int) -> LineageGraph:
    """Nodes in a row, each passing `x` on; longer than Python would recurse."""
    names = [f"n{number:05}" for number in range(length)]
    pairs = list(itertools.pairwise(names))
    return LineageGraph(
        tuple(node(name) for name in names),
        tuple(RelationEdge(f"model.{one}", f"model.{two}") for one, two in pairs),
        tuple(
            ColumnEdge(f"model.{one}", "x", f"model.{two}", "x", EdgeKind.IDENTITY)
            for one, two in pairs
        ),
        tuple(
            IndirectEdge(f"model.{one}", "y", f"model.{two}", IndirectKind.JOIN)
            for one, two in pairs
        ),
    )
