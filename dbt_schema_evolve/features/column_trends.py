"""Profiles of columns through time -> how each column moves, up to an instant."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from dbt_schema_evolve.features.growth import MAX_DAYS, is_short, of_late
from dbt_schema_evolve.features.lines import Point, slope_interval
from dbt_schema_evolve.features.type_limits import (
    greatest_length,
    greatest_number,
    narrower_integer,
)
from dbt_schema_evolve.records.column_trends import ColumnTrend, NarrowerType, Share, Slope
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange
from dbt_schema_evolve.records.relations import ColumnName

_DAY = timedelta(days=1)
_NOISE = 0.01  # a share out of a sample of 30,000 rows, as ANALYZE takes it, is within 0.6 points
_FALL = 0.5  # of what a value rose before: some deleted rows are less, a reset or a wrap is more
_SLIP = 0.01  # of the value itself: what the end of a sample may slip back without any reset

_Numbers = Iterator[tuple[datetime, float]]


def column_trends(profiles: Iterable[ColumnProfile], now: datetime) -> tuple[ColumnTrend, ...]:
    """Return what each column's history up to `now` says, for the columns that were there last."""
    by_column: defaultdict[ColumnName, dict[datetime, ColumnProfile]] = defaultdict(dict)
    for profile in profiles:
        if profile.captured_at <= now:
            found = by_column[ColumnName(profile.relation, profile.column)]
            other = found.setdefault(profile.captured_at, profile)
            if other != profile:  # captured twice at one instant: any of both, but always the same
                found[profile.captured_at] = max(other, profile, key=repr)
    return tuple(
        _trend(name, [profiles_at[at] for at in sorted(profiles_at)], now)
        for name, profiles_at in sorted(by_column.items())
    )


def _trend(name: ColumnName, profiles: Sequence[ColumnProfile], now: datetime) -> ColumnTrend:
    last = profiles[-1]
    ranges = [(each.captured_at, each.range) for each in profiles if each.range is not None]
    reach = ranges[-1][1] if ranges else ColumnRange()
    growth = _growth(_of(ranges, lambda r: r.highest), now)
    return ColumnTrend(
        name,
        last.type,
        (now - profiles[0].captured_at) / _DAY,
        len(profiles),
        greatest_number(last.type),
        greatest_length(last.type),
        reach.highest,
        reach.is_exact,
        growth,
        reach.sequence,
        _growth(_of(ranges, lambda r: None if r.sequence is None else r.sequence.value), now),
        reach.greatest_length,
        _growth(_of(ranges, lambda r: r.greatest_length), now),
        _narrower(last.type, ranges, growth, now),
        _share([(each.captured_at, each.top_value_ratio) for each in profiles], now),
        _share([(each.captured_at, each.null_ratio) for each in profiles], now),
        reach.references,
    )


_Ranges = Sequence[tuple[datetime, ColumnRange]]


def _of(ranges: _Ranges, number: Callable[[ColumnRange], int | None]) -> _Numbers:
    for at, reach in ranges:
        found = number(reach)
        if found is not None:
            yield at, float(found)


def _growth(numbers: _Numbers, now: datetime) -> Slope | None:
    """Return how a number that only grows has grown since it last fell back; None: too short."""
    return _slope(_since_reset(_points(numbers, now)))


def _points(numbers: Iterable[tuple[datetime, float]], now: datetime) -> list[Point]:
    first = now - timedelta(days=MAX_DAYS)
    return [((at - now) / _DAY, number) for at, number in numbers if at >= first]


def _slope(points: Sequence[Point]) -> Slope | None:
    if is_short(points):
        return None
    chosen = of_late(points)
    low, slope, high = slope_interval(chosen)
    first, last = chosen[0][0], chosen[-1][0]
    return Slope(slope, low, high, last - first, len(chosen), -last)


def _since_reset(points: Sequence[Point]) -> Sequence[Point]:
    """Return the points after the last great fall: before it, the number was of another life."""
    begins = 0
    lowest = highest = points[0][1] if points else 0.0
    for index, (_, value) in enumerate(points):
        if highest - value > max(_FALL * (highest - lowest), _SLIP * abs(highest)):
            begins, lowest, highest = index, value, value
        lowest, highest = min(lowest, value), max(highest, value)
    return points[begins:]


def _narrower(
    type_name: str, ranges: _Ranges, growth: Slope | None, now: datetime
) -> NarrowerType | None:
    """Return the smallest type that would have held everything that these ranges saw."""
    known = [(at, reach.value_bits, reach) for at, reach in ranges if reach.value_bits is not None]
    if not known:
        return None
    found = narrower_integer(type_name, max(bits for _, bits, _ in known))
    if found is None:
        return None
    name, limit = found
    highest = known[-1][2].highest
    return NarrowerType(
        name,
        limit,
        (now - known[0][0]) / _DAY,
        all(reach.is_exact for _, _, reach in known),
        None if growth is None or highest is None else growth.until(limit - highest),
    )


def _share(ratios: Iterable[tuple[datetime, float | None]], now: datetime) -> Share | None:
    known = [(at, r) for at, r in ratios if r is not None and math.isfinite(r)]
    if not known:
        return None
    points = _points(known, now)
    values = [value for _, value in points]
    if not points or max(values) - min(values) > _NOISE:
        return Share(known[-1][1], _slope(points))
    # Nothing but the noise of samples: flat, and no need to fit a line.
    still = [(place, 0.0) for place, _ in points]
    return Share(known[-1][1], None if is_short(still) else _flat(still))


def _flat(points: Sequence[Point]) -> Slope:
    first, last = points[0][0], points[-1][0]
    return Slope(0.0, 0.0, 0.0, last - first, len(points), -last)
