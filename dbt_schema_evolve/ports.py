"""What the workflows need from the world, as protocols."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from dbt_schema_evolve.ingest.log_entries import LogSettings
from dbt_schema_evolve.recommend.cost import CostOracle
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.etl import EtlEvent, SeenReport
from dbt_schema_evolve.records.executions import Execution, ExecutionCount
from dbt_schema_evolve.records.lineage import LineageGraph, NodeLineage
from dbt_schema_evolve.records.lineage_states import ColumnType, GraphSeen, LineageState
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun, RunResults
from dbt_schema_evolve.records.property_graph import EdgeLabel, PropertyGraph
from dbt_schema_evolve.records.prospects import Issued
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.workload import Skip, StatementSnapshot


class Progress(Protocol):
    """Hears what is being done; silent where nobody watches."""

    def step(self, text: str) -> None:
        """Say what begins now."""
        ...


class TextFile(Protocol):
    """A file of lines, read when it is asked for them; errors are LogError."""

    @property
    def at(self) -> str:
        """Where it is, for messages."""
        ...

    @property
    def written_at(self) -> datetime:
        """When it was last written."""
        ...

    def lines(self) -> Iterator[str]:
        """Read it from the beginning, line ends kept."""
        ...


class CatalogSource(Protocol):
    """Where a warehouse's schema comes from: itself, a twin file, or the history."""

    def catalog(self) -> Catalog:
        """Return schema and statistics, no rows."""
        ...

    def search_path(self) -> tuple[str, ...]:
        """Return the schemas in which unqualified names may be."""
        ...


class Warehouse(CatalogSource, Protocol):
    """The user's database, read and never written; errors are WarehouseError."""

    def log_settings(self) -> LogSettings:
        """Return how the server writes its logs."""
        ...

    def captures(self, known: Collection[str]) -> Iterable[CapturedFacts]:
        """Return the captures whose ids are not known yet, oldest first."""
        ...


class LineageStates(Protocol):
    """The lineage graph of one warehouse through time: dbt's part of it, without readers."""

    def add(self, state: LineageState, graph: LineageGraph) -> bool:
        """Keep a state that is newer than all others; return whether it was."""
        ...

    def states(self) -> tuple[LineageState, ...]:
        """Return every state, oldest first."""
        ...

    def graph_at(self, state: LineageState, nodes: Collection[str] | None = None) -> LineageGraph:
        """Return the graph of a state; of some nodes alone, with the edges that end in them."""
        ...

    def last_known(self, nodes: Collection[str]) -> Mapping[str, NodeLineage]:
        """Return what was said of nodes when they were last compiled, where they ever were."""
        ...

    def touched(self, before: LineageState, after: LineageState) -> frozenset[str]:
        """Return the nodes of which anything differs between two states, and perhaps more."""
        ...

    def seen(self) -> GraphSeen:
        """Return when each element of the newest state was first and last seen."""
        ...

    def type_history(self, node: str, column: str) -> tuple[ColumnType, ...]:
        """Return the types that a column was known to have, oldest first."""
        ...


class History(Protocol):
    """Every fact that was ever ingested, for one warehouse; errors are HistoryError."""

    def known_captures(self) -> frozenset[str]:
        """Return the ids of the captures that are here."""
        ...

    def add_capture(self, facts: CapturedFacts) -> bool:
        """Keep a capture; return whether it was new."""
        ...

    def add_artifact(self, artifact: Artifact) -> bool:
        """Keep an artifact byte for byte; return whether it was new."""
        ...

    def add_run_results(self, results: RunResults) -> bool:
        """Keep the node times of a run; return whether they were new."""
        ...

    def add_events(self, events: Iterable[EtlEvent]) -> int:
        """Keep what jobs reported; return how many events were new."""
        ...

    def seen_reports(self) -> tuple[SeenReport, ...]:
        """Return each report once, by the time that it was last made."""
        ...

    def add_executions(self, found: Iterable[Execution]) -> int:
        """Keep executions by their ids, all or none; return how many were new."""
        ...

    def add_outlooks(self, found: Iterable[Outlook]) -> int:
        """Keep what the planner said, by subject, instant and horizon; return how many were new."""
        ...

    def add_forecasts(self, issued: Iterable[Issued]) -> int:
        """Keep the first forecast of each subject, predictor and day; return how many were new."""
        ...

    def captures(self) -> tuple[Capture, ...]:
        """Return every capture, oldest first."""
        ...

    def execution_counts(self, since: datetime | None = None) -> tuple[ExecutionCount, ...]:
        """Return executions that are alike, an hour and a capture at a time, sorted by text."""
        ...

    def statement_snapshots(self, since: datetime | None = None) -> tuple[StatementSnapshot, ...]:
        """Return snapshots by query, role and time."""
        ...

    def relation_profiles(self, since: datetime | None = None) -> tuple[RelationProfile, ...]:
        """Return profiles by relation and time."""
        ...

    def column_profiles(
        self, since: datetime | None = None, columns: Collection[ColumnName] | None = None
    ) -> tuple[ColumnProfile, ...]:
        """Return profiles by relation, column and time; of some columns alone, or of all."""
        ...

    def latest_relation_profiles(self) -> tuple[RelationProfile, ...]:
        """Return the newest profile of each relation that the last capture saw."""
        ...

    def latest_column_profiles(self) -> tuple[ColumnProfile, ...]:
        """Return the newest profiles of the columns of these relations."""
        ...

    def latest_index_profiles(self) -> tuple[IndexProfile, ...]:
        """Return the newest profiles of the indexes of these relations."""
        ...

    def outlooks(
        self, since: datetime | None = None, seen_from: datetime | None = None
    ) -> tuple[Outlook, ...]:
        """Return what the planner said, by subject, instant and horizon.

        Who looks from an instant on needs, of what was said before the newest by then, only where
        the plan of horizon 0 is another than it was: with `seen_from` the rest is left out.
        """
        ...

    def forecasts(self, predictor: str, since: datetime | None = None) -> tuple[Issued, ...]:
        """Return what a predictor said, by subject and instant."""
        ...

    def node_runs(self, since: datetime | None = None) -> tuple[NodeRun, ...]:
        """Return what dbt built, by node and time."""
        ...

    def latest_artifact(self, kind: str) -> Artifact | None:
        """Return the newest artifact of a kind."""
        ...

    @property
    def lineage(self) -> LineageStates:
        """The graph through time."""
        ...


@dataclass(frozen=True, slots=True)
class PushCounts:
    """What writing a graph did to the vertices, or to the edges, that were there."""

    written: int
    updated: int
    deleted: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class PushResult:
    """What writing a graph did."""

    vertices: PushCounts
    edges: PushCounts


class GraphStore(Protocol):
    """A graph database that several projects share; errors are GraphStoreError.

    A write that is cut off leaves the old graph, the new one, or parts of both; writing again
    repairs it.
    """

    def replace(self, graph: PropertyGraph) -> PushResult:
        """Make a project's part of the database this graph, and touch nothing else in it."""
        ...

    def read(self, project: str) -> PropertyGraph:
        """Return a project's part of the database as it was written."""
        ...

    def downstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices that edges of one label lead to; the start left out."""
        ...

    def upstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices from which edges of one label lead here."""
        ...


class Twin(CostOracle, Protocol):
    """A cost oracle that may lack parts of the warehouse."""

    @property
    def skips(self) -> tuple[Skip, ...]:
        """What it lacks, and why."""
        ...


class Side(StrEnum):
    """The two builds of a shadow target; the value ends its schemas' names."""

    BASELINE = "shadow_base"
    PATCHED = "shadow_new"


class Shadow(Protocol):
    """Two builds of one project in one database; errors are WarehouseError or DbtError."""

    def prepare(self, side: Side, files: Mapping[str, bytes]) -> Mapping[str, RelationName]:
        """Make a side afresh with these files changed; return its relations by unique id."""
        ...

    def build(self, side: Side) -> Mapping[str, int]:
        """Build one side with dbt; return microseconds by unique id."""
        ...

    def settle(self) -> None:
        """Vacuum and analyze both sides."""
        ...

    def digest(self, query: str) -> str:
        """Return the multiset fingerprint of a query's rows."""
        ...

    def relation_digest(self, relation: RelationName, columns: Sequence[str]) -> str:
        """Return the multiset fingerprint of some columns of a relation."""
        ...

    def columns(self, relation: RelationName) -> tuple[str, ...]:
        """Return a relation's columns in order."""
        ...

    def paired_times(
        self, baseline: str, patched: str, seconds: float
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Time two forms of a query in interleaved pairs, in microseconds."""
        ...

    def plan(self, query: str) -> tuple[PlanNode, ...]:
        """Return the plan of a query, each index that it scans known by structure."""
        ...

    def sizes(self, side: Side) -> Mapping[RelationName, int]:
        """Return the bytes of each relation that stores rows, its indexes included."""
        ...


@dataclass(frozen=True, slots=True)
class LivedDay:
    """What happened in the demo's world on one simulated day."""

    today: date
    orders: int
    calls: int


class World(Protocol):
    """A source system that grows, a dbt project that is built, and people who ask questions."""

    def open(self) -> None:
        """Start the warehouse with the opening days' orders."""
        ...

    def live(self, day_number: int) -> LivedDay:
        """Load one day's batch, build the project, let everyone work, and capture."""
        ...
