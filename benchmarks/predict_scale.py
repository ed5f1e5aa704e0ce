"""Forecasts for a large warehouse: `python -m benchmarks.predict_scale [--quick]`.

From a history file of 60 days to what breaks next, as `schema-evolve predict` goes where no
warehouse answers, on a synthetic project. Making the history is not timed, and runs in a process of
its own, so that memory is that of the forecasts. Prints one JSON object; progress goes to stderr.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.synthetic_warehouse import NOW, SyntheticWarehouse, Table
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap import predictors
from dbt_schema_evolve.lineage.garbage import collection_paused, what_is_there_set_aside
from dbt_schema_evolve.records.captures import CapturedFacts
from dbt_schema_evolve.records.workload import StatementSnapshot
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.lineage import read_lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse

WAREHOUSE = "synthetic.prod"
DAYS = 60
_CALLS = 20  # a day


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 relations, 1,000 fingerprints")
    parser.add_argument("--history", type=Path, help="measure this file, made before")
    arguments = parser.parse_args()
    if arguments.history:
        figures = measure(arguments.history)
    else:
        relations, fingerprints = (200, 1_000) if arguments.quick else (2_000, 10_000)
        with tempfile.TemporaryDirectory(prefix="predict-scale-") as folder:
            path = Path(folder) / "history.duckdb"
            make(path, relations, fingerprints)
            figures = {"fingerprints": fingerprints, "days": DAYS, **_in_a_process(path)}
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
        with what_is_there_set_aside():
            foresight = foresee(lineage, history, now, 30.0, candidates)
        parts["foresee_seconds"] = time.perf_counter() - began - parts["lineage_seconds"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(time.process_time(), 1),  # start of Python and imports included
        **{name: round(seconds, 1) for name, seconds in parts.items()},
        "peak_rss_bytes": 1024 * peak,
        "predictor": foresight.spoke.predictor,
        "forecasts": len(foresight.prospects),
        "breaking": sum(each.breaks for each in foresight.prospects),
        "skips": len(foresight.skips),
        "reasons": dict(Counter(skip.reason for skip in foresight.skips).most_common(3)),
    }


def make(path: Path, relations: int, fingerprints: int) -> None:
    """Write a history of a capture a day."""
    warehouse = GrowingWarehouse(relations, fingerprints)
    with DuckHistory(path, WAREHOUSE) as history:
        for number, facts in enumerate(warehouse.captured()):
            history.add_capture(facts)
            if number % 10 == 0:
                print(f"day {number} of {DAYS}", file=sys.stderr, flush=True)
        history.add_artifact(warehouse.manifest())


class GrowingWarehouse(SyntheticWarehouse):
    """The synthetic warehouse day by day: a third of the relations grows, and times follow rows."""

    def captured(self) -> Iterator[CapturedFacts]:
        """Yield one capture a day."""
        last, *_ = reversed(list(super().captured()))
        rng = Random(2)
        paces = {table.name: rng.choice((0.0, 0.0, 0.005, 0.02)) for table in self.tables}
        pace_of = [_pace(each.text, self.tables, paces) for each in last.statements]
        bases = [rng.lognormvariate(9, 1.5) for _ in last.statements]
        counters = [[0, 0, 0] for _ in last.statements]
        for day in range(DAYS):
            at = NOW + timedelta(days=day)
            for pace, base, counted in zip(pace_of, bases, counters, strict=True):
                size = (1 + pace) ** day
                counted[0] += _CALLS
                counted[1] += round(_CALLS * base * size * rng.lognormvariate(0, 0.1))
                counted[2] += round(_CALLS * 100 * size)
            yield self._day(last, day, at, counters, paces, rng)

    def _day(
        self,
        last: CapturedFacts,
        day: int,
        at: datetime,
        counters: list[list[int]],
        paces: dict[Any, float],
        rng: Random,
    ) -> CapturedFacts:
        key = f"c{day}"
        sizes = {relation: (1 + pace) ** day for relation, pace in paces.items()}
        return CapturedFacts(
            replace(last.capture, capture_id=key, captured_at=at),
            node_runs=tuple(
                replace(
                    run, invocation_id=key, captured_at=at,
                    execution_us=round(2_000_000 * rng.lognormvariate(0, 0.1)),
                )
                for run in last.node_runs
            ),
            statements=tuple(
                StatementSnapshot(
                    key, at, each.queryid, each.role, each.text, calls, us, calls, blocks, 0
                )
                for each, (calls, us, blocks) in zip(last.statements, counters, strict=True)
            ),
            relations=tuple(
                replace(
                    each, captured_at=at, last_analyzed_at=at,
                    estimated_rows=round((each.estimated_rows or 0) * sizes[each.relation]),
                    table_bytes=round((each.table_bytes or 0) * sizes[each.relation]),
                )
                for each in last.relations
            ),
            columns=tuple(replace(each, captured_at=at) for each in last.columns)
            if day == DAYS - 1
            else (),
        )  # fmt: skip


def _pace(text: str, tables: list[Table], paces: dict[Any, float]) -> float:
    """Return the pace of the relation that a statement names first."""
    name = text.partition(" from ")[2].split()[0]
    return next((paces[table.name] for table in tables if table.name.sql == name), 0.0)


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
