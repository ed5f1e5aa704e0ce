"""Which columns will not hold the next rows: keys, the sequences that feed them, limited texts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from dbt_schema_evolve.records.column_trends import Alarm, AlarmKind, ColumnTrend, Slope, Span
from dbt_schema_evolve.records.relations import ColumnName

YEAR = 365.0  # to give a large key another type takes months of copying beside the old one
USED = 0.02  # of a limit: who used less can fill it in a year only if it is a week old
NEARLY_FULL = 0.9  # of a limit: worth a word even after one look, when nobody knows the pace
_UNKNOWN = 1e9  # days: comes last

SameValues = Mapping[ColumnName, Sequence[ColumnName]]


class _Filling(NamedTuple):
    """A number that rises towards a limit."""

    kind: AlarmKind
    value: int
    limit: int
    growth: Slope | None
    is_exact: bool

    @property
    def until(self) -> Span | None:
        return None if self.growth is None else self.growth.until(self.limit - self.value)


_LimitOf = Callable[[ColumnTrend], int | None]
_Fillings = Callable[[ColumnTrend, int], Iterator[_Filling]]


def worth_watching(trends: Iterable[ColumnTrend], same_values: SameValues) -> frozenset[ColumnName]:
    """Return the columns whose past has to be read: those that have used some of a limit."""
    known = {trend.column: trend for trend in trends}
    return frozenset(
        trend.column
        for trend in known.values()
        for limit_of, fillings in _WATCHED
        for limit in _holders(trend, known, same_values, limit_of)
        if any(each.value >= USED * each.limit for each in fillings(trend, limit))
    )


def alarms(
    trends: Iterable[ColumnTrend], same_values: SameValues, now: datetime, within_days: float = YEAR
) -> tuple[Alarm, ...]:
    """Return what will be full within so many days if it goes on like this, the soonest first.

    `same_values` tells which columns get the values of which. Those with the same limit share one
    alarm, of the column that the others have their values from; lower limits have their own.
    """
    found = [
        alarm
        for limit_of, fillings in _WATCHED
        for alarm in _alarms(tuple(trends), same_values, now, limit_of, fillings)
        if alarm.until is None or alarm.until.days <= within_days
    ]
    return tuple(sorted(found, key=_soonest))


def _alarms(
    trends: Iterable[ColumnTrend], same_values: SameValues, now: datetime,
    limit_of: _LimitOf, fillings: _Fillings,
) -> Iterator[Alarm]:  # fmt: skip
    known = {trend.column: trend for trend in trends}
    covered: set[ColumnName] = set()

    def by_origin(trend: ColumnTrend) -> tuple[int, ColumnName]:
        """Where values come from goes before where they go to."""
        return -len(same_values.get(trend.column, ())), trend.column

    for trend in sorted(known.values(), key=by_origin):
        for limit, (first, *others) in _holders(trend, known, same_values, limit_of).items():
            filling = _first_full(fillings(trend, limit))
            if filling is None or first.column in covered:
                continue
            affected = tuple(sorted(other.column for other in others))
            covered |= {first.column, *affected}
            yield Alarm(
                filling.kind, first.column, first.type, now, filling.value, filling.limit,
                filling.growth, filling.until, filling.is_exact, trend.column, affected,
            )  # fmt: skip


def _holders(
    trend: ColumnTrend,
    known: Mapping[ColumnName, ColumnTrend],
    same_values: SameValues,
    limit_of: _LimitOf,
) -> dict[int, list[ColumnTrend]]:
    """Return the columns that hold a column's values by their limits, none above its own."""
    own = limit_of(trend)
    held: defaultdict[int, list[ColumnTrend]] = defaultdict(list)
    for name in (trend.column, *same_values.get(trend.column, ())):
        limit = limit_of(known[name]) if name in known else None
        if limit is not None and (own is None or limit <= own):
            held[limit].append(known[name])
    return dict(sorted(held.items()))


def _first_full(fillings: Iterable[_Filling]) -> _Filling | None:
    """Return what is full on the earliest day; the column itself rather than its sequence."""
    worrying = [
        each
        for each in fillings
        if each.until or (each.growth is None and each.value >= NEARLY_FULL * each.limit)
    ]
    return min(worrying, key=lambda each: (_days(each.until) // 1, each.kind), default=None)


def _numbers(trend: ColumnTrend, limit: int) -> Iterator[_Filling]:
    """Yield the highest value and the sequence, of which either may be further than the other."""
    sequence, highest = trend.sequence, trend.highest
    if sequence is not None and sequence.cycles and sequence.limit <= limit:
        return
    if highest is not None and highest <= limit:
        yield _Filling(AlarmKind.KEY, highest, limit, trend.growth, trend.is_exact)
    if sequence is not None and sequence.value is not None:
        end, growth = min(sequence.limit, limit), trend.sequence_growth
        yield _Filling(AlarmKind.SEQUENCE, sequence.value, end, growth, is_exact=True)


def _lengths(trend: ColumnTrend, limit: int) -> Iterator[_Filling]:
    """Yield the greatest length where it grows for sure: codes of one length are always full."""
    length, growth = trend.greatest_length, trend.length_growth
    if length is not None and length <= limit and growth is not None and growth.low_per_day > 0:
        yield _Filling(AlarmKind.LENGTH, length, limit, growth, is_exact=False)


def _days(until: Span | None) -> float:
    return _UNKNOWN if until is None else until.days


def _soonest(alarm: Alarm) -> tuple[float, ColumnName, AlarmKind]:
    return _days(alarm.until), alarm.column, alarm.kind


_WATCHED: tuple[tuple[_LimitOf, _Fillings], ...] = (
    (lambda trend: trend.number_limit, _numbers),
    (lambda trend: trend.length_limit, _lengths),
)
