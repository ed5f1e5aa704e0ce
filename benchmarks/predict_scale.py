"""Forecasts for a large warehouse: `python -m benchmarks.predict_scale [--quick]`.

From a history file of 60 days to what breaks next, as `schema-evolve predict` goes where no
warehouse answers. The history is that of the fleet (`fleet_warehouse`), so that the prior is asked
about what it knows. Making it is not timed, and forecasts run in a process of their own, so that
memory is theirs alone. Prints one JSON object; progress goes to stderr.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.fleet_warehouse import DAYS, FleetWarehouse
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap import predictors
from dbt_schema_evolve.ingest.artifacts import read_manifest
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.ingest import ReadArtifacts
from dbt_schema_evolve.workflows.lineage import read_lineage
from dbt_schema_evolve.workflows.lineage_states import keep_state
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse

WAREHOUSE = "fleet.prod"
_WORDINGS = 3  # of each query
_AREAS, _QUICK_AREAS = 286, 29  # 2,002 models and 10,000 queries; a tenth of it


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 models, 1,000 queries")
    parser.add_argument("--history", type=Path, help="measure this file, made before")
    arguments = parser.parse_args()
    if arguments.history:
        figures = measure(arguments.history)
    else:
        with tempfile.TemporaryDirectory(prefix="predict-scale-") as folder:
            path = Path(folder) / "history.duckdb"
            make(path, _QUICK_AREAS if arguments.quick else _AREAS)
            figures = {"days": DAYS, **_in_a_process(path)}
    json.dump(figures, sys.stdout, indent=2)
    print()


def measure(path: Path) -> dict[str, Any]:
    """Return what forecasts cost from a history file."""
    began = time.perf_counter()
    parts: dict[str, float] = {}
    with DuckHistory(path, WAREHOUSE) as history:
        with collection_paused():
            known = RememberedWarehouse(history)
            lineage = read_lineage(history, known.catalog(), known.search_path())
        parts["lineage_seconds"] = time.perf_counter() - began
        now = max(capture.captured_at for capture in history.captures())
        candidates = predictors.candidates(path.parent)
        with collection_paused():
            foresight = foresee(lineage, history, now, 30.0, candidates)
        parts["foresee_seconds"] = time.perf_counter() - began - parts["lineage_seconds"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "fingerprints": len(lineage.statements),
        "models": sum(1 for _ in lineage.project.models),
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time(), 1),  # start of Python and imports included
        **{name: round(seconds, 1) for name, seconds in parts.items()},
        "peak_rss_bytes": 1024 * peak,
        "predictor": foresight.spoke.predictor,
        "why": foresight.spoke.reason,
        "forecasts": len(foresight.prospects),
        "breaking": sum(each.breaks for each in foresight.prospects),
        "skips": len(foresight.skips),
        "reasons": dict(Counter(skip.reason for skip in foresight.skips).most_common(3)),
    }


def make(path: Path, areas: int) -> None:
    """Write a history of a capture a day, and of what the planner said on it."""
    print(f"reading the fleet for {areas} areas", file=sys.stderr, flush=True)
    warehouse = FleetWarehouse(areas, _WORDINGS)
    with DuckHistory(path, WAREHOUSE) as history:
        for number, (facts, outlooks) in enumerate(warehouse.days()):
            history.add_capture(facts)
            history.add_outlooks(outlooks)
            if number % 10 == 0:
                print(f"day {number} of {DAYS}", file=sys.stderr, flush=True)
        for manifest in warehouse.manifests():
            history.add_artifact(manifest)
            project = read_manifest(manifest.content, "the manifest")
            read = ReadArtifacts((manifest,), None, project)
            keep_state(read, RememberedWarehouse(history), history)


def _in_a_process(path: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.predict_scale", "--history", str(path)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
