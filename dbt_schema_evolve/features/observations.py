"""What queries and builds took, window by window."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from math import isfinite
from operator import itemgetter

from dbt_schema_evolve.records.forecasts import Observation
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.workload import QueryStat

Observations = tuple[Observation, ...]
_Window = tuple[datetime, datetime, str]  # to, from, for which role

# Kinds of dbt node whose build runs a query, and what they may be materialized as: making a view
# takes the same milliseconds however large its sources are.
_BUILT = ("model.", "snapshot.")
_STORES_NOTHING = frozenset({"view", "ephemeral"})


def query_observations(stats: Iterable[QueryStat]) -> Mapping[str, Observations]:
    """Return windows by fingerprint, all roles together, oldest first.

    What happened in a window is known at its end. A window that was read twice counts once.
    """
    held: dict[str, dict[_Window, QueryStat]] = defaultdict(dict)
    for stat in stats:
        if isfinite(stat.calls) and stat.calls > 0:
            windows, key = held[stat.fingerprint], (stat.window_end, stat.window_start, stat.role)
            other = windows.get(key)
            if other is None or _counts(other) < _counts(stat):
                windows[key] = stat
    return {fingerprint: tuple(_windows(held[fingerprint])) for fingerprint in sorted(held)}


def _windows(held: Mapping[_Window, QueryStat]) -> Iterator[Observation]:
    for end, same in groupby(sorted(held), key=itemgetter(0)):
        yield _window(end, [held[key] for key in same])


def _counts(stat: QueryStat) -> tuple[int, ...]:
    return stat.calls, stat.total_us, stat.shared_blocks, stat.temp_blocks, stat.rows


def _window(end: datetime, stats: list[QueryStat]) -> Observation:
    calls = total_us = shared_blocks = temp_blocks = rows = 0
    for stat in stats:
        calls += stat.calls
        total_us += stat.total_us
        shared_blocks += stat.shared_blocks
        temp_blocks += stat.temp_blocks
        rows += stat.rows
    return Observation(
        at=end,
        calls=calls,
        mean_us=total_us / calls,
        blocks_per_call=shared_blocks / calls,
        temp_blocks_per_call=temp_blocks / calls,
        rows_per_call=rows / calls,
    )


def build_observations(runs: Iterable[NodeRun]) -> Mapping[str, Observations]:
    """Return successful builds of models and snapshots by unique id, oldest first."""
    held: dict[str, dict[tuple[datetime, str], NodeRun]] = defaultdict(dict)
    for run in runs:
        if (
            run.captured_at is not None
            and run.status == "success"
            and run.unique_id.startswith(_BUILT)
            and run.materialized not in _STORES_NOTHING
        ):
            builds, key = held[run.unique_id], (run.captured_at, run.invocation_id)
            if key not in builds or _work(builds[key]) < _work(run):
                builds[key] = run
    return {
        unique_id: tuple(_build(at, builds[at, name]) for at, name in sorted(builds))
        for unique_id, builds in sorted(held.items())
    }


def _work(run: NodeRun) -> tuple[int, int]:
    return run.execution_us, -1 if run.rows_affected is None else run.rows_affected


def _build(at: datetime, run: NodeRun) -> Observation:
    return Observation(
        at=at,
        calls=1,
        mean_us=float(run.execution_us),
        rows_per_call=None if run.rows_affected is None else float(run.rows_affected),
    )
