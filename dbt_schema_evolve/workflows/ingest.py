"""Facts into the history: dbt's artifacts and what was captured in the warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dbt_schema_evolve.errors import NotCapturedError
from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest, read_run_results
from dbt_schema_evolve.ports import History, Warehouse
from dbt_schema_evolve.records.captures import Artifact
from dbt_schema_evolve.records.lineage_states import LineageState
from dbt_schema_evolve.records.project import CatalogTable, Project, RunResults
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.ingest_logs import IngestedLogs, LogFiles, ingest_logs


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was new, and what the newest capture could not look at."""

    captures: int
    artifacts: int
    not_looked_at: tuple[Skip, ...]
    events: int = 0  # of OpenLineage
    unread_events: tuple[Skip, ...] = ()
    lineage_states: int = 0
    logs: IngestedLogs | None = None  # None: no logs were given


@dataclass(frozen=True, slots=True)
class ReadArtifacts:
    """What dbt wrote, found whole and readable."""

    artifacts: tuple[Artifact, ...]
    results: RunResults | None
    project: Project
    tables: tuple[CatalogTable, ...] = ()


def read_artifacts(found: Mapping[str, tuple[bytes, str]]) -> ReadArtifacts:
    """Read contents and where they came from, by kind; the manifest must be among them.

    Raises ArtifactError for one that is broken, before anything is kept of the others.
    """
    manifest = read_manifest(*found["manifest"])
    results = read_run_results(*found["run_results"]) if "run_results" in found else None
    tables = read_catalog(*found["catalog"]) if "catalog" in found else ()
    artifacts = []
    for kind, (content, _) in sorted(found.items()):
        source = results if kind == "run_results" and results else manifest
        artifacts.append(Artifact(kind, source.invocation_id, source.generated_at, content))
    return ReadArtifacts(tuple(artifacts), results, manifest, tables)


def ingest(
    read: ReadArtifacts, warehouse: Warehouse, history: History, logs: LogFiles | None = None
) -> Ingested:
    """Keep every fact that the history does not hold yet.

    Raises NotCapturedError where there is neither a capture nor a log to learn of queries from.
    """
    added = sum(map(history.add_artifact, read.artifacts))
    if read.results:
        history.add_run_results(read.results)
    captures, not_captured = 0, []
    try:
        captures = sum(map(history.add_capture, warehouse.captures(history.known_captures())))
    except NotCapturedError as error:
        if logs is None:
            raise
        not_captured.append(Skip("captures", error.problem))
    seen = history.captures()
    return Ingested(
        captures,
        added,
        (*(seen[-1].not_looked_at if seen else ()), *not_captured),
        logs=None if logs is None else ingest_logs(logs, warehouse.log_settings(), history),
    )


def with_state(ingested: Ingested, kept: LineageState | Skip | None) -> Ingested:
    """Return what was new together with the state of the lineage graph."""
    if isinstance(kept, Skip):
        return replace(ingested, not_looked_at=(*ingested.not_looked_at, kept))
    return replace(ingested, lineage_states=0 if kept is None else 1)
