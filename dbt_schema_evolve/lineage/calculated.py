"""Which columns somebody calculates with, be it far downstream."""

from collections import defaultdict
from collections.abc import Collection

from dbt_schema_evolve.lineage.same_values import UNCHANGED
from dbt_schema_evolve.records.lineage import EdgeKind, LineageGraph
from dbt_schema_evolve.records.relations import ColumnName


def calculated(graph: LineageGraph, kinds: Collection[EdgeKind]) -> frozenset[ColumnName]:
    """Return the columns whose values, passed on or not, go into edges of these kinds."""
    backward: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    waiting = []
    for edge in graph.column_edges:
        source = edge.source, edge.source_column
        if edge.kind in UNCHANGED:
            backward[edge.target, edge.target_column].append(source)
        elif edge.kind in kinds:
            waiting.append(source)
    seen = set(waiting)
    while waiting:
        for place in backward[waiting.pop()]:
            if place not in seen:
                seen.add(place)
                waiting.append(place)
    relations = {node.id: node.relation for node in graph.nodes if node.relation is not None}
    return frozenset(
        ColumnName(relations[node], column) for node, column in seen if node in relations
    )
