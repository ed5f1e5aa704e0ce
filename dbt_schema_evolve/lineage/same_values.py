"""Which columns hold the values of which: passed on, renamed, cast, or under a foreign key."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from dbt_schema_evolve.records.lineage import EdgeKind, LineageGraph
from dbt_schema_evolve.records.relations import ColumnName, RelationName

UNCHANGED = frozenset({EdgeKind.IDENTITY, EdgeKind.RENAME, EdgeKind.CAST})

_Place = tuple[RelationName | str, str]  # a node that stores nothing is known by its id


def same_values(
    graph: LineageGraph,
    foreign_keys: Iterable[tuple[ColumnName, ColumnName]],
    columns: Iterable[ColumnName],
) -> Mapping[ColumnName, tuple[ColumnName, ...]]:
    """Return by column all others that its values reach unchanged, the nearest first.

    `foreign_keys` are pairs of the column that refers and the one that it refers to.
    """
    onward = _onward(graph, foreign_keys)
    return {column: tuple(_reached(onward, column)) for column in columns}


def _onward(
    graph: LineageGraph, foreign_keys: Iterable[tuple[ColumnName, ColumnName]]
) -> Mapping[_Place, list[_Place]]:
    names: dict[str, RelationName | str] = {
        node.id: node.relation or node.id for node in graph.nodes
    }
    onward: defaultdict[_Place, set[_Place]] = defaultdict(set)
    for edge in graph.column_edges:
        if edge.kind in UNCHANGED:
            source = names.get(edge.source, edge.source), edge.source_column
            target = names.get(edge.target, edge.target), edge.target_column
            onward[source].add(target)
    for refers, referred in foreign_keys:
        onward[referred.relation, referred.column].add((refers.relation, refers.column))
    return {place: sorted(ends, key=repr) for place, ends in onward.items()}


def _reached(onward: Mapping[_Place, list[_Place]], column: ColumnName) -> Iterable[ColumnName]:
    start: _Place = (column.relation, column.column)
    seen: set[_Place] = {start}
    waiting = deque([start])
    while waiting:
        for place in onward.get(waiting.popleft(), ()):
            if place not in seen:
                seen.add(place)
                waiting.append(place)
                relation, name = place
                if isinstance(relation, RelationName):
                    yield ColumnName(relation, name)
