"""Sums up how often dbt built a node and how long it took."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import median

from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.project import NodeRun


def model_runs(
    runs: Iterable[NodeRun], since: datetime | None = None, until: datetime | None = None
) -> Mapping[str, ModelRuns]:
    """Return builds and median time of each node in a window, by unique id.

    Only builds that succeeded count, each once, however often it was ingested. A run without a
    time is in every window.
    """
    times: dict[str, dict[str, int]] = defaultdict(dict)
    for run in runs:
        at = run.captured_at
        is_inside = at is None or (
            (since is None or at >= since) and (until is None or at <= until)
        )
        if run.status == "success" and is_inside:
            times[run.unique_id][run.invocation_id] = run.execution_us
    return {
        unique_id: ModelRuns(unique_id, len(held), round(median(held.values())))
        for unique_id, held in sorted(times.items())
    }
