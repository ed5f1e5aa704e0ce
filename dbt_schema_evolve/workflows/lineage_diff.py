"""What changed in the flow of data between two states, or two sets of artifacts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from dbt_schema_evolve.lineage.graph import build_graph, project_schema
from dbt_schema_evolve.lineage.resolution import Resolve, resolve_in_order
from dbt_schema_evolve.lineage.states.diff import lineage_changes
from dbt_schema_evolve.lineage.states.state_refs import state_name
from dbt_schema_evolve.ports import LineageStates
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.lineage_changes import DatedChanges, LineageDiff
from dbt_schema_evolve.records.lineage_states import LineageState
from dbt_schema_evolve.records.relations import Column
from dbt_schema_evolve.workflows.ingest import ReadArtifacts
from dbt_schema_evolve.workflows.lineage import columns_of


@dataclass(frozen=True, slots=True)
class KeptState:
    """A state that the history holds."""

    states: LineageStates
    state: LineageState


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """The artifacts of another commit or another run; no history need know of them."""

    path: str
    read: ReadArtifacts


Moment = KeptState | ArtifactFolder


def lineage_diff(before: Moment, after: Moment, resolve: Resolve = resolve_in_order) -> LineageDiff:
    """Compare two moments of the graph."""
    if isinstance(before, KeptState) and isinstance(after, KeptState):
        nodes = before.states.touched(before.state, after.state)
        graphs = [moment.states.graph_at(moment.state, nodes) for moment in (before, after)]
    else:
        graphs = [_graph(before, after, resolve), _graph(after, before, resolve)]
    return LineageDiff(_name(before), _name(after), lineage_changes(*graphs))


def changes_by_state(states: LineageStates, since: datetime) -> tuple[DatedChanges, ...]:
    """Return what each state after an instant changed of the one before it, oldest first."""
    held = states.states()
    first = next((at for at, state in enumerate(held) if state.generated_at > since), len(held))
    kept = [KeptState(states, state) for state in held[max(first - 1, 0) :]]
    return tuple(
        DatedChanges(after.state.generated_at, lineage_diff(before, after).changes)
        for before, after in pairwise(kept)
    )


def _graph(moment: Moment, other: Moment, resolve: Resolve) -> LineageGraph:
    """Return the graph of a moment.

    Columns of sources and seeds that a folder's own catalog leaves open are taken from the other
    moment: a `*` over them can then be spelled out, and nothing is said to have changed.
    """
    if isinstance(moment, KeptState):
        return moment.states.graph_at(moment.state)
    project = moment.read.project
    relations = {
        node.unique_id: node.relation
        for node in (*project.sources, *project.nodes)
        if node.resource_type in {"source", "seed"} and node.relation is not None
    }
    columns = {relations[key]: told for key, told in _told(other, relations).items()}
    columns |= {table.relation: columns_of(table) for table in moment.read.tables}
    return build_graph(project, project_schema(project, columns), resolve=resolve)


def _told(moment: Moment, nodes: Mapping[str, object]) -> dict[str, tuple[Column, ...]]:
    """Return the columns that a moment knows of some nodes."""
    if isinstance(moment, ArtifactFolder):
        tables = moment.read.tables
        return {table.unique_id: columns_of(table) for table in tables if table.unique_id in nodes}
    return {
        node.id: node.columns
        for node in moment.states.graph_at(moment.state, nodes.keys()).nodes
        if node.columns and not node.has_inferred_columns
    }


def _name(moment: Moment) -> str:
    if isinstance(moment, KeptState):
        return state_name(moment.state)
    return f"{moment.path}, invocation {moment.read.project.invocation_id}"
