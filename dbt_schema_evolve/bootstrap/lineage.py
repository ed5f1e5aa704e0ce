"""What the verbs of lineage need of the world: questions, states, events and graph databases."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.artifact_files import artifact_files
from dbt_schema_evolve.backends.event_receiver import EventReceiver
from dbt_schema_evolve.backends.home import home_of
from dbt_schema_evolve.backends.lineage_workers import in_processes
from dbt_schema_evolve.backends.state_dir import make_state_dir
from dbt_schema_evolve.bootstrap.app import App
from dbt_schema_evolve.bootstrap.graph_stores import GraphAddress, graph_store
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.lineage.memory import Memory
from dbt_schema_evolve.lineage.states.state_refs import LATEST, PREVIOUS, find_state
from dbt_schema_evolve.ports import PushResult
from dbt_schema_evolve.records.answers import NodeView
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.lineage_changes import LineageDiff
from dbt_schema_evolve.report.openlineage import openlineage_lines
from dbt_schema_evolve.workflows.ask_lineage import Questions, ask, past_of
from dbt_schema_evolve.workflows.ingest import read_artifacts
from dbt_schema_evolve.workflows.lineage_diff import ArtifactFolder, KeptState, lineage_diff
from dbt_schema_evolve.workflows.push_lineage import push_lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse


@dataclass(frozen=True, slots=True)
class ProjectLineage:
    """A project's lineage, to be asked, compared, written out and fed."""

    app: App

    def questions(self) -> Questions:
        """Return the lineage as something to ask; the history will do where no warehouse is."""
        with self.app.history() as history:
            try:
                with self.app.warehouse() as warehouse:
                    return ask(self.app.lineage(history, warehouse), history)
            except WarehouseError as error:
                lineage = self.app.lineage(history, RememberedWarehouse(history))
                note = f"{error.problem}: columns are those of the last capture and catalog.json"
                return replace(ask(lineage, history), note=note)

    def with_past(self, view: NodeView) -> NodeView:
        """Add what the states of the graph say of a node or column."""
        with self.app.history() as history:
            return replace(view, past=past_of(view.place, history.lineage))

    def diff(self, before: str, after: str) -> LineageDiff:
        """Compare two states of the graph, each named, or a folder of artifacts."""
        resolve = Memory((), in_processes)  # another commit's statements are not worth keeping
        one, other = _folder(before), _folder(after)
        if one and other:
            return lineage_diff(one, other, resolve)
        with self.app.history() as history:
            states = history.lineage
            held = states.states()
            return lineage_diff(
                one or KeptState(states, find_state(held, before)),
                other or KeptState(states, find_state(held, after)),
                resolve,
            )

    def push(self, graph: LineageGraph, address: GraphAddress, name: str) -> PushResult:
        """Write a graph into a graph database, under the project's name unless another is given."""
        with self.app.history() as history:
            seen = history.lineage.seen()
        with graph_store(address, self.app.project.state_dir / "lineage.duckdb") as store:
            return push_lineage(graph, name or self.app.project.name, store, seen)

    def receiver(self, host: str, port: int, max_bytes: int, token: str | None) -> EventReceiver:
        """Return what receives events; its address is taken, nothing is served yet."""
        receiver = EventReceiver(self.app.events_dir, host, port, max_bytes, token)
        make_state_dir(self.app.project.state_dir)
        return receiver

    def openlineage(self, graph: LineageGraph) -> Iterator[str]:
        """Return a graph as OpenLineage events, one a line."""
        return openlineage_lines(graph, home_of(self.app.project, self.app.target), clock.now())


def _folder(ref: str) -> ArtifactFolder | None:
    """Return the artifacts in a folder, if the reference is one."""
    if ref in {LATEST, PREVIOUS} or not Path(ref).is_dir():
        return None
    return ArtifactFolder(ref, read_artifacts(artifact_files(Path(ref))))
