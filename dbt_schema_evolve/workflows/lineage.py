"""What flows into what, and to whom: artifacts and query history put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.ingest.deltas import query_stats, statements
from dbt_schema_evolve.ingest.fingerprint import fingerprint, is_ours
from dbt_schema_evolve.ingest.tags import tags
from dbt_schema_evolve.lineage.graph import build_graph
from dbt_schema_evolve.lineage.queries import query_uses
from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.project import Project
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import (
    QueryStat,
    QueryUses,
    Skip,
    Statement,
    StatementSnapshot,
)


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph, and the facts about queries that it was made from."""

    project: Project
    schema: LineageSchema
    graph: LineageGraph
    statements: tuple[Statement, ...]
    uses: Mapping[str, QueryUses]  # by fingerprint
    stats: tuple[QueryStat, ...]
    skips: tuple[Skip, ...]


def lineage_schema(
    project: Project, catalog: Catalog, search_path: Sequence[str] = ("public",)
) -> LineageSchema:
    """Return what names mean in this warehouse."""
    columns: dict[RelationName, tuple[Column, ...]] = {}
    for shape in (*catalog.tables, *catalog.views):
        columns[shape.relation] = shape.columns
    owners = {
        node.relation: node.unique_id
        for node in (*project.nodes, *project.sources)
        if node.relation is not None
    }
    views = {view.relation: view.definition for view in catalog.views}
    return LineageSchema(columns, views, tuple(search_path), owners)


def read_lineage(
    project: Project,
    catalog: Catalog,
    snapshots: Iterable[StatementSnapshot],
    search_path: Sequence[str],
) -> Lineage:
    """Put a project, a warehouse's schema and its query history together."""
    schema = lineage_schema(project, catalog, search_path)
    theirs = [snapshot for snapshot in snapshots if not is_ours(snapshot.text)]
    found = statements(theirs, fingerprint, tags)
    stats = query_stats(theirs, fingerprint)
    uses: dict[str, QueryUses] = {}
    skips: list[Skip] = []
    for statement in found:
        outcome = query_uses(statement.fingerprint, statement.text, schema)
        if isinstance(outcome, QueryUses):
            uses[statement.fingerprint] = outcome
        else:
            skips.append(outcome)
    graph = build_graph(project, schema.columns, found, uses, stats)
    return Lineage(project, schema, graph, found, uses, stats, (*graph.skips, *skips))
