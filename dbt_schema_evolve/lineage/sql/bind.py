"""Puts literals in place of `$n`, so that a planner prices the query as it runs in earnest.

pg_stat_statements keeps no constants. Values drawn from the planner's statistics give plans like
those of real calls, and they never leave the database that they came from.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from dbt_schema_evolve.lineage.sql import literals
from dbt_schema_evolve.lineage.sql.parsing import MARK, MARKED, UnreadableError, marked
from dbt_schema_evolve.lineage.sql.places import Place, Role, places
from dbt_schema_evolve.lineage.sql.repeated_constants import equal_by_meaning, kept_in_group_by
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.lineage.sql.rows import Output
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.types import Family
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

Statistics = Callable[[RelationName, str], ColumnStatistics | None]

_LIST_VALUES = 3  # `IN ($1 /*, ... */)`: Postgres 18 does not say how many there were
DRAWS = 3  # typical, common, rare
_OTHER = {
    literals.TYPICAL: literals.TYPICAL,
    literals.COMMON: literals.RARE,
    literals.RARE: literals.COMMON,
}
_YEAR = re.compile(r"-?\d{4,}")


def bind(sql: str, schema: LineageSchema, statistics: Statistics, draw: int = 0) -> str | Skip:
    """Return the statement with a literal for every `$n`; other draws choose other values.

    The rest of the text stays as it is. A text without parameters is returned unchanged.
    """
    slots = _slots_of(sql, schema, statistics)
    return slots if isinstance(slots, Skip) else slots.filled(draw)


def draws(
    sql: str, schema: LineageSchema, statistics: Statistics, most: int = DRAWS
) -> tuple[str, ...] | Skip:
    """Return texts that stand for equally many calls of a statement, a typical one first.

    There are several, some perhaps alike, where it matters to the planner what is asked for.
    """
    slots = _slots_of(sql, schema, statistics)
    if isinstance(slots, Skip):
        return slots
    texts = tuple(slots.filled(draw) for draw in range(most))
    return texts if len(set(texts)) > 1 else texts[:1]


@dataclass(frozen=True, slots=True)
class _Slots:
    """A statement whose parameters are understood."""

    text: str  # marked
    places: Mapping[int, Place]  # by parameter
    kept: dict[int, str]
    alike: Sequence[Sequence[int]]  # parameters that must be one value
    statistics: Statistics

    def filled(self, draw: int) -> str:
        """Return the text of one draw."""
        values = self.values(draw)
        return MARKED.sub(lambda match: values[int(match[1])], self.text)

    def values(self, draw: int) -> dict[int, str]:
        """Return SQL for each parameter, as far as its place tells."""
        values = _values(self.places, self.statistics, draw) | self.kept
        for numbers in self.alike:
            first = next((values[number] for number in numbers if number in values), None)
            if first is not None:
                values.update(dict.fromkeys(numbers, first))
        return values


def _slots_of(sql: str, schema: LineageSchema, statistics: Statistics) -> _Slots | Skip:
    text = marked(sql)
    if MARK not in text:
        return _Slots(sql, {}, {}, (), statistics)
    try:
        tree, resolver, _ = resolved(sql, schema, expand=True)
    except UnreadableError as unreadable:
        return Skip(" ".join(sql.split())[:80], unreadable.reason)

    def lookup(column: exp.Column) -> Output | None:
        found = resolver.meanings.get(id(column))
        return found.output if found else None

    found = _most_telling(places(tree, lookup))
    kept = kept_in_group_by(tree, text)
    alike = [*equal_by_meaning(tree)]
    placed = found.keys() | kept.keys()
    placed |= {number for numbers in alike if placed & set(numbers) for number in numbers}
    missing = {int(number) for number in MARKED.findall(text)} - placed
    if missing:
        return Skip(" ".join(sql.split())[:80], f"no place found for ${min(missing)}")
    return _Slots(text, found, kept, alike, statistics)


def _most_telling(found: Iterable[Place]) -> dict[int, Place]:
    """Return for each parameter the place that says most about it."""
    places_of: dict[int, list[Place]] = defaultdict(list)
    for place in found:
        places_of[place.number].append(place)
    return {number: max(every, key=_telling) for number, every in places_of.items()}


def _values(places_of: Mapping[int, Place], statistics: Statistics, draw: int) -> dict[int, str]:
    """Return SQL for each parameter.

    Beyond the typical draw, what is common in one column meets what is rare in the next one:
    conditions that are all at one end together would be no call that anybody makes.
    """
    ends: dict[tuple[int, int], set[Role]] = defaultdict(set)
    turns: dict[tuple[int, int], int] = {}
    for place in places_of.values():
        if place.column is not None:
            key = place.query, id(place.column)
            ends[key].add(place.role)
            turns.setdefault(key, draw if len(turns) % 2 == 0 else _OTHER[draw])
    values = {}
    for number, place in places_of.items():
        key = place.query, id(place.column)
        is_pair = {Role.LOW, Role.HIGH} <= ends.get(key, set())
        values[number] = _value(place, statistics, turns.get(key, draw), is_pair=is_pair)
    return values


def _telling(place: Place) -> tuple[bool, bool, bool]:
    known = place.family is not Family.UNKNOWN
    return place.role is Role.FIXED, place.column is not None, known


def _value(place: Place, statistics: Statistics, draw: int, *, is_pair: bool) -> str:
    if place.column is None:
        return place.sql or _without_column(place)
    known = statistics(place.column.name.relation, place.column.name.column)
    if literals.is_unknowable(known, place.family):
        return "null"
    if place.role in {Role.LOW, Role.HIGH}:
        is_low = place.role is Role.LOW
        value = literals.bound_value(known, place.family, draw, is_low=is_low, is_pair=is_pair)
        return _sql(value, place)
    count = _LIST_VALUES if place.is_listed or place.role is Role.ARRAY else 1
    values = [
        literals.equal_value(known, place.family, draw, place.nth + nth) for nth in range(count)
    ]
    if place.role in {Role.ARRAY, Role.ELEMENTS}:
        if place.role is Role.ELEMENTS:
            values = literals.elements(known, draw)
        return literals.literal(literals.array(list(dict.fromkeys(values))), Family.ARRAY)
    if place.role in {Role.PATTERN, Role.PREFIX}:
        text = literals.pattern(values[0], draw, is_whole=place.role is Role.PATTERN)
        return literals.literal(text, Family.TEXT)
    return ", ".join(dict.fromkeys(_sql(value, place) for value in values))


def _sql(value: str, place: Place) -> str:
    """Return a column's value after what the query does to the column before comparing."""
    if place.through == "year":
        year = _YEAR.match(value)
        return year[0] if year else "2020"
    if place.through == "month" and _YEAR.match(value):
        return literals.literal(f"{value[:7]}-01", Family.TIMESTAMP)
    if place.through == "lower":
        value = value.lower()
    elif place.through == "upper":
        value = value.upper()
    elif place.through == Family.DATE:
        value = value.partition(" ")[0]
    return literals.literal(value, place.family)


def _without_column(place: Place) -> str:
    if literals.is_unknowable(None, place.family):
        return "null"
    if place.role is Role.ARRAY:
        value = literals.plain_value(place.family)
        return literals.literal(literals.array([value]), Family.ARRAY)
    if place.role in {Role.PATTERN, Role.PREFIX}:
        return "'%'"
    if place.role in {Role.LOW, Role.HIGH}:
        is_low = place.role is Role.LOW
        value = literals.bound_value(None, place.family, 0, is_low=is_low, is_pair=False)
        return literals.literal(value, place.family)
    return literals.literal(literals.plain_value(place.family), place.family)
