"""The time that a project says its models should not pass."""

from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.workload import Skip

KEY = "limit_seconds"


def own_limits_us(nodes: Iterable[Node]) -> tuple[Mapping[str, float], tuple[Skip, ...]]:
    """Return limits of builds by unique id, and what was written as one but is none."""
    limits: dict[str, float] = {}
    skips = []
    for node in sorted(nodes, key=lambda node: node.unique_id):
        written = _written(node)
        if written is None:
            continue
        if isinstance(written, int | float) and not isinstance(written, bool) and _is_time(written):
            limits[node.unique_id] = written * 1_000_000.0
        else:
            reason = f"meta.schema_evolve.{KEY}: {written!r} is no time; write for example 60"
            skips.append(Skip(node.unique_id, reason))
    return limits, tuple(skips)


def _written(node: Node) -> Any:
    meta = node.config.get("meta")
    ours = meta.get("schema_evolve") if isinstance(meta, Mapping) else None
    return ours.get(KEY) if isinstance(ours, Mapping) else None


def _is_time(seconds: float) -> bool:
    return isfinite(seconds) and seconds > 0
