"""Advice for a large warehouse: `python -m benchmarks.advice_scale [--quick]`.

From a history file to a patch, as `schema-evolve recommend` goes, on a synthetic project. Prints
one JSON object; progress goes to stderr.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.synthetic_warehouse import NOW, SyntheticWarehouse
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap.app import planner_twin
from dbt_schema_evolve.cli.progress import StderrProgress
from dbt_schema_evolve.records.changes import Budget
from dbt_schema_evolve.workflows.advise import advise


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 relations, 1,000 fingerprints")
    parser.add_argument("--relations", type=int)
    parser.add_argument("--fingerprints", type=int)
    arguments = parser.parse_args()
    relations = arguments.relations or (200 if arguments.quick else 2_000)
    fingerprints = arguments.fingerprints or (1_000 if arguments.quick else 10_000)
    json.dump(measure(relations, fingerprints), sys.stdout, indent=2)
    print()


class FirstAnswer(StderrProgress):
    """Notes when the first slice of candidates had led to changes."""

    def __init__(self) -> None:
        super().__init__(always=True)
        self.at: float | None = None

    def step(self, text: str) -> None:
        """Hear what the search says after each slice."""
        super().step(text)
        if self.at is None and "changes chosen" in text:
            self.at = time.perf_counter()


def measure(relations: int, fingerprints: int) -> dict[str, Any]:
    """Return the figures of one warehouse."""
    warehouse = SyntheticWarehouse(relations, fingerprints)
    with tempfile.TemporaryDirectory(prefix="advice-scale-") as folder:
        with DuckHistory(Path(folder) / "history.duckdb", "synthetic.prod") as history:
            for facts in warehouse.captured():
                history.add_capture(facts)
            history.add_artifact(warehouse.manifest())
        with DuckHistory(Path(folder) / "history.duckdb", "synthetic.prod") as history:
            progress, started = FirstAnswer(), time.perf_counter()
            advice = advise(
                history,
                warehouse,
                planner_twin,
                files={},
                now=NOW,
                progress=progress,
                budget=Budget(bytes=20_000_000_000),
            )
            seconds = time.perf_counter() - started
    selection = advice.selection
    return {
        "relations": relations,
        "fingerprints": fingerprints,
        "first_answer_s": round((progress.at or started + seconds) - started, 1),
        "seconds": round(seconds, 1),
        "peak_rss_bytes": _peak_rss_bytes(),
        "queries_priced": len(selection.priced),
        "recommendations": len(selection.recommendations),
        "saved_ratio": round(
            1 - selection.estimated_cost_after / selection.estimated_cost_before, 4
        ),
        "oracle_calls": selection.oracle_calls,
        "priced_queries": selection.priced_queries,
        "skips": len(advice.skips),
    }


def _peak_rss_bytes() -> int:
    own, children = (
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return 1024 * (own + children)


if __name__ == "__main__":
    main()
