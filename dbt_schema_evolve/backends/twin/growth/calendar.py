"""Columns that end at the present day, seen from a later one.

Queries ask for the last week, by `now()` or by a date of today. So it is not the present that
moves on but the past that moves back: old rows are so many days older, and what came since fills
the days up to today.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

from dbt_schema_evolve.backends.twin.growth.later import Later
from dbt_schema_evolve.records.catalog import ColumnEnds, ColumnStatistics, TableShape

_DAY = timedelta(days=1)
_PRESENT = 2 * _DAY  # a nightly load that is late, a zone of the other half of the globe
_MOST_COMMON = 100  # default_statistics_target, which bounds both lists of values
_COMPLETE = 0.999  # of the rows: the list of common values holds all there are
_ALL, _IN_ORDER = 0.99, 0.5
_MANY = 0.1  # values a row: instants, no two alike, and not days


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows that lie evenly between two instants, in days before the present end."""

    low: float
    high: float
    share: float


@dataclass(frozen=True, slots=True)
class Calendar:
    """How one column moves while its table grows."""

    type: str
    end: datetime
    days: float
    ratio: float  # of the rows
    is_appended: bool  # whether new rows lie behind the old ones

    def moved(self, row: ColumnStatistics) -> ColumnStatistics:
        """Return what ANALYZE would find of the column then, its number of values left aside."""
        if self.is_appended and row.correlation is not None:
            # Of ranks: the old part keeps its own, the new one is in order and all behind it.
            row = replace(row, correlation=1 - (1 - row.correlation) / self.ratio**3)
        present = 1 - row.null_fraction
        new = present * (1 - 1 / self.ratio)
        common = self._older(row.most_common_values or ())
        shares = [share / self.ratio for share in row.most_common_frequencies or ()]
        recent = self._new_days(new)
        if sum(row.most_common_frequencies or ()) >= _COMPLETE * present and row.n_distinct > 0:
            common += [part.high for part in recent]
            shares += [part.share for part in recent]
            if len(common) <= _MOST_COMMON:
                return self._with(row, common, shares, ())
            parts = [_Part(at, at, share) for at, share in sorted(zip(common, shares, strict=True))]
            return self._with(row, [], [], parts)
        bounds = self._older(row.histogram_bounds or ())
        left = (present - sum(row.most_common_frequencies or ())) / self.ratio
        parts = [_Part(low, high, left / (len(bounds) - 1)) for low, high in pairwise(bounds)]
        return self._with(row, common, shares, [*parts, *recent])

    def moved_ends(self, ends: ColumnEnds) -> ColumnEnds:
        """Return the true ends: the first row is so much older, the last one is of today."""
        return replace(ends, smallest=self._text(self._before(ends.smallest) - self.days))

    def _new_days(self, share: float) -> list[_Part]:
        if self.type != "date":
            return [_Part(-self.days, 0.0, share)]
        days = max(ceil(self.days), 1)
        return [_Part(-day, -day, share / days) for day in range(days - 1, -1, -1)]

    def _older(self, values: Sequence[str]) -> list[float]:
        return [self._before(value) - self.days for value in values]

    def _with(
        self,
        row: ColumnStatistics,
        common: Sequence[float],
        shares: Sequence[float],
        parts: Sequence[_Part],
    ) -> ColumnStatistics:
        size = len(row.histogram_bounds or ()) or min(len(parts), _MOST_COMMON + 1)
        order = sorted(range(len(common)), key=lambda index: (-shares[index], common[index]))
        return replace(
            row,
            most_common_values=tuple(self._text(common[index]) for index in order) or None,
            most_common_frequencies=tuple(shares[index] for index in order) or None,
            histogram_bounds=tuple(map(self._text, _bounds(parts, size))) if parts else None,
        )

    def _before(self, value: str) -> float:
        return (_instant(value) - self.end) / _DAY

    def _text(self, days: float) -> str:
        if self.type == "date":
            return (self.end + round(days) * _DAY).date().isoformat()
        there = self.end + days * _DAY
        if not self.type.endswith("with time zone") or self.type.endswith("without time zone"):
            there = there.replace(tzinfo=None)
        return there.isoformat(sep=" ")


def calendar(
    column: str, row: ColumnStatistics, table: TableShape, ratio: float, later: Later
) -> Calendar | None:
    """Return how a column moves; None where it does not end at the present day."""
    kind = next((c.type for c in table.columns if c.name == column), "")
    if not (kind == "date" or kind.startswith("timestamp")) or ratio <= 1:
        return None
    values = [*(row.histogram_bounds or ())[-1:], *(row.most_common_values or ())]
    values += [ends.largest for ends in table.ends if ends.column == column]
    try:
        end = max(map(_instant, values))
    except (ValueError, OverflowError):  # infinity, or tokens instead of values
        return None
    if abs(end - later.now.astimezone(UTC)) > _PRESENT:
        return None
    return Calendar(kind, end, later.days, ratio, _is_appended(table))


def _is_appended(table: TableShape) -> bool:
    """Whether some column without equal values, such as a serial number, follows the rows."""
    return any(
        row.n_distinct <= -_ALL and (row.correlation or 0.0) >= _IN_ORDER
        for row in table.statistics
    )


def pool_ratio(moves: Calendar, row: ColumnStatistics, rows: float) -> float:
    """Return how many times more values there are to draw from."""
    distinct = -row.n_distinct * rows if row.n_distinct < 0 else row.n_distinct
    if distinct > _MANY * rows:
        return moves.ratio
    values = [*(row.histogram_bounds or ())[:1], *(row.most_common_values or ())]
    width = (moves.end - min(map(_instant, values))) / _DAY + 1
    return 1 + moves.days / width


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _bounds(parts: Sequence[_Part], size: int) -> list[float]:
    """Return values between which equally many rows lie; the parts are in order."""
    total = sum(part.share for part in parts)
    bounds, passed, index = [], 0.0, 0
    for number in range(size):
        wanted = total * number / max(size - 1, 1)
        while index < len(parts) - 1 and passed + parts[index].share < wanted:
            passed += parts[index].share
            index += 1
        part = parts[index]
        within = min(max((wanted - passed) / part.share, 0.0), 1.0) if part.share else 1.0
        bounds.append(part.low + within * (part.high - part.low))
    return bounds
