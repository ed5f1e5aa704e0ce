"""What kind each column is, and so how its values grow.

key        the one column of a unique index: each row brings a value
reference  holds values of a key: grows as the table that it refers to, not as its own
calendar   ends at the present day: its past moves back by the days that go by
advancing  in the order of the rows, as a day or a batch number: goes on at its pace
drawn      anything else draws from the values that there are, as categories and prices do
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dbt_schema_evolve.backends.twin.growth.calendar import Calendar, calendar, pool_ratio
from dbt_schema_evolve.backends.twin.growth.evidence import distinct_values, is_in_groups
from dbt_schema_evolve.backends.twin.growth.later import Later
from dbt_schema_evolve.backends.twin.growth.references import (
    Numbers,
    declared,
    inferred,
    last_word,
)
from dbt_schema_evolve.backends.twin.growth.scale import Scale, has_scale, is_integer
from dbt_schema_evolve.records.catalog import Catalog, ColumnStatistics, TableShape
from dbt_schema_evolve.records.relations import ColumnName, RelationName

_ADVANCES = 0.9  # physical order follows the values this closely where rows are only appended
_BY_CHANCE = 3.0  # standard errors, 1 / sqrt(n - 1): as far as few rows correlate without reason
_NUMBERS_A_ROW = 10.0  # a sequence leaves gaps; a hash leaves almost nothing else


@dataclass(frozen=True, slots=True)
class Growth:
    """How many times more values there are to draw from, and how much further they reach."""

    pool: float = 1.0
    scale: Scale | None = None  # None: the values stay where they are
    with_rows: bool = False  # the number of values stays the same share of the rows
    values: float | None = None  # how many there are to draw from today, where that is known
    drift: float = 0.0  # what the most common value gains, as a share of the rows
    calendar: Calendar | None = None  # how they move instead, where they are days up to today


@dataclass(frozen=True, slots=True)
class _Column:
    name: ColumnName
    type: str
    table: TableShape
    row: ColumnStatistics


class Kinds:
    """Knows the keys of a catalog, and what refers to them."""

    def __init__(
        self,
        catalog: Catalog,
        row_ratios: Mapping[RelationName, float],
        standing: frozenset[ColumnName],
        later: Later | None = None,
    ) -> None:
        self._ratios, self._standing, self._later = row_ratios, standing, later
        self._columns = {column.name: column for column in _columns(catalog)}
        self._declared = declared(catalog)
        self._keys = {
            name: _numbers(self._columns[name])
            for name in _unique(catalog)
            if name in self._columns
        }
        self._numbered: defaultdict[str, list[Numbers]] = defaultdict(list)
        for numbers in self._keys.values():
            if numbers:
                self._numbered[last_word(numbers.name.column)].append(numbers)

    def growth(self, relation: RelationName, column: str) -> Growth:
        """Return how the values of a column grow."""
        here = self._columns.get(ColumnName(relation, column))
        if here is None:
            return Growth()
        if moves := self._calendar(here):
            pool = pool_ratio(moves, here.row, here.table.rows)
            return Growth(pool, with_rows=here.name in self._keys, calendar=moves)
        drift = self._later.drift(here.name) if self._later else 0.0
        return replace(self._growth(here), drift=drift)

    def _growth(self, here: _Column) -> Growth:
        name = here.name
        if name in self._keys:
            return replace(self._as_key(here), with_rows=True)
        if target := self._target(here):
            key = self._columns.get(target)
            growth = self._as_key(key) if key else Growth(self._ratio(target))
            return replace(growth, values=_fewest(_distinct(key) if key else None, _width(here)))
        if _advances(here) and name not in self._standing:
            return replace(self._as_advancing(here), values=_width(here))
        if is_in_groups(here.row, here.table.rows):
            return Growth(self._ratio(name), with_rows=True)
        return Growth()

    def _target(self, column: _Column) -> ColumnName | None:
        if column.name in self._declared:
            return self._declared[column.name]
        numbers = _numbers(column)
        alike = self._numbered.get(last_word(column.name.column))
        return inferred(numbers, alike) if numbers and alike else None

    def _as_key(self, column: _Column) -> Growth:
        ratio = self._ratio(column.name)
        numbers = self._keys.get(column.name)
        if numbers and numbers.high - numbers.low < _NUMBERS_A_ROW * numbers.distinct:
            return Growth(ratio, Scale(column.type, str(numbers.low), ratio))
        return self._as_advancing(column) if _advances(column) else Growth(ratio)

    def _as_advancing(self, column: _Column) -> Growth:
        ratio = self._ratio(column.name)
        start = (column.row.histogram_bounds or ("",))[0]
        return Growth(ratio, Scale(column.type, start, ratio))

    def _calendar(self, column: _Column) -> Calendar | None:
        if self._later is None:
            return None
        ratio = self._ratio(column.name)
        return calendar(column.name.column, column.row, column.table, ratio, self._later)

    def _ratio(self, column: ColumnName) -> float:
        return self._ratios.get(column.relation, 1.0)


def _columns(catalog: Catalog) -> Iterator[_Column]:
    for table in catalog.tables:
        types = {column.name: column.type for column in table.columns}
        for row in sorted(table.statistics, key=lambda row: not row.inherited):
            # Of two, a table's own come last and count.
            yield _Column(
                ColumnName(table.relation, row.column), types.get(row.column, ""), table, row
            )


def _unique(catalog: Catalog) -> list[ColumnName]:
    return sorted(
        {
            ColumnName(index.spec.relation, index.spec.keys[0].term)
            for index in catalog.indexes
            if index.spec.unique and len(index.spec.keys) == 1 and not index.spec.where
        }
    )


def _numbers(column: _Column) -> Numbers | None:
    """The range of a numbered column, from all values that are known of it."""
    if not is_integer(column.type):
        return None
    row = column.row
    known = [
        *(row.histogram_bounds or ())[:1],
        *(row.histogram_bounds or ())[-1:],
        *(row.most_common_values or ()),
    ]
    for ends in column.table.ends:
        if ends.column == row.column:
            known += [ends.smallest, ends.largest]
    if not known:
        return None
    try:
        numbers = [int(value) for value in known]
    except ValueError:  # values may have been replaced by tokens
        return None
    return Numbers(column.name, min(numbers), max(numbers), _distinct(column))


def _distinct(column: _Column) -> float:
    return distinct_values(column.row, column.table.rows)


def _width(column: _Column) -> float | None:
    """How many whole numbers there are between the ends, where most of them occur."""
    numbers = _numbers(column)
    if numbers is None:
        return None
    width = numbers.high - numbers.low + 1.0
    return width if width < _NUMBERS_A_ROW * numbers.distinct else None


def _fewest(*counts: float | None) -> float | None:
    return min((count for count in counts if count), default=None)


def _advances(column: _Column) -> bool:
    """Whether its values follow the order of the rows, and not just by chance."""
    row = column.row
    if not row.histogram_bounds or not has_scale(column.type) or column.table.rows <= 1:
        return False
    by_chance = _BY_CHANCE / math.sqrt(column.table.rows - 1)
    return (row.correlation or 0.0) >= max(_ADVANCES, by_chance)
