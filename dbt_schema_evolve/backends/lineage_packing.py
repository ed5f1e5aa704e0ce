"""What was worked out for statements as compact bytes, for a file or another process.

An edge's names are held once per node, not once per edge: a fourth of the bytes, and a third of
the time to read them back.
"""

from collections.abc import Iterable

import msgspec

from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.lineage.memory import Asked, Remembered
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    NodeLineage,
    Origin,
)

_KINDS = tuple(EdgeKind)
_INDIRECT = tuple(IndirectKind)
_KIND_NUMBERS = {kind: at for at, kind in enumerate(_KINDS)}
_UNCHANGED = {EdgeKind.IDENTITY, EdgeKind.RENAME}  # such edges have no expression

_Parent = tuple[int, str, int]  # number of the source, its column, number of the kind


class _Lineage(msgspec.Struct, array_like=True, gc=False):
    columns: tuple[str, ...]
    reads: tuple[str, ...]
    sources: tuple[str, ...]
    made: list[tuple[str, str, list[_Parent]]]  # target column, expression, parents
    indirect: list[_Parent]


class _Packed(msgspec.Struct, array_like=True, gc=False):
    node: str
    digest: bytes
    asked: tuple[Asked, ...]
    reason: str
    lineage: _Lineage | None


def packed(remembered: Iterable[Remembered]) -> bytes:
    """Return bytes from which `unpacked` makes the same again."""
    with collection_paused():
        return msgspec.msgpack.encode([_packed(each) for each in remembered])


def unpacked(content: bytes) -> tuple[Remembered, ...]:
    """Return what was packed; the caller knows that these are its bytes."""
    with collection_paused():
        return tuple(map(_unpacked, msgspec.msgpack.decode(content, type=list[_Packed])))


def _packed(each: Remembered) -> _Packed:
    lineage = each.lineage
    return _Packed(
        each.node,
        each.digest,
        each.asked,
        each.reason,
        _packed_lineage(lineage) if lineage else None,
    )


def _packed_lineage(lineage: NodeLineage) -> _Lineage:
    numbers: dict[str, int] = {}
    made: dict[tuple[str, str], list[_Parent]] = {}
    expressions = {
        edge.target_column: edge.expression for edge in lineage.column_edges if edge.expression
    }
    for edge in lineage.column_edges:
        key = (edge.target_column, expressions.get(edge.target_column, ""))
        number = numbers.setdefault(edge.source, len(numbers))
        parent = (number, edge.source_column, _KIND_NUMBERS[edge.kind])
        made.setdefault(key, []).append(parent)
    indirect = [
        (
            numbers.setdefault(edge.source, len(numbers)),
            edge.source_column,
            _INDIRECT.index(edge.kind),
        )
        for edge in lineage.indirect_edges
    ]
    return _Lineage(
        lineage.columns,
        lineage.reads,
        tuple(numbers),
        [(*key, parents) for key, parents in made.items()],
        indirect,
    )


def _unpacked(each: _Packed) -> Remembered:
    lineage = _unpacked_lineage(each.node, each.lineage) if each.lineage else None
    return Remembered(each.node, each.digest, each.asked, lineage, each.reason)


def _unpacked_lineage(node: str, found: _Lineage) -> NodeLineage:
    sources = found.sources
    edges = []
    for name, expression, parents in found.made:
        for number, column, at in parents:
            kind = _KINDS[at]
            said = "" if kind in _UNCHANGED else expression
            edges.append(
                ColumnEdge._make((sources[number], column, node, name, kind, said, Origin.SQL))
            )
    return NodeLineage(
        node,
        found.columns,
        found.reads,
        tuple(edges),
        tuple(
            IndirectEdge._make((sources[number], column, node, _INDIRECT[at], Origin.SQL))
            for number, column, at in found.indirect
        ),
    )
