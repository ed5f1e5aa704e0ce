"""Facts into the history: dbt's artifacts and what was captured in the warehouse."""

from collections.abc import Mapping
from dataclasses import dataclass

from dbt_schema_evolve.ingest.artifacts import read_catalog, read_manifest, read_run_results
from dbt_schema_evolve.ports import History, Warehouse
from dbt_schema_evolve.records.captures import Artifact
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was new, and what the newest capture could not look at."""

    captures: int
    artifacts: int
    not_looked_at: tuple[Skip, ...]


def ingest(
    artifacts: Mapping[str, tuple[bytes, str]], warehouse: Warehouse, history: History
) -> Ingested:
    """Keep every fact that the history does not hold yet.

    `artifacts` are contents and where they came from, by kind; all are read before anything is
    kept, so that a broken one changes nothing.
    """
    manifest = read_manifest(*artifacts["manifest"])
    results = read_run_results(*artifacts["run_results"]) if "run_results" in artifacts else None
    if "catalog" in artifacts:
        read_catalog(*artifacts["catalog"])

    added = 0
    for kind, (content, _) in sorted(artifacts.items()):
        source = results if kind == "run_results" and results else manifest
        added += history.add_artifact(
            Artifact(kind, source.invocation_id, source.generated_at, content)
        )
    if results:
        history.add_run_results(results)
    captures = sum(map(history.add_capture, warehouse.captures(history.known_captures())))
    seen = history.captures()
    return Ingested(captures, added, seen[-1].not_looked_at if seen else ())
