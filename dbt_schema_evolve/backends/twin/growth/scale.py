"""Stretches values that go on where they ended, such as days and serial numbers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

_Stretch = Callable[[str, str, float], str]


@dataclass(frozen=True, slots=True)
class Scale:
    """Puts each value so many times as far from the start."""

    type: str
    start: str
    span: float

    def stretched(self, values: Sequence[str]) -> tuple[str, ...]:
        """Return the values where they will be; as they are where that has no meaning."""
        stretch = _stretch(self.type)
        if stretch is None:
            return tuple(values)
        try:
            there = tuple(stretch(self.start, value, self.span) for value in values)
            return _held(there, self.type)
        # Infinity, a year that no calendar here knows, a number that the type cannot hold.
        except (ValueError, OverflowError):
            return tuple(values)


def has_scale(kind: str) -> bool:
    """Return whether values of this type can be stretched."""
    return _stretch(kind) is not None


def is_integer(kind: str) -> bool:
    """Return whether keys of this type are numbered."""
    return _stretch(kind) is _integer


def _stretch(kind: str) -> _Stretch | None:
    return _moment if kind.startswith("timestamp") else _STRETCHES.get(kind)


def _held(values: tuple[str, ...], kind: str) -> tuple[str, ...]:
    most = _LARGEST.get(kind)
    if most and any(abs(int(value)) > most for value in values):
        raise OverflowError(kind)
    return values


def _integer(start: str, value: str, span: float) -> str:
    low = int(start)
    return str(low + round((int(value) - low) * span))


def _day(start: str, value: str, span: float) -> str:
    low = date.fromisoformat(start)
    return (low + (date.fromisoformat(value) - low) * span).isoformat()


def _moment(start: str, value: str, span: float) -> str:
    low = datetime.fromisoformat(start)
    return (low + (datetime.fromisoformat(value) - low) * span).isoformat(sep=" ")


_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_STRETCHES: Mapping[str, _Stretch] = {
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "date": _day,
}
