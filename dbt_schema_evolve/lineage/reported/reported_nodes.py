"""The vertices that events bring: jobs, and data sets that neither dbt nor a query knows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from dbt_schema_evolve.lineage.reported.datasets import Datasets
from dbt_schema_evolve.lineage.reported.reports import Run
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.etl import Named, SeenReport
from dbt_schema_evolve.records.lineage import EtlJob, LineageGraph, LineageNode
from dbt_schema_evolve.records.relations import Column


def jobs_of(
    found: Iterable[Run], reports: Iterable[SeenReport], datasets: Datasets
) -> tuple[EtlJob, ...]:
    """Return each job with what its newest run read and wrote."""
    first: dict[Named | None, list[SeenReport]] = defaultdict(list)
    for seen in reports:
        first[seen.report.job].append(seen)
    newest = {run.job: run for run in found}  # oldest first
    jobs = [
        EtlJob(
            id=f"job.{job.namespace}.{job.name}",
            name=job.name,
            producer=run.producer,
            reads=frozenset(datasets.node(each.name) for each in run.inputs),
            writes=frozenset(datasets.node(each.name) for each in run.outputs),
            first_seen=min(seen.first_seen for seen in first[job]),
            last_seen=run.last_seen,
        )
        for job, run in newest.items()
        if job is not None
    ]
    return tuple(sorted(jobs, key=lambda job: job.id))


def nodes_with(
    graph: LineageGraph, found: Sequence[Run], datasets: Datasets, schema: LineageSchema
) -> tuple[LineageNode, ...]:
    """Return the nodes of a graph, and those that its edges and jobs mention beside them."""
    told: dict[str, tuple[Column, ...]] = {}
    for dataset in (each for run in found for each in (*run.inputs, *run.outputs)):
        if dataset.columns:
            told[datasets.node(dataset.name)] = dataset.columns
    nodes = {node.id: node for node in graph.nodes}
    ends = {end for edge in graph.relation_edges for end in (edge.source, edge.target)}
    ends |= {end for edge in graph.column_edges for end in (edge.source, edge.target)}
    ends |= {key for job in graph.jobs for key in (*job.reads, *job.writes)}
    for key in ends - nodes.keys():
        relation = datasets.relations.get(key) or schema.by_id.get(key)
        if relation is not None:
            columns = schema.columns.get(relation, ())
            nodes[key] = LineageNode(key, "relation", str(relation), relation, columns)
        elif key in datasets.outside:
            nodes[key] = datasets.outside[key]
    used = _used_columns(graph)
    return tuple(_described(nodes[key], told, used) for key in sorted(nodes))


def _described(
    node: LineageNode, told: Mapping[str, tuple[Column, ...]], used: Mapping[str, set[str]]
) -> LineageNode:
    """Return a node with the columns that events tell of, where nobody else did."""
    if node.columns and not node.has_inferred_columns:
        return node
    if node.id in told:
        return replace(node, columns=told[node.id], has_inferred_columns=False)
    if node.id in used:
        columns = tuple(Column(name, "") for name in sorted(used[node.id]))
        return replace(node, columns=columns, has_inferred_columns=True)
    return node


def _used_columns(graph: LineageGraph) -> Mapping[str, set[str]]:
    used: dict[str, set[str]] = defaultdict(set)
    for edge in graph.column_edges:
        used[edge.source].add(edge.source_column)
        used[edge.target].add(edge.target_column)
    for row in graph.indirect_edges:
        used[row.source].add(row.source_column)
    return used
