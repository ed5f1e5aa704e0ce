"""Keeps the lineage graph of a manifest as one more state of the graph through time."""

from datetime import UTC, datetime

from dbt_schema_evolve.lineage.graph import build_graph
from dbt_schema_evolve.lineage.resolution import Resolve, resolve_in_order
from dbt_schema_evolve.ports import CatalogSource, History
from dbt_schema_evolve.records.lineage_states import Commit, LineageState
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.ingest import ReadArtifacts
from dbt_schema_evolve.workflows.lineage import earlier_lineages, warehouse_schema


def keep_state(
    read: ReadArtifacts,
    warehouse: CatalogSource,
    history: History,
    checked_out: Commit | None = None,
    resolve: Resolve = resolve_in_order,
) -> LineageState | Skip | None:
    """Keep dbt's part of the graph; return the new state, or why there is none.

    None: the state is here already. A manifest older than the newest state is left out, because
    what changed after it has been written down already. `checked_out` is believed where the
    manifest names no commit of its own.
    """
    project, results = read.project, read.results
    instant = _instant(project.generated_at)
    if instant is None:
        return Skip("lineage", "the manifest does not say when it was made")
    told = Commit(project.git_commit) if project.git_commit else checked_out
    is_same_run = results is not None and results.invocation_id == project.invocation_id
    which = results.which if results and is_same_run else ""
    state = LineageState(project.invocation_id, instant, told, which)

    states = history.lineage.states()
    if any(
        (held.invocation_id, held.generated_at) == (state.invocation_id, instant) for held in states
    ):
        return None
    if states and instant <= states[-1].generated_at:
        return Skip(
            f"lineage of {project.invocation_id}",
            "the manifest is older than the newest that was ingested; the past is not rewritten",
        )
    schema = warehouse_schema(project, warehouse.catalog(), warehouse.search_path(), read.tables)
    earlier = earlier_lineages(project, history.lineage)
    history.lineage.add(state, build_graph(project, schema, earlier=earlier, resolve=resolve))
    return state


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
