"""What flows into what, and to whom: artifacts and query history put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dbt_schema_evolve.errors import ArtifactError
from dbt_schema_evolve.ingest.artifacts import read_manifest
from dbt_schema_evolve.lineage.attribution import Attribution
from dbt_schema_evolve.lineage.garbage import collected_in_batches
from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.reported.events import with_events
from dbt_schema_evolve.lineage.resolution import Resolve, resolve_in_order
from dbt_schema_evolve.lineage.sql.parsing import UTILITY, parse_once
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import SYSTEM_ONLY, query_uses
from dbt_schema_evolve.ports import History, LineageStates
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.etl import Home
from dbt_schema_evolve.records.lineage import LineageGraph, NodeLineage
from dbt_schema_evolve.records.project import CatalogTable, Project
from dbt_schema_evolve.records.relations import Column
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Skip, Statement
from dbt_schema_evolve.workflows.query_history import read_query_history

_NOT_QUERIES = frozenset({SYSTEM_ONLY, UTILITY})


@dataclass(frozen=True, slots=True)
class Lineage:
    """The graph, and the facts about queries that it was made from."""

    project: Project
    schema: LineageSchema
    graph: LineageGraph
    statements: tuple[Statement, ...]
    uses: Mapping[str, QueryUses]  # by fingerprint
    stats: tuple[QueryStat, ...]  # without those that forecasts must not compare with the rest
    skips: tuple[Skip, ...]

    @property
    def labels(self) -> dict[str, str]:
        """The text of each fingerprint, in one line."""
        return {each.fingerprint: " ".join(each.text.split()) for each in self.statements}


def read_lineage(
    history: History,
    catalog: Catalog,
    search_path: Sequence[str] = ("public",),
    resolve: Resolve = resolve_in_order,
    home: Home | None = None,
) -> Lineage:
    """Put the newest manifest, a warehouse's schema and its query history together.

    `resolve` works the models' statements out; one that remembers saves most of the time.
    `home` is what OpenLineage events call the warehouse; without it they are not looked at.
    Raises ArtifactError where no manifest has been ingested.
    """
    artifact = history.latest_artifact("manifest")
    if artifact is None:
        raise ArtifactError(
            "the history holds no manifest",
            remedy="run `schema-evolve ingest` after `dbt build`",
        )
    project = read_manifest(artifact.content, "the manifest in the history")
    schema = warehouse_schema(project, catalog, search_path)
    queries = read_query_history(history)
    attribution = Attribution(schema)
    found: list[Statement] = []
    uses: dict[str, QueryUses] = {}
    skips: list[Skip] = []
    outcomes = collected_in_batches(
        lambda each: query_uses(each.fingerprint, each.text, schema, parse_once),
        queries.statements,
    )
    for statement, outcome in zip(queries.statements, outcomes, strict=True):
        if isinstance(outcome, QueryUses):
            uses[statement.fingerprint] = outcome
        elif outcome.reason not in _NOT_QUERIES:
            skips.append(outcome)
        writes = outcome.writes if isinstance(outcome, QueryUses) else None
        found.append(replace(statement, node_id=attribution.node_id(statement, writes)))
    stats = (*queries.stats, *queries.more)
    earlier = earlier_lineages(project, history.lineage)
    graph = build_graph(project, schema, found, uses, stats, earlier, resolve)
    if home is not None:
        graph = with_events(graph, history.seen_reports(), schema, home)
    return Lineage(
        project, schema, graph, tuple(found), uses, queries.stats,
        (*graph.skips, *skips, *queries.skips),
    )  # fmt: skip


def warehouse_schema(
    project: Project,
    catalog: Catalog,
    search_path: Sequence[str],
    tables: Iterable[CatalogTable] = (),
) -> LineageSchema:
    """Return what names mean; `tables` speak for relations that the warehouse does not have."""
    columns = {table.relation: columns_of(table) for table in tables}
    columns |= {table.relation: table.columns for table in catalog.tables}
    columns |= {view.relation: view.columns for view in catalog.views}
    views = {view.relation: view.definition for view in catalog.views}
    return project_schema(project, columns, views, tuple(search_path))


def columns_of(table: CatalogTable) -> tuple[Column, ...]:
    """Return what `catalog.json` says of a relation's columns."""
    return tuple(Column(name, kind) for name, kind in table.columns)


def earlier_lineages(project: Project, states: LineageStates) -> Mapping[str, NodeLineage]:
    """Return what was last known of the nodes that a manifest holds no compiled code of."""
    missing = {node.unique_id for node in project.nodes if node.compiled_code is None}
    return states.last_known(missing) if missing and states.states() else {}
