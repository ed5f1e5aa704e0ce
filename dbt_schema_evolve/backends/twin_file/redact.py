"""Takes the values out of a catalog's statistics and puts tokens in their place.

A token keeps what the planner compares: its order among all values of its kind, in every column,
so that joins and ranges over columns are estimated as before. What is lost is said in words, to be
read with the file. Definitions stay as they are: they are code, not rows.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from dbt_schema_evolve.backends.twin_file.scales import SPECIAL, Scale, scale_of, tokens
from dbt_schema_evolve.backends.twin_file.words import word_tokens
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnEnds,
    ColumnStatistics,
    IndexShape,
    StatisticsShape,
    TableShape,
)
from dbt_schema_evolve.records.relations import Column

OrderText = Callable[[Sequence[str], str, bool], Sequence[str]]
"""Values in the order of a collation, as SQL or empty for the database's, ignoring case or not."""

_ENUM = re.compile(r"create type (.+?) as enum ")
_DOMAIN = re.compile(r"create domain (.+?) as (.+?)(?: collate (.+))?\Z", re.DOTALL)
_TEXT = re.compile(
    r"(?:text|name|character varying|character|bpchar|(?:.*\.)?citext)(?:\((\d+)\))?\Z"
)
# Shorter columns get tokens among themselves, so that long ones need not fit them.
_SHORT = 12

_KEPT = (
    "definitions stay: constants in views, functions, indexes and partition bounds are not "
    "replaced, nor are labels of enums and booleans"
)
_LOST_TEXT = (
    "text: a literal in a query equals no common value, so equality is estimated by the average "
    "of the others; a range or prefix by a literal is not estimated; lengths of values stay"
)
_LOST_NUMBERS = (
    "numbers, days and moments keep their decimal magnitude or their year and in it their rank: a "
    "literal equals no common value, and a range by a literal is off by up to its place in there"
)


@dataclass(frozen=True, slots=True)
class _Words:
    """A kind of text: what shares tokens because it may be compared."""

    collation: str
    ignoring_case: bool
    longest: int | None  # where columns are short


_Kind = Scale | _Words


def redacted(catalog: Catalog, order_text: OrderText) -> tuple[Catalog, tuple[str, ...]]:
    """Return the catalog without values of rows, and what that costs, a sentence each."""
    types = _Types(catalog.types)
    seen: defaultdict[_Kind, set[str]] = defaultdict(set)
    for table in catalog.tables:
        for kind, values in _values(table, types):
            seen[kind].update(values)
    known = {kind: _tokens(kind, values, order_text) for kind, values in seen.items()}
    without: set[str] = set()

    def mapped_ends(end: ColumnEnds, column: Column | None) -> tuple[str, ...] | None:
        pair = (end.smallest, end.largest)
        if column is None or types.stays(column.type):
            return pair if column else None
        return _mapped(pair, types.tokens_of(column.type, column.collation, known) or {})

    def one(table: TableShape) -> TableShape:
        columns = {column.name: column for column in table.columns}
        rows = tuple(_row(row, columns.get(row.column), types, known) for row in table.statistics)
        without.update(
            f"{table.relation}.{old.column}"
            for old, new in zip(table.statistics, rows, strict=True)
            if _has_values(old) and not _has_values(new)
        )
        ends = (
            replace(end, smallest=pair[0], largest=pair[1])
            for end in table.ends
            if (pair := mapped_ends(end, columns.get(end.column))) is not None
        )
        return replace(table, statistics=rows, ends=tuple(ends))

    tables = tuple(one(table) for table in catalog.tables)
    indexes = tuple(_index(index) for index in catalog.indexes)
    without.update(
        str(old.spec)
        for old, new in zip(catalog.indexes, indexes, strict=True)
        if old.statistics != new.statistics
    )
    extended = tuple(_extended(statistics) for statistics in catalog.extended_statistics)
    without.update(
        str(old.name)
        for old, new in zip(catalog.extended_statistics, extended, strict=True)
        if old != new
    )
    redacted = replace(catalog, tables=tables, indexes=indexes, extended_statistics=extended)
    return redacted, tuple(_lost(seen, without))


def _lost(seen: Iterable[_Kind], without: Iterable[str]) -> Iterator[str]:
    yield _KEPT
    if any(isinstance(kind, _Words) for kind in seen):
        yield _LOST_TEXT
    if any(isinstance(kind, Scale) for kind in seen):
        yield _LOST_NUMBERS
    if left := sorted(without):
        yield (
            "of these, common values and histograms are left out, so they are estimated as "
            f"without any: {', '.join(left)}"
        )


class _Types:
    """What the types of a catalog mean for redaction."""

    def __init__(self, ddl: Sequence[str]) -> None:
        self._enums = {found[1] for each in ddl if (found := _ENUM.match(each))}
        self._domains = {found[1]: found for each in ddl if (found := _DOMAIN.match(each))}

    def _base(self, name: str, collation: str) -> tuple[str, str]:
        """What a domain is made of, and the collation that it brings along."""
        for _ in range(len(self._domains)):
            if domain := self._domains.get(name):
                name, collation = domain[2], collation or domain[3] or ""
        return name, collation

    def stays(self, name: str) -> bool:
        """Whether values are no more than the type's own definition says."""
        return self._base(name, "")[0] in {*self._enums, "boolean"}

    def kind(self, name: str, collation: str) -> _Kind | None:
        base, order = self._base(name, collation)
        if text := _TEXT.match(base):
            limit = int(text[1]) if text[1] else 1 if base == "character" else None
            short = limit if limit is not None and limit < _SHORT else None
            return _Words(order, base.endswith("citext"), short)
        return scale_of(base)

    def tokens_of(
        self, name: str, collation: str, known: Mapping[_Kind, Mapping[str, str] | None]
    ) -> Mapping[str, str] | None:
        kind = self.kind(name, collation)
        return known.get(kind) if kind else None


def _values(table: TableShape, types: _Types) -> Iterator[tuple[_Kind, Iterable[str]]]:
    rows = defaultdict(list)
    for row in table.statistics:
        rows[row.column].append(row)
    ends = {end.column: (end.smallest, end.largest) for end in table.ends}
    for column in table.columns:
        if types.stays(column.type):
            continue
        if kind := types.kind(column.type, column.collation):
            yield kind, ends.get(column.name, ())
            for row in rows[column.name]:
                yield kind, row.most_common_values or ()
                yield kind, row.histogram_bounds or ()
        if element := types.kind(column.type.removesuffix("[]"), column.collation):
            for row in rows[column.name]:
                yield element, row.most_common_elements or ()


def _tokens(kind: _Kind, values: Iterable[str], order_text: OrderText) -> Mapping[str, str] | None:
    if isinstance(kind, _Words):
        # What is padded with blanks is compared without them.
        trimmed = {value: value.rstrip(" ") for value in values}
        found = word_tokens(
            set(trimmed.values()),
            kind.longest,
            lambda each: order_text(each, kind.collation, kind.ignoring_case),
        )
        if found is None:
            return None
        return {value: found[bare] for value, bare in trimmed.items()}
    points = dict(_points(kind, values))
    laid = tokens(points.values(), kind.cell)
    found = {value: kind.text(laid[point]) for value, point in points.items()}
    return found | {value: value for value in values if value in SPECIAL}


def _points(scale: Scale, values: Iterable[str]) -> Iterator[tuple[str, int]]:
    for value in values:
        # Not on the scale are a year that no calendar here knows, and the special values.
        with suppress(ValueError, OverflowError):
            yield value, scale.point(value)


def _row(
    row: ColumnStatistics,
    column: Column | None,
    types: _Types,
    known: Mapping[_Kind, Mapping[str, str] | None],
) -> ColumnStatistics:
    if column and types.stays(column.type):
        return row
    bare = _without_values(row)
    if column is None:
        return bare
    if column.type.endswith("[]"):
        found = types.tokens_of(column.type.removesuffix("[]"), column.collation, known) or {}
        elements = _mapped(row.most_common_elements, found)
        shares = row.most_common_element_frequencies if elements else None
        return replace(bare, most_common_elements=elements, most_common_element_frequencies=shares)
    found = types.tokens_of(column.type, column.collation, known) or {}
    common = _mapped(row.most_common_values, found)
    return replace(
        bare,
        most_common_values=common,
        most_common_frequencies=row.most_common_frequencies if common else None,
        histogram_bounds=_mapped(row.histogram_bounds, found),
    )


def _mapped(values: Sequence[str] | None, found: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the tokens of all values; None where one has none."""
    mapped = tuple(found[value] for value in values or () if value in found)
    return mapped if values and len(mapped) == len(values) else None


def _without_values(row: ColumnStatistics) -> ColumnStatistics:
    return replace(
        row,
        most_common_values=None,
        most_common_frequencies=None,
        histogram_bounds=None,
        most_common_elements=None,
        most_common_element_frequencies=None,
    )


def _extended(statistics: StatisticsShape) -> StatisticsShape:
    """Counts and dependencies stay; values of several columns together have no tokens."""
    bare = tuple(_without_values(row) for row in statistics.expression_statistics)
    return replace(statistics, common=(), expression_statistics=bare)


def _has_values(row: ColumnStatistics) -> bool:
    return bool(row.most_common_values or row.histogram_bounds or row.most_common_elements)


def _index(index: IndexShape) -> IndexShape:
    """The type of an expression is not in the catalog, so nothing keeps its order."""
    return replace(index, statistics=tuple(_without_values(row) for row in index.statistics))
