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
            return tuple(stretch(self.start, value, self.span) for value in values)
        except (ValueError, OverflowError):  # infinity, or a year that no calendar here knows
            return tuple(values)


def has_scale(kind: str) -> bool:
    """Return whether values of this type can be stretched."""
    return _stretch(kind) is not None


def is_integer(kind: str) -> bool:
    """Return whether keys of this type are numbered."""
    return _stretch(kind) is _integer


def _stretch(kind: str) -> _Stretch | None:
    return _moment if kind.startswith("timestamp") else _STRETCHES.get(kind)


def _integer(start: str, value: str, span: float) -> str:
    low = int(start)
    return str(low + round((int(value) - low) * span))


def _day(start: str, value: str, span: float) -> str:
    low = date.fromisoformat(start)
    return (low + (date.fromisoformat(value) - low) * span).isoformat()


def _moment(start: str, value: str, span: float) -> str:
    low = datetime.fromisoformat(start)
    return (low + (datetime.fromisoformat(value) - low) * span).isoformat(sep=" ")


_STRETCHES: Mapping[str, _Stretch] = {
    "smallint": _integer,
    "integer": _integer,
    "bigint": _integer,
    "date": _day,
}
