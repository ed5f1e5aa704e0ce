"""What jobs report, put beside what the SQL says: agreed, added, or in conflict."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from dbt_schema_evolve.lineage.reported.claims import Claim, Claims
from dbt_schema_evolve.lineage.reported.contradictions import conflicts
from dbt_schema_evolve.lineage.reported.datasets import Datasets
from dbt_schema_evolve.lineage.reported.known import KnownEdges
from dbt_schema_evolve.lineage.reported.reported_nodes import jobs_of, nodes_with
from dbt_schema_evolve.lineage.reported.reports import runs, told
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.etl import Home, SeenReport
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    IndirectEdge,
    LineageGraph,
    Origin,
    RelationEdge,
)
from dbt_schema_evolve.records.workload import Skip

_Edge = TypeVar("_Edge", RelationEdge, ColumnEdge, IndirectEdge)


def with_events(
    graph: LineageGraph, reports: Sequence[SeenReport], schema: LineageSchema, home: Home
) -> LineageGraph:
    """Return the graph with what jobs report; edges that SQL gives, too, have the origin `BOTH`.

    Of each job and output the newest run counts. Where SQL and an event contradict each other
    the edges of both are there, and a `Conflict` says so.
    """
    if not reports:
        return graph
    found = runs(reports)
    datasets = Datasets(
        graph, schema, home, [each for run in found for each in (*run.inputs, *run.outputs)]
    )
    nodes = {node.id: node for node in graph.nodes}
    known = KnownEdges(graph)
    claims: list[Claim] = []
    skips: set[Skip] = {*graph.skips}
    read = Claims(nodes, known, schema, datasets)
    for each in told(found):
        for outcome in read.of(each):
            if isinstance(outcome, Skip):
                skips.add(outcome)
            else:
                claims.append(outcome)

    skips |= {
        Skip(
            namespace,
            f"has a {name.name} as the warehouse does; if it is the same server, list it in "
            "vars.schema_evolve.openlineage_namespaces",
        )
        for namespace, name in datasets.look_alikes.items()
    }
    edges = _Edges(known)
    for claim in claims:
        edges.add(claim)
    merged = replace(
        graph,
        relation_edges=tuple(
            sorted(
                edges.united(graph.relation_edges, edges.relations),
                key=lambda edge: (edge.target, edge.source),
            )
        ),
        column_edges=tuple(
            sorted(edges.united(graph.column_edges, edges.columns.values()), key=_by_target)
        ),
        indirect_edges=tuple(
            sorted(
                edges.united(graph.indirect_edges, edges.indirect),
                key=lambda edge: (edge.target, edge.source, edge.source_column, edge.kind),
            )
        ),
        jobs=jobs_of(found, reports, datasets),
        conflicts=tuple(
            sorted(
                {c for claim in claims for c in conflicts(claim, known, nodes.get(claim.target))}
                | {*graph.conflicts}
            )
        ),
        skips=tuple(sorted(skips, key=lambda skip: (skip.subject, skip.reason))),
    )
    return replace(merged, nodes=nodes_with(merged, found, datasets, schema))


class _Edges:
    """What claims add to the known edges, and which of these they confirm."""

    def __init__(self, known: KnownEdges) -> None:
        self._known = known
        self._confirmed: set[RelationEdge | ColumnEdge | IndirectEdge] = set()
        self.relations: set[RelationEdge] = set()
        self.columns: dict[tuple[str, str, str, str], ColumnEdge] = {}
        self.indirect: set[IndirectEdge] = set()

    def add(self, claim: Claim) -> None:
        """Add the edges of one claim."""
        reads = self._known.reads(claim.target)
        for source in claim.reads:
            if source in reads:
                self._confirmed |= reads[source]
            elif claim.is_exact or not reads:
                self.relations.add(RelationEdge(source, claim.target, Origin.REPORTED))
        for edge in claim.column_edges:
            known = self._known.columns(edge.target, edge.target_column)
            same = known.get((edge.source, edge.source_column))
            if same:
                self._confirmed |= same
            else:
                held = self.columns.setdefault(edge[:4], edge)
                self.columns[edge[:4]] = min(held, edge)
        decides = self._known.indirect(claim.target)
        for row in claim.indirect_edges:
            alike = {
                edge
                for edge in decides.get((row.source, row.source_column), ())
                if edge.kind is row.kind
            }
            if alike:
                self._confirmed |= alike
            else:
                self.indirect.add(row)

    def united(self, held: Iterable[_Edge], new: Iterable[_Edge]) -> set[_Edge]:
        """Return the held edges with their new origin, and the new ones."""
        agreed = {
            edge._replace(origin=Origin.BOTH) if edge in self._confirmed else edge for edge in held
        }
        return agreed.union(new)


def _by_target(edge: ColumnEdge) -> tuple[str, ...]:
    return (
        edge.target, edge.target_column, edge.source, edge.source_column, edge.kind,
        edge.expression,
    )  # fmt: skip
