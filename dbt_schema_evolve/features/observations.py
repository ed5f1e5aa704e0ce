"""What queries and builds took, window by window."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from dbt_schema_evolve.records.forecasts import Observation
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.workload import QueryStat

Observations = tuple[Observation, ...]

# Kinds of dbt node whose build runs a query, and what they may be materialized as: making a view
# takes the same milliseconds however large its sources are.
_BUILT = ("model.", "snapshot.")
_STORES_NOTHING = frozenset({"view", "ephemeral"})


def query_observations(stats: Iterable[QueryStat], cutoff: datetime) -> Mapping[str, Observations]:
    """Return windows by fingerprint, all roles together, oldest first, up to the cut-off."""
    held: dict[str, dict[datetime, list[QueryStat]]] = defaultdict(lambda: defaultdict(list))
    for stat in stats:
        if stat.window_end <= cutoff and stat.calls > 0:
            held[stat.fingerprint][stat.window_end].append(stat)
    return {
        fingerprint: tuple(_window(end, windows[end]) for end in sorted(windows))
        for fingerprint, windows in sorted(held.items())
    }


def _window(end: datetime, stats: list[QueryStat]) -> Observation:
    calls = sum(stat.calls for stat in stats)
    return Observation(
        at=end,
        calls=calls,
        mean_us=sum(stat.total_us for stat in stats) / calls,
        blocks_per_call=sum(stat.shared_blocks for stat in stats) / calls,
        temp_blocks_per_call=sum(stat.temp_blocks for stat in stats) / calls,
        rows_per_call=sum(stat.rows for stat in stats) / calls,
    )


def build_observations(runs: Iterable[NodeRun], cutoff: datetime) -> Mapping[str, Observations]:
    """Return successful builds of models and snapshots by unique id, oldest first."""
    held: dict[str, dict[tuple[datetime, str], Observation]] = defaultdict(dict)
    for run in runs:
        if (
            run.captured_at is not None
            and run.captured_at <= cutoff
            and run.status == "success"
            and run.unique_id.startswith(_BUILT)
            and run.materialized not in _STORES_NOTHING
        ):
            held[run.unique_id][run.captured_at, run.invocation_id] = Observation(
                at=run.captured_at,
                calls=1,
                mean_us=float(run.execution_us),
                rows_per_call=None if run.rows_affected is None else float(run.rows_affected),
            )
    return {
        unique_id: tuple(builds[key] for key in sorted(builds))
        for unique_id, builds in sorted(held.items())
    }
