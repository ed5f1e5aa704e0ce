"""The edges that SQL gives, to be looked up by what an event says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    IndirectEdge,
    LineageGraph,
    Origin,
    RelationEdge,
)
from dbt_schema_evolve.records.relations import RelationName

ColumnKey = tuple[str, str]
_Edge = TypeVar("_Edge", RelationEdge, ColumnEdge, IndirectEdge)


class KnownEdges:
    """Edges by target and source; those that only events gave are not among them.

    Who parses the SQL that dbt sends sees no ephemeral models, only what they are made from: an
    edge from an ephemeral model is found under the columns behind it, too. And of a source that is
    another node's relation events can only name the relation.
    """

    def __init__(self, graph: LineageGraph) -> None:
        self._ephemeral = {
            node.id for node in graph.nodes if node.kind == "model" and node.relation is None
        }
        by_relation: dict[RelationName, set[str]] = defaultdict(set)
        for node in graph.nodes:
            if node.relation is not None:
                by_relation[node.relation].add(node.id)
        self._same = {each: ids for ids in by_relation.values() if len(ids) > 1 for each in ids}
        self._relations: dict[str, list[RelationEdge]] = defaultdict(list)
        self._columns: dict[ColumnKey, list[ColumnEdge]] = defaultdict(list)
        self._used: dict[str, set[ColumnKey]] = defaultdict(set)
        self._indirect: dict[str, list[IndirectEdge]] = defaultdict(list)
        for relation_edge in _from_sql(graph.relation_edges):
            self._relations[relation_edge.target].append(relation_edge)
        for edge in _from_sql(graph.column_edges):
            self._columns[edge.target, edge.target_column].append(edge)
            self._used[edge.target].add((edge.source, edge.source_column))
        for indirect_edge in _from_sql(graph.indirect_edges):
            self._indirect[indirect_edge.target].append(indirect_edge)

    def has_columns(self, target: str) -> bool:
        """Return whether SQL says what the columns of a node are made from."""
        return target in self._used

    def reads(self, target: str) -> Mapping[str, set[RelationEdge]]:
        """Return the edges into a node by every node that may be meant."""
        found: dict[str, set[RelationEdge]] = defaultdict(set)
        for edge in self._relations[target]:
            for source in self._behind(edge.source):
                found[source].add(edge)
        return found

    def columns(self, target: str, column: str) -> Mapping[ColumnKey, set[ColumnEdge]]:
        """Return the edges into a column by every column that may be meant."""
        found: dict[ColumnKey, set[ColumnEdge]] = defaultdict(set)
        for edge in self._columns[target, column]:
            for source in self._columns_behind(edge.source, edge.source_column):
                found[source].add(edge)
        return found

    def used(self, target: str) -> set[ColumnKey]:
        """Return every column that the SQL of a node uses, in whatever way."""
        direct = (key for used in self._used[target] for key in self._columns_behind(*used))
        return {*direct, *self.indirect(target)}

    def indirect(self, target: str) -> Mapping[ColumnKey, set[IndirectEdge]]:
        """Return the indirect edges into a node, and into the ephemeral models that it reads."""
        found: dict[ColumnKey, set[IndirectEdge]] = defaultdict(set)
        inlined = {each for each in self.reads(target) if each in self._ephemeral}
        for node in {target, *inlined}:
            for edge in self._indirect[node]:
                for source in self._columns_behind(edge.source, edge.source_column):
                    found[source].add(edge)
        return found

    def _behind(self, node: str) -> set[str]:
        found: set[str] = set()
        waiting = [node]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += self._same.get(each, ())
                if each in self._ephemeral:
                    waiting += [edge.source for edge in self._relations[each]]
        return found

    def _columns_behind(self, node: str, column: str) -> set[ColumnKey]:
        found: set[ColumnKey] = set()
        waiting = [(node, column)]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                if each[0] in self._ephemeral:
                    waiting += [(e.source, e.source_column) for e in self._columns[each]]
        return found


def _from_sql(edges: Iterable[_Edge]) -> Iterator[_Edge]:
    return (edge for edge in edges if edge.origin is not Origin.REPORTED)
