"""Nodes that only changed their name between two states of the graph."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace

from dbt_schema_evolve.lineage.states.node_lineages import node_lineages
from dbt_schema_evolve.records.lineage import LineageGraph


def renamed_nodes(before: LineageGraph, after: LineageGraph) -> dict[str, str]:
    """Return the new id of each renamed node by its old one, where there can be no doubt.

    One that is gone and one that is new must say the same of all their columns, edges and
    expressions, and no other node that is gone or new may say so too.
    """
    renamed: dict[str, str] = {}
    while True:  # a renamed model's readers are recognised once its own new name is known
        seen = with_new_names(before, renamed)
        old = {node.id for node in seen.nodes}
        new = {node.id for node in after.nodes}
        gone, come = _by_content(seen, old - new), _by_content(after, new - old)
        found = {
            gone[content][0]: come[content][0]
            for content in gone.keys() & come.keys()
            if len(gone[content]) == len(come[content]) == 1
        }
        if not found:
            return dict(sorted(renamed.items()))
        renamed |= found


def with_new_names(graph: LineageGraph, renamed: Mapping[str, str]) -> LineageGraph:
    """Return a graph in which renamed nodes have their new ids."""
    if not renamed:
        return graph

    def new(node: str) -> str:
        return renamed.get(node, node)

    return replace(
        graph,
        nodes=tuple(replace(node, id=new(node.id)) for node in graph.nodes),
        relation_edges=tuple(
            e._replace(source=new(e.source), target=new(e.target)) for e in graph.relation_edges
        ),
        column_edges=tuple(
            e._replace(source=new(e.source), target=new(e.target)) for e in graph.column_edges
        ),
        indirect_edges=tuple(
            e._replace(source=new(e.source), target=new(e.target)) for e in graph.indirect_edges
        ),
    )


def _by_content(graph: LineageGraph, nodes: Collection[str]) -> Mapping[Hashable, list[str]]:
    """Return nodes by all that is said of them; those without column edges say too little."""
    if not nodes:
        return {}
    kinds = {node.id: (node.kind, node.materialized) for node in graph.nodes}
    found: dict[Hashable, list[str]] = defaultdict(list)
    for key, lineage in node_lineages(graph).items():
        if key not in nodes or not lineage.column_edges:
            continue

        def end(node: str, key: str = key) -> str:
            return "" if node == key else node  # a model that reads itself

        content = (
            kinds[key],
            lineage.columns,
            frozenset(map(end, lineage.reads)),
            frozenset(
                (end(e.source), e.source_column, e.target_column, e.kind, e.expression)
                for e in lineage.column_edges
            ),
            frozenset((end(e.source), e.source_column, e.kind) for e in lineage.indirect_edges),
        )
        found[content].append(key)
    return found
