"""How many rows a relation had when, from profiles that know it only now and then."""

from collections.abc import Sequence
from math import isfinite

from dbt_schema_evolve.records.profiles import RelationProfile


def counted_rows(profiles: Sequence[RelationProfile]) -> list[float]:
    """Return the rows at each of one relation's profiles, which are in order of time.

    Postgres counts rows at ANALYZE and VACUUM only. In between the count stays while the table
    changes: what was inserted and deleted since is added where that is counted; otherwise the count
    is scaled by the bytes since, as the planner does, which takes bloat for growth.
    """
    found = []
    counted = profiles[0]  # the first profile that shows the present count
    for profile in profiles:
        count = (profile.estimated_rows, profile.last_analyzed_at)
        if count != (counted.estimated_rows, counted.last_analyzed_at):
            counted = profile
        found.append(_rows(profile, counted))
    return found


def _rows(profile: RelationProfile, counted: RelationProfile) -> float:
    rows = float(max(profile.estimated_rows or 0, 0))
    since = _arrived(profile, counted)
    if since is not None:
        return max(rows + since, 0.0)
    if _is_size(counted.table_bytes) and _is_size(profile.table_bytes):
        return rows * (profile.table_bytes or 1) / (counted.table_bytes or 1)
    return rows


def _arrived(profile: RelationProfile, counted: RelationProfile) -> float | None:
    """Return the rows that came since a count, less those that went; None where none says."""
    pairs = (
        (profile.inserted_rows, counted.inserted_rows),
        (profile.deleted_rows, counted.deleted_rows),
    )
    changes = []
    for now, then in pairs:
        if now is None or then is None or not isfinite(now) or not isfinite(then) or now < then:
            return None  # nobody counted, or the counters began anew
        changes.append(float(now) - float(then))
    inserted, deleted = changes
    return inserted - deleted


def _is_size(size: int | None) -> bool:
    return size is not None and isfinite(size) and size > 0
