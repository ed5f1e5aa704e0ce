"""Counts each call once, though several witnesses may have seen it.

Where pg_stat_statements counted a query between two captures, its count stands: it misses no call
and no microsecond. Beyond that, of the server's log, dbt and traces the one that saw a query most
often within an hour counts, because the others saw the same calls.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.ingest.execution_statements import Counted
from dbt_schema_evolve.records.executions import ExecutionCount
from dbt_schema_evolve.records.workload import QueryStat

_RANK = {"log": 0, "dbt": 1, "trace": 2}  # who is believed where two saw as much

Windows = Mapping[str, Sequence[tuple[datetime, datetime]]]  # by role, in order of their ends


@dataclass(frozen=True, slots=True)
class ExecutionStats:
    """What pg_stat_statements did not count."""

    timed: tuple[QueryStat, ...]
    untimed: tuple[QueryStat, ...]  # calls of which nobody knows how long they took


def execution_stats(counted: Iterable[Counted], stats: Iterable[QueryStat]) -> ExecutionStats:
    """Return calls and times of executions that no window of `stats` holds already."""
    windows = _windows(stats)
    by_hour: dict[tuple[str, datetime], list[ExecutionCount]] = defaultdict(list)
    for name, count in counted:
        if not _is_counted(count, windows.get(name, {})):
            hour = count.first_at.replace(minute=0, second=0, microsecond=0)
            by_hour[name, hour].append(count)
    timed: list[QueryStat] = []
    untimed: list[QueryStat] = []
    for (name, _), counts in by_hour.items():
        for count in _best_witness(counts):
            stat = QueryStat(
                name, count.role, count.first_at, count.last_at, count.calls,
                count.total_us or 0, count.rows, 0, 0,
            )  # fmt: skip
            (untimed if count.total_us is None else timed).append(stat)
    return ExecutionStats(tuple(sorted(timed, key=_order)), tuple(sorted(untimed, key=_order)))


def _windows(stats: Iterable[QueryStat]) -> Mapping[str, Windows]:
    found: dict[str, dict[str, list[tuple[datetime, datetime]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for stat in stats:
        found[stat.fingerprint][stat.role].append((stat.window_end, stat.window_start))
    return {
        name: {role: sorted(windows) for role, windows in roles.items()}
        for name, roles in found.items()
    }


def _is_counted(count: ExecutionCount, windows: Windows) -> bool:
    """Whether a window holds the count; where the role is not known, a window of any role."""
    for role in [count.role] if count.role else windows:
        ends = windows.get(role, ())
        at = bisect_left(ends, (count.last_at,))
        if at < len(ends) and ends[at][1] <= count.first_at:
            return True
    return False


def _best_witness(counts: Sequence[ExecutionCount]) -> list[ExecutionCount]:
    calls: Counter[str] = Counter()
    for count in counts:
        calls[count.source.witness] += count.calls
    best = min(calls, key=lambda witness: (-calls[witness], _RANK[witness]))
    return [count for count in counts if count.source.witness == best]


def _order(stat: QueryStat) -> tuple[str, str, datetime, datetime, int, int]:
    return (
        stat.fingerprint, stat.role, stat.window_start, stat.window_end, stat.calls, stat.total_us
    )  # fmt: skip
