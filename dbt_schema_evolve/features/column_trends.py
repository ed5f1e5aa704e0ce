"""Profiles of columns through time -> how each column moves, up to an instant."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from dbt_schema_evolve.features.growth import MAX_DAYS, is_short, of_late
from dbt_schema_evolve.features.lines import slope_interval
from dbt_schema_evolve.features.timeline import Floats
from dbt_schema_evolve.features.type_limits import (
    greatest_length,
    greatest_number,
    greatest_of,
    narrower_integers,
)
from dbt_schema_evolve.records.column_trends import ColumnTrend, NarrowerType, Share, Slope
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange
from dbt_schema_evolve.records.relations import ColumnName

_DAY = timedelta(days=1)
_NOISE = 0.01  # a share out of a sample of 30,000 rows, as ANALYZE takes it, is within 0.6 points
_FALL = 0.5  # of what a value rose before: some deleted rows are less, a reset or a wrap is more
_LEAP = 0.5  # of all that a value rose, in one step: an import, a sentinel, no pace
_SUDDEN = 10.0  # times the pace of the rest; a step over a gap between captures is no faster
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
        tuple(_narrower(last.type, ranges, growth, now)),
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
    """Return how a number that only grows has grown since it began anew; None: too short."""
    days, values = _points(numbers, now)
    reset = _since_reset(values)
    days, values = days[reset:], values[reset:]
    leap = _since_leap(days, values)
    return _slope(days[leap:], values[leap:])


def _points(numbers: Iterable[tuple[datetime, float]], now: datetime) -> tuple[Floats, Floats]:
    """Return numbers by days from now, which are negative, as far back as growth counts."""
    first = now - timedelta(days=MAX_DAYS)
    found = [((at - now) / _DAY, number) for at, number in numbers if at >= first]
    return np.array([day for day, _ in found]), np.array([number for _, number in found])


def _slope(days: Floats, values: Floats) -> Slope | None:
    if is_short(days):
        return None
    begin, _, _ = of_late(days, values)
    low, slope, high = slope_interval(days[begin:], values[begin:])
    return _line(days[begin:], low, slope, high)


def _line(days: Floats, low: float, slope: float, high: float) -> Slope:
    return Slope(slope, low, high, float(days[-1] - days[0]), len(days), float(-days[-1]))


def _since_reset(values: Floats) -> int:
    """Return the first point after the last great fall: before it, the number had another life."""
    begin = 0
    lowest = highest = float(values[0]) if len(values) else 0.0
    for index, value in enumerate(values.tolist()):
        if highest - value > max(_FALL * (highest - lowest), _SLIP * abs(highest)):
            begin, lowest, highest = index, value, value
        lowest, highest = min(lowest, value), max(highest, value)
    return begin


def _since_leap(days: Floats, values: Floats) -> int:
    """Return the first point after a leap; growth goes on from there, or there is none."""
    if is_short(days):
        return 0
    steps = np.diff(values)
    index = int(steps.argmax())
    step, rise = float(steps[index]), float(values[-1] - values[0])
    if step <= max(_LEAP * rise, 0.0):
        return 0
    took = float(days[index + 1] - days[index])
    pace_of_rest = (rise - step) / (float(days[-1] - days[0]) - took)
    return index + 1 if step / took > _SUDDEN * pace_of_rest else 0


def _narrower(
    type_name: str, ranges: _Ranges, growth: Slope | None, now: datetime
) -> Iterator[NarrowerType]:
    """Yield the smaller types that would have held everything that these ranges saw."""
    known = [(at, reach.value_bits, reach) for at, reach in ranges if reach.value_bits is not None]
    if not known:
        return
    all_bits = [bits for _, bits, _ in known]
    days = (now - known[0][0]) / _DAY
    highest = known[-1][2].highest
    is_exact = all(reach.is_exact for _, _, reach in known)
    for name, held_bits in narrower_integers(type_name, max(all_bits)):
        limit = greatest_of(held_bits)
        until = None if growth is None or highest is None else growth.until(limit - highest)
        if highest is None:
            at_least: float | None = _at_least_days(all_bits, held_bits, days)
        else:
            at_least = None if growth is None else _earliest(growth, limit - highest)
        yield NarrowerType(name, limit, days, len(known), is_exact, until, at_least)


def _earliest(growth: Slope, gap: int) -> float:
    """Return the days until a gap is closed by the upper end of a slope."""
    if growth.high_per_day <= 0:
        return math.inf
    return max(gap / growth.high_per_day - growth.age_days, 0.0)


def _at_least_days(seen_bits: Sequence[int], held_bits: int, days: float) -> float:
    """Return when magnitudes reach a limit at the steepest pace that they allow.

    Of b bits is what lies between half of 2^b and 2^b. So in these days the value rose by no more
    than from half of the least magnitude to the whole of the greatest.
    """
    greatest = 2.0 ** max(seen_bits)
    rise = greatest - 2.0 ** min(seen_bits) / 2
    return days * (2.0**held_bits - greatest) / rise


def _share(ratios: Iterable[tuple[datetime, float | None]], now: datetime) -> Share | None:
    known = [(at, r) for at, r in ratios if r is not None and math.isfinite(r)]
    if not known:
        return None
    days, values = _points(known, now)
    if len(values) and np.ptp(values) <= _NOISE:
        # Nothing but the noise of samples: flat, and no line needs to be fitted.
        return Share(known[-1][1], None if is_short(days) else _line(days, 0.0, 0.0, 0.0))
    return Share(known[-1][1], _slope(days, values))
