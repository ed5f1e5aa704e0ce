"""How many rows each relation had when, from profiles that know it only now and then."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationName

RowSeries = tuple[tuple[datetime, int], ...]


def row_series(
    profiles: Iterable[RelationProfile], cutoff: datetime | None = None
) -> Mapping[RelationName, RowSeries]:
    """Return rows over time by relation, up to the cut-off.

    Postgres counts rows at ANALYZE and VACUUM only. In between the count stays while the table
    grows, so it is scaled by the bytes since, as the planner does. Profiles without a count, and
    relations that store nothing, are left out.
    """
    held: dict[RelationName, dict[datetime, RelationProfile]] = defaultdict(dict)
    for profile in profiles:
        if profile.estimated_rows is None or (cutoff and profile.captured_at > cutoff):
            continue
        if profile.kind.stores_rows:
            same = held[profile.relation].get(profile.captured_at)
            if same is None or _size(same) < _size(profile):
                held[profile.relation][profile.captured_at] = profile
    return {
        relation: _scaled([by_time[at] for at in sorted(by_time)])
        for relation, by_time in sorted(held.items())
    }


def _size(profile: RelationProfile) -> tuple[int, int]:
    return profile.table_bytes or 0, profile.estimated_rows or 0


def _scaled(profiles: Sequence[RelationProfile]) -> RowSeries:
    series = []
    counted = profiles[0]  # the first profile that shows the present count
    for profile in profiles:
        count = (profile.estimated_rows, profile.last_analyzed_at)
        if count != (counted.estimated_rows, counted.last_analyzed_at):
            counted = profile
        rows = max(profile.estimated_rows or 0, 0)
        if counted.table_bytes and profile.table_bytes:
            rows = round(rows * profile.table_bytes / counted.table_bytes)
        series.append((profile.captured_at, rows))
    return tuple(series)
