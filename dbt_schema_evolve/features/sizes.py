"""What each relation's profiles say over time, as arrays that any cut-off can cut."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from dbt_schema_evolve.features.rows import counted_rows
from dbt_schema_evolve.features.timeline import Floats, days_of
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """One relation over time, by capture; NaN where a capture did not say."""

    relation: RelationName
    days: Floats  # since 1970, sorted
    rows: Floats
    table_bytes: Floats
    index_bytes: Floats
    dead_rows: Floats
    analyzed_days: Floats  # since 1970
    changed_rows: Floats  # inserted, updated or deleted since the first capture


def sizes(profiles: Iterable[RelationProfile]) -> Mapping[RelationName, Sizes]:
    """Return what is known of each relation that stores rows and was ever counted."""
    held: dict[RelationName, dict[float, RelationProfile]] = defaultdict(dict)
    for profile in profiles:
        if profile.kind.stores_rows and number(profile.estimated_rows) >= 0:
            by_time = held[profile.relation]
            at = days_of(profile.captured_at)
            if at not in by_time or _rank(by_time[at]) < _rank(profile):
                by_time[at] = profile
    return {
        relation: _sizes(relation, sorted(by_time.items()))
        for relation, by_time in sorted(held.items())
    }


def number(value: float | None) -> float:
    """Return a count as a float; NaN where nobody counted, or the count is none."""
    if value is None or not isfinite(value):
        return nan
    return float(value)


def _rank(profile: RelationProfile) -> tuple[float, ...]:
    """Of two profiles of one instant the larger one counts, whatever their order."""
    return tuple(
        -1.0 if value is None or not isfinite(value) else float(value)
        for value in (
            profile.table_bytes, profile.estimated_rows, profile.index_bytes, profile.dead_rows,
            profile.inserted_rows, profile.updated_rows, profile.deleted_rows,
            days_of(profile.last_analyzed_at) if profile.last_analyzed_at else None,
        )
    )  # fmt: skip


def _sizes(relation: RelationName, captured: Sequence[tuple[float, RelationProfile]]) -> Sizes:
    profiles = [profile for _, profile in captured]
    return Sizes(
        relation=relation,
        days=np.array([at for at, _ in captured]),
        rows=np.array(counted_rows(profiles)),
        table_bytes=np.array([number(p.table_bytes) for p in profiles]),
        index_bytes=np.array([number(p.index_bytes) for p in profiles]),
        dead_rows=np.array([number(p.dead_rows) for p in profiles]),
        analyzed_days=np.array(
            [days_of(p.last_analyzed_at) if p.last_analyzed_at else nan for p in profiles]
        ),
        changed_rows=_changed(profiles),
    )


def _changed(profiles: Sequence[RelationProfile]) -> Floats:
    """Add up what the counters grew by; one that fell began anew."""
    total, sums = 0.0, []
    before = nan
    for profile in profiles:
        counters = (profile.inserted_rows, profile.updated_rows, profile.deleted_rows)
        now = number(sum(each for each in counters if each is not None))
        if all(each is None for each in counters):
            now = nan
        if isfinite(before) and isfinite(now):
            total += now - before if now >= before else now
        before = now if isfinite(now) else before
        sums.append(total if isfinite(before) else nan)
    return np.array(sums)
