"""Values as points on a scale of whole numbers, so that tokens can be laid between them.

A scale knows its cells: a decimal magnitude of numbers, a year of days and moments. A value's token
stays in the value's cell and takes its rank there, so a token tells the cell and no more.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from itertools import groupby
from uuid import UUID

Cell = tuple[int, int]  # from, to; the end is outside

# Special values say nothing of a row's person, and the planner treats them apart.
SPECIAL = frozenset({"infinity", "-infinity", "Infinity", "-Infinity", "NaN"})

_DAY_US = 86_400_000_000
_EPOCH = datetime(1, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_US = timedelta(microseconds=1)
_TYPE_ENDS = (1 << 15, 1 << 31)  # a token must fit the type that its value fits


@dataclass(frozen=True, slots=True)
class Scale:
    """How values of one kind become points and back; both ways raise ValueError or a kin."""

    name: str
    point: Callable[[str], int]
    text: Callable[[int], str]
    cell: Callable[[int], Cell]


def scale_of(type_name: str) -> Scale | None:
    """Return the scale of a type as `format_type` spells it; types that are compared share one."""
    base, _, modifiers = type_name.partition("(")
    modifiers, _, tail = modifiers.partition(")")
    if base == "numeric" and modifiers:
        return _decimal(int(modifiers.partition(",")[2] or 0))
    return _SCALES.get((base + tail).strip())


def tokens(points: Iterable[int], cell: Callable[[int], Cell]) -> Mapping[int, int]:
    """Return a token for each point: in its cell, in its order, and none of the points.

    Where a cell is too full for that, as that of 1 to 9 is where every digit occurs, its points
    are spread evenly over it, and some tokens are points.
    """
    found: dict[int, int] = {}
    ordered = sorted(set(points))
    taken = frozenset(ordered)
    for (low, high), members in groupby(ordered, key=cell):
        group = list(members)
        even = [
            low + (2 * rank + 1) * (high - low) // (2 * len(group)) for rank in range(len(group))
        ]
        free: list[int] = []
        for token in even:
            place = max(token, free[-1] + 1) if free else token
            while place in taken:
                place += 1
            free.append(place)
        found |= zip(group, free if free[-1] < high else even, strict=True)
    return found


def _magnitude(point: int) -> Cell:
    if point < 0:
        low, high = _magnitude(-point)
        return 1 - high, 1 - low
    digits = len(str(point))
    low, high = (10 ** (digits - 1), 10**digits) if point else (0, 1)
    for end in _TYPE_ENDS:
        if low < end < high:
            low, high = (low, end) if point < end else (end, high)
    return low, high


def _year(day: int) -> Cell:
    year = date.fromordinal(day).year
    return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1


def _year_of_moment(point: int) -> Cell:
    low, high = _year(point // _DAY_US + 1)
    return (low - 1) * _DAY_US, (high - 1) * _DAY_US


@cache
def _decimal(scale: int) -> Scale:
    unit = Decimal(1).scaleb(-scale)

    def point(value: str) -> int:
        try:
            scaled = Decimal(value).scaleb(scale)
        except InvalidOperation as error:
            raise ValueError(value) from error
        if not scaled.is_finite():
            raise ValueError(value)
        return int(scaled)

    return Scale(f"numeric with {scale} decimals", point, lambda p: f"{p * unit:f}", _magnitude)


def _clock(point: int) -> str:
    return (_EPOCH + point * _US).time().isoformat()


def _since_midnight(value: str) -> int:
    at = time.fromisoformat(value)
    return (datetime.combine(_EPOCH, at) - _EPOCH) // _US


_INTEGER = Scale("integer", int, str, _magnitude)
# Values that differ by less than the sixth decimal share a token.
_FLOAT = Scale("float", lambda v: _decimal(6).point(v), lambda p: repr(p / 10**6), _magnitude)
_SCALES: Mapping[str, Scale] = {
    "smallint": _INTEGER,
    "integer": _INTEGER,
    "bigint": _INTEGER,
    "numeric": _decimal(6),
    "real": _FLOAT,
    "double precision": _FLOAT,
    "date": Scale(
        "date",
        lambda value: date.fromisoformat(value).toordinal(),
        lambda point: date.fromordinal(point).isoformat(),
        _year,
    ),
    "timestamp without time zone": Scale(
        "timestamp",
        lambda value: (datetime.fromisoformat(value) - _EPOCH) // _US,
        lambda point: (_EPOCH + point * _US).isoformat(sep=" "),
        _year_of_moment,
    ),
    "timestamp with time zone": Scale(
        "timestamp with time zone",
        lambda value: (datetime.fromisoformat(value) - _EPOCH_UTC) // _US,
        lambda point: (_EPOCH_UTC + point * _US).isoformat(sep=" "),
        _year_of_moment,
    ),
    "time without time zone": Scale("time", _since_midnight, _clock, lambda _: (0, _DAY_US)),
    "uuid": Scale(
        "uuid", lambda v: UUID(v).int, lambda p: str(UUID(int=p)), lambda _: (0, 1 << 128)
    ),
}
