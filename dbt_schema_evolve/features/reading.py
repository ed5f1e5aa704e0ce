"""What each subject reads, which no cut-off changes."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.known_rows import relation_id
from dbt_schema_evolve.features.stored_graph import StoredGraph
from dbt_schema_evolve.features.subjects import Subject
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import ColumnUse, QueryUses


@dataclass(frozen=True, slots=True)
class Reading:
    """What one subject reads."""

    relations: frozenset[RelationName]  # stored, behind views
    starts: frozenset[str]  # their lineage node ids, without the subject's own
    nodes: frozenset[str]  # lineage node ids of all that it names, and its own
    uses: frozenset[ColumnUse]


def readings(
    subjects: Iterable[Subject], facts: Facts, graph: StoredGraph
) -> Mapping[str, Reading]:
    """Return by subject what lineage knows of it; of a model without SQL the graph knows some."""
    named = {node.id: node.relation for node in facts.graph.nodes if node.relation is not None}
    return {
        subject.name: _of_statement(subject, facts.uses[subject.name], facts.ids)
        if subject.name in facts.uses
        else _of_node(subject, graph, named)
        for subject in subjects
    }


def _of_statement(subject: Subject, uses: QueryUses, ids: Mapping[RelationName, str]) -> Reading:
    starts = {relation_id(each, ids) for each in uses.base_relations}
    nodes = {ids[each] for each in uses.base_relations | uses.reads | uses.views if each in ids}
    return Reading(
        uses.base_relations,
        frozenset(starts - {subject.name}),
        frozenset({subject.name, *nodes}),
        uses.uses,
    )


def _of_node(subject: Subject, graph: StoredGraph, named: Mapping[str, RelationName]) -> Reading:
    above: Collection[str] = [edge.source for edge in graph.into(subject.name)]
    return Reading(
        frozenset(named[node] for node in above if node in named),
        frozenset(above),
        frozenset({subject.name, *above}),
        frozenset(),
    )
