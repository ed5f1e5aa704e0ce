"""Instants as numbers, so that a cut-off is one search in a sorted array."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
T = TypeVar("T")

OPENING = timedelta(days=7)
"""The beginning of a history. Whoever asks once a week may have done so for years, so nobody is new
in it; after it one's own counts tell growth, and nothing else is asked."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def days_of(at: datetime) -> float:
    """Return days since 1970; floats of this size tell microseconds apart, and keep their order."""
    return (at - _EPOCH) / _DAY


class Timeline(Generic[T]):
    """Things in order of time."""

    __slots__ = ("_items", "days")

    def __init__(self, items: Iterable[T], at: Callable[[T], datetime]) -> None:
        """Take things that are in order where their times are the same."""
        self._items = tuple(sorted(items, key=at))
        self.days: Floats = np.array([days_of(at(item)) for item in self._items])

    def until(self, cutoff: float) -> tuple[T, ...]:
        """Return those no later than a cut-off."""
        return self._items[: known(self.days, cutoff)]


def known(days: Floats, cutoff: float) -> int:
    """Return how many of some sorted instants are no later than a cut-off."""
    return int(days.searchsorted(cutoff, "right"))
