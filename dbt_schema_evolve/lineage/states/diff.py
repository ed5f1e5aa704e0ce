"""Two states of the lineage graph -> what appeared, vanished or changed."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from dbt_schema_evolve.lineage.states.renames import renamed_nodes, with_new_names
from dbt_schema_evolve.records.lineage import Detail, LineageGraph
from dbt_schema_evolve.records.lineage_changes import Aspect, LineageChange

_ORDER = {aspect: number for number, aspect in enumerate(Aspect)}
# Their being there is what counts; what is said of them is said again, as a value.
_PRESENCES = frozenset({Aspect.NODE, Aspect.COLUMN, Aspect.RELATION_EDGE, Aspect.COLUMN_EDGE})
# Compared where both states know them: whatever has them can itself appear and vanish.
_VALUES = frozenset(
    {
        Aspect.KIND,
        Aspect.MATERIALIZATION,
        Aspect.CODE,
        Aspect.DETAIL,
        Aspect.TYPE,
        Aspect.EDGE_KIND,
        Aspect.EXPRESSION,
    }
)


class _Subject(NamedTuple):
    """What something is said of."""

    node: str
    what: Aspect
    column: str = ""
    source: str = ""
    source_column: str = ""


def lineage_changes(before: LineageGraph, after: LineageGraph) -> tuple[LineageChange, ...]:
    """Return the differences by node, the most telling first.

    What one of the states does not know is no difference: the columns of a relation that were
    only inferred from use, a type that nobody told, the edges of a model that was not understood.
    A model that was renamed is one difference, and its readers have not changed.
    """
    touched = _touched(before, after)
    before, after = _only(touched, before), _only(touched, after)
    renamed = renamed_nodes(before, after)
    before = with_new_names(before, renamed)
    vertices = (*before.nodes, *after.nodes)
    unlisted = {node.id for node in vertices if node.has_inferred_columns or not node.columns}
    opaque = {node.id for node in vertices if node.detail is Detail.RELATIONS}
    old = _sayings(before, unlisted, opaque)
    new = _sayings(after, unlisted, opaque)
    found = [
        LineageChange(new_id, Aspect.RENAMED, old_id, new_id) for old_id, new_id in renamed.items()
    ]
    for subject in old.keys() | new.keys():
        then, now = old.get(subject), new.get(subject)
        ignored = _VALUES if then is None or now is None else _PRESENCES
        if then != now and subject.what not in ignored:
            node, what, *rest = subject
            found.append(LineageChange(node, what, then, now, *rest))
    return tuple(
        sorted(found, key=lambda c: (c.node, _ORDER[c.what], c.column, c.source, c.source_column))
    )


def _touched(before: LineageGraph, after: LineageGraph) -> set[str]:
    """Return the nodes of which anything differs: nearly always few of many."""
    old = {node.id: node for node in before.nodes}
    new = {node.id: node for node in after.nodes}
    touched = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    touched |= {edge.target for edge in {*before.relation_edges} ^ {*after.relation_edges}}
    touched |= {edge.target for edge in {*before.column_edges} ^ {*after.column_edges}}
    touched |= {edge.target for edge in {*before.indirect_edges} ^ {*after.indirect_edges}}
    return touched


def _only(nodes: Collection[str], graph: LineageGraph) -> LineageGraph:
    """Return some nodes with the edges that end in them."""
    return LineageGraph(
        tuple(node for node in graph.nodes if node.id in nodes),
        tuple(edge for edge in graph.relation_edges if edge.target in nodes),
        tuple(edge for edge in graph.column_edges if edge.target in nodes),
        tuple(edge for edge in graph.indirect_edges if edge.target in nodes),
    )


def _sayings(
    graph: LineageGraph, unlisted: Collection[str], opaque: Collection[str]
) -> Mapping[_Subject, str]:
    """Return all that a graph says, in words, but for what cannot be compared."""
    said: dict[_Subject, set[str]] = defaultdict(set)
    for subject, words in _nodes(graph, unlisted):
        said[subject].add(words)
    for subject, words in _edges(graph, opaque):
        said[subject].add(words)
    return {subject: "; ".join(sorted(words)) for subject, words in said.items()}


def _nodes(graph: LineageGraph, unlisted: Collection[str]) -> Iterator[tuple[_Subject, str]]:
    for node in graph.nodes:
        yield _Subject(node.id, Aspect.NODE), node.kind
        yield _Subject(node.id, Aspect.KIND), node.kind
        if node.materialized:
            yield _Subject(node.id, Aspect.MATERIALIZATION), node.materialized
        if node.code_digest:
            yield _Subject(node.id, Aspect.CODE), node.code_digest
        # The edges of a stale node stand: it is known as well as before.
        known = Detail.RELATIONS if node.detail is Detail.RELATIONS else Detail.COLUMNS
        yield _Subject(node.id, Aspect.DETAIL), known
        for column in node.columns:
            if node.id not in unlisted:
                yield _Subject(node.id, Aspect.COLUMN, column.name), column.type
            if column.type:
                yield _Subject(node.id, Aspect.TYPE, column.name), column.type


def _edges(graph: LineageGraph, opaque: Collection[str]) -> Iterator[tuple[_Subject, str]]:
    for edge in graph.relation_edges:
        yield _Subject(edge.target, Aspect.RELATION_EDGE, "", edge.source), ""
    for flow in graph.column_edges:
        if flow.target not in opaque:
            ends = (flow.target_column, flow.source, flow.source_column)
            yield _Subject(flow.target, Aspect.COLUMN_EDGE, *ends), flow.kind
            yield _Subject(flow.target, Aspect.EDGE_KIND, *ends), flow.kind
            yield _Subject(flow.target, Aspect.EXPRESSION, *ends), flow.expression
    for use in graph.indirect_edges:
        if use.target not in opaque:
            ends = ("", use.source, use.source_column)
            yield _Subject(use.target, Aspect.INDIRECT_EDGE, *ends), use.kind
