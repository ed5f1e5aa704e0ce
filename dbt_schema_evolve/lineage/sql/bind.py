"""Puts literals in place of `$n`, so that a planner prices the query as it runs in earnest.

pg_stat_statements keeps no constants. Values drawn from the planner's statistics give plans like
those of real calls, and they never leave the database that they came from.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from dbt_schema_evolve.lineage.sql import literals
from dbt_schema_evolve.lineage.sql.parsing import MARK, UnreadableError, marked
from dbt_schema_evolve.lineage.sql.places import Place, Role, places
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.lineage.sql.rows import Output
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.types import Family
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip

Statistics = Callable[[RelationName, str], ColumnStatistics | None]

_MARKED = re.compile(f"'{MARK}(\\d+)'")
_CONSTANT = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_LIST_VALUES = 3  # `IN ($1 /*, ... */)`: Postgres 18 does not say how many there were
_YEAR = re.compile(r"-?\d{4,}")


def bind(sql: str, schema: LineageSchema, statistics: Statistics, pick: int = 0) -> str | Skip:
    """Return the statement with a literal for every `$n`; other picks draw other values.

    The rest of the text stays as it is. A text without parameters is returned unchanged.
    """
    text = marked(sql)
    if MARK not in text:
        return sql
    try:
        tree, resolver, _ = resolved(sql, schema, expand=True)
    except UnreadableError as unreadable:
        return Skip(" ".join(sql.split())[:80], unreadable.reason)

    def lookup(column: exp.Column) -> Output | None:
        found = resolver.meanings.get(id(column))
        return found.output if found else None

    found = list(places(tree, lookup))
    values = _values(found, statistics, pick) | _kept_in_group_by(tree, text)
    for group in _equal_by_meaning(tree):
        chosen = next((values[number] for number in group if number in values), None)
        if chosen is not None:
            values.update(dict.fromkeys(group, chosen))
    missing = {int(number) for number in _MARKED.findall(text)} - values.keys()
    if missing:
        return Skip(" ".join(sql.split())[:80], f"no place found for ${min(missing)}")
    return _MARKED.sub(lambda match: values[int(match[1])], text)


def _values(found: Iterable[Place], statistics: Statistics, pick: int) -> dict[int, str]:
    """Return SQL for each parameter, from the place that says most about it."""
    places_of: dict[int, list[Place]] = defaultdict(list)
    for place in found:
        places_of[place.number].append(place)
    best = {number: max(every, key=_telling) for number, every in places_of.items()}
    ends: dict[tuple[int, int], set[Role]] = defaultdict(set)
    for place in best.values():
        if place.column is not None:
            ends[place.query, id(place.column)].add(place.role)
    values = {}
    for number, place in best.items():
        is_pair = {Role.LOW, Role.HIGH} <= ends.get((place.query, id(place.column)), set())
        values[number] = _value(place, statistics, pick, is_pair=is_pair)
    return values


def _telling(place: Place) -> tuple[bool, bool, bool]:
    known = place.family is not Family.UNKNOWN
    return place.role is Role.FIXED, place.column is not None, known


def _value(place: Place, statistics: Statistics, pick: int, *, is_pair: bool) -> str:
    if place.column is None:
        return place.sql or _without_column(place)
    known = statistics(place.column.name.relation, place.column.name.column)
    if literals.is_unknowable(known, place.family):
        return "null"
    if place.role in {Role.LOW, Role.HIGH}:
        is_low = place.role is Role.LOW
        value = literals.bound_value(known, place.family, pick, is_low=is_low, is_pair=is_pair)
        return _sql(value, place)
    count = _LIST_VALUES if place.is_listed or place.role is Role.ARRAY else 1
    values = [
        literals.equal_value(known, place.family, pick, place.nth + nth) for nth in range(count)
    ]
    if place.role is Role.ARRAY:
        return literals.literal(literals.array(list(dict.fromkeys(values))), Family.ARRAY)
    if place.role in {Role.PATTERN, Role.PREFIX}:
        text = literals.pattern(values[0], is_whole=place.role is Role.PATTERN)
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


def _equal_by_meaning(tree: exp.Expr) -> Iterable[list[int]]:
    """Yield parameters that must be one value, or the query would not be valid.

    `select coalesce(x, $1) ... group by coalesce(x, $2)` was written with one constant.
    """
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        keys = [*(group.expressions if group is not None else ())]
        if select.args.get("distinct") is not None:
            keys += select.expressions
        wanted: Mapping[str, list[int]] = {
            shape: numbers for shape, numbers in map(_shape, keys) if numbers
        }
        if not wanted:
            continue
        others = (
            *select.expressions,
            *filter(None, (select.args.get("having"), select.args.get("order"))),
        )
        for term in others:
            for node in term.walk():
                shape, numbers = _shape(node) if _may_match(node) else ("", [])
                if shape in wanted:
                    for pair in zip(wanted[shape], numbers, strict=True):
                        yield list(pair)


def _kept_in_group_by(tree: exp.Expr, text: str) -> dict[int, str]:
    """Return the constants that pg_stat_statements left standing, by the parameter they match.

    A key of GROUP BY that repeats an output is only a reference to it once it is analysed, so
    `select trunc('week', d) ... group by trunc('week', d)` is kept as `select trunc($1, d) ...
    group by trunc('week', d)`.
    """
    # sqlglot spells units in capitals; Postgres compares constants as they were written.
    written = {constant.upper(): constant for constant in _CONSTANT.findall(text)}
    kept: dict[int, str] = {}
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        keys = [_slots(key) for key in (group.expressions if group is not None else ())]
        for output in select.expressions:
            for node in output.walk():
                if not _may_match(node):
                    continue
                shape, slots = _slots(node)
                twin = next((key for key in keys if key[0] == shape), None)
                if twin is None or twin[1] == slots:
                    continue
                keys.remove(twin)
                for mine, theirs in zip(slots, twin[1], strict=True):
                    number = _MARKED.fullmatch(mine)
                    if number and not _MARKED.fullmatch(theirs):
                        kept[int(number[1])] = written.get(theirs.upper(), theirs)
    return kept


def _slots(node: exp.Expr) -> tuple[str, list[str]]:
    """Return an expression without its constants, and the constants."""
    sql = node.unalias().sql("postgres")
    return _CONSTANT.sub("?", sql), _CONSTANT.findall(sql)


def _may_match(node: exp.Expr) -> bool:
    return not isinstance(node, exp.Literal | exp.Column | exp.Identifier | exp.Alias)


def _shape(node: exp.Expr) -> tuple[str, list[int]]:
    """Return an expression without its parameters' numbers, and the numbers."""
    sql = node.unalias().sql("postgres")
    return _MARKED.sub("?", sql), [int(number) for number in _MARKED.findall(sql)]
