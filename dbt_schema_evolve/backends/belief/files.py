"""Reads the prior that ships with the package, and keeps what this project has measured since."""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from dbt_schema_evolve.predict.outcomes.bundle import PARTS, Bundle, read_bundle
from dbt_schema_evolve.predict.seal import MANIFEST
from dbt_schema_evolve.records.outcomes import Outcome
from dbt_schema_evolve.records.plans import PlanNode

NAME = "outcomes.jsonl"
# A project that validates every night still reads its file in a moment.
MOST = 5000


@cache
def read_prior() -> Bundle:
    """Return what was learned from TPC-H and TPC-DS; raises PredictorError where it is damaged."""
    folder = files(__package__) / "prior"
    names = (MANIFEST, *(f"{part}.txt" for part in PARTS))
    found = {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}
    return read_bundle(found, str(folder))


def add_outcomes(state_dir: Path, outcomes: Iterable[Outcome]) -> None:
    """Keep outcomes behind those that are there, the oldest beyond MOST forgotten.

    Plans are kept as figures: without names, and without the constants of a query.
    """
    path = state_dir / NAME
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    lines += [json.dumps(_row(outcome)) for outcome in outcomes]
    unfinished = path.with_suffix(".new")
    unfinished.write_text("".join(f"{line}\n" for line in lines[-MOST:]), encoding="utf-8")
    unfinished.replace(path)


def read_outcomes(state_dir: Path) -> tuple[Outcome, ...]:
    """Return what was kept, oldest first; a line that cannot be read is left out."""
    path = state_dir / NAME
    if not path.exists():
        return ()
    return tuple(_readable(path.read_text(encoding="utf-8").splitlines()))


def _readable(lines: Iterable[str]) -> Iterator[Outcome]:
    for line in lines:
        try:
            row = json.loads(line)
            before, after = (
                tuple(_node(figures) for figures in row.pop(side)) for side in ("before", "after")
            )
            yield Outcome(before=before, after=after, **row)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "query": outcome.query,
        "before": [_figures(node) for node in outcome.before],
        "after": [_figures(node) for node in outcome.after],
        "measured_ratio": outcome.measured_ratio,
        "ratio_low": outcome.ratio_low,
        "ratio_high": outcome.ratio_high,
    }


def _figures(node: PlanNode) -> list[Any]:
    return [
        node.depth, node.kind, node.estimated_rows, node.width_bytes, node.startup_cost, node.cost,
        node.estimated_loops, node.workers,
    ]  # fmt: skip


def _node(figures: list[Any]) -> PlanNode:
    depth, kind, *rest = figures
    return PlanNode(depth, kind, None, None, *rest)
