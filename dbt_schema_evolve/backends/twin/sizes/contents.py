"""What an index that does not exist would hold, and how big that makes it."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dbt_schema_evolve.backends.twin.btree_pages import deduplicates
from dbt_schema_evolve.backends.twin.build import Builder
from dbt_schema_evolve.backends.twin.built import BuiltTable
from dbt_schema_evolve.backends.twin.sizes.btree import BtreeSize, btree_size
from dbt_schema_evolve.backends.twin.sizes.dependence import (
    TypedColumn,
    UniquePair,
    share_of_pairs,
    with_values_of_unique_key,
)
from dbt_schema_evolve.backends.twin.sizes.elements import elements_of
from dbt_schema_evolve.backends.twin.sizes.expressions import expression_column
from dbt_schema_evolve.backends.twin.sizes.gin import Elements, GinSize, gin_size
from dbt_schema_evolve.backends.twin.sizes.groups import (
    Group,
    column_groups,
    combined_groups,
    known_groups,
    without_nulls,
)
from dbt_schema_evolve.backends.twin.sizes.methods import (
    BrinSize,
    PlainSize,
    brin_size,
    gist_pages,
    hash_pages,
)
from dbt_schema_evolve.backends.twin.sizes.shapes import RowEstimate, own_statistics, stored_values
from dbt_schema_evolve.backends.twin.sizes.values import ValueShape
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName, quoted

_SIGNATURE_BYTES, _TRIGRAM_BYTES, _HASH_BYTES = 5, 3, 4  # trgm_gist.c, tsgistidx.c

IndexSize = BtreeSize | BrinSize | GinSize | PlainSize
"""What the file of an index needs, by its method."""


@dataclass(frozen=True, slots=True)
class IndexContents:
    """Rows of an index, and its columns: the keys as statistics, all of them as lengths."""

    rows: float
    keys: tuple[TypedColumn, ...]
    values: tuple[ValueShape, ...]


class Foreteller:
    """Asks the twin's planner for rows and looks up the rest."""

    def __init__(self, builder: Builder, rows_of: RowEstimate) -> None:
        self._builder, self._rows_of = builder, rows_of

    def contents(self, spec: IndexSpec, table: BuiltTable, oid: int) -> IndexContents:
        """Return what the index would hold; `oid` is that of its empty image on the twin."""
        rows = self._rows_of(_select(spec, "", ""))
        columns = _columns(table)
        keys = tuple(self._key(spec, key, columns, rows) for key in spec.keys)
        known: list[ColumnStatistics | None] = [key.statistics for key in keys]
        for name in spec.include:
            known.append(columns[name].statistics if name in columns else None)
        values = stored_values(self._builder.connection, oid, known)
        return IndexContents(rows, keys, values)

    def size(
        self, spec: IndexSpec, table: BuiltTable, contents: IndexContents, path: Path
    ) -> IndexSize:
        """Return the size of the index; `path` is the file of its empty image."""
        shape, rows, values = table.shape, contents.rows, contents.values
        classes = [key.operator_class for key in spec.keys]
        if spec.method == "brin":
            return brin_size(shape.current_pages, values, classes)
        if spec.method == "hash":
            key = contents.keys[0].statistics
            present = rows * (1 - key.null_fraction)
            return PlainSize(hash_pages(shape.current_rows, present, without_nulls(key, rows)))
        if spec.method == "gin":
            elements = [
                each
                for key, name in zip(contents.keys, classes, strict=True)
                for each in self._elements(key, name, rows)
            ]
            return gin_size(shape.current_pages, elements)
        if spec.method != "btree":
            signed = [
                self._signature(key, name, rows) or value
                for key, name, value in zip(contents.keys, classes, values, strict=False)
            ]
            return PlainSize(gist_pages(rows, (*signed, *values[len(signed) :])))
        groups = self.groups(spec, contents) if deduplicates(path) else None
        return btree_size(rows, values, groups)

    def _elements(self, key: TypedColumn, name: str, rows: float) -> Sequence[Elements]:
        return elements_of(self._builder.connection, key.statistics, key.type, name, rows)

    def _signature(self, key: TypedColumn, name: str, rows: float) -> ValueShape | None:
        """A GiST index of words or trigrams lists them: as hashes of four bytes, or as they are."""
        if key.type != "tsvector" and not name.endswith("gist_trgm_ops"):
            return None
        elements = self._elements(key, name.replace("gist", "gin"), rows)
        count = sum(each.rows * each.distinct for each in elements) / max(rows, 1.0)
        width = _TRIGRAM_BYTES if name else _HASH_BYTES
        return ValueShape(((_SIGNATURE_BYTES + round(width * count), 1.0),), alignment=4)

    def _key(
        self, spec: IndexSpec, key: IndexKey, columns: Mapping[str, TypedColumn], rows: float
    ) -> TypedColumn:
        """Return what is known of a key among the rows that the index holds."""
        stored = (
            self._expression(spec, key, columns) if key.is_expression else columns.get(key.term)
        )
        if stored and not spec.where:
            return stored
        term = f"({key.term})" if key.is_expression else quoted(key.term)
        nulls = 0.0
        # A predicate on the column itself lets no null through: its operators are strict.
        if not key.is_expression and rows and key.term not in spec.where:
            # A missing value is never rarer than one row to the planner.
            found = self._rows_of(_select(spec, f"{term} is null", ""))
            nulls = found / rows if found > 1 else 0.0
        distinct = self._rows_of(_select(spec, "", term))
        if stored is None:
            return TypedColumn(ColumnStatistics(key.term, False, nulls, 0, distinct), "", rows)
        if key.is_expression:
            distinct = min(distinct, stored.distinct)
        narrowed = replace(
            stored.statistics,
            null_fraction=nulls,
            n_distinct=distinct,
            most_common_values=None,
            most_common_frequencies=None,
        )
        return replace(stored, statistics=narrowed, rows=rows)

    def _expression(
        self, spec: IndexSpec, key: IndexKey, columns: Mapping[str, TypedColumn]
    ) -> TypedColumn | None:
        analyzed = (
            row
            for statistics in self._builder.extended[spec.relation]
            for row in statistics.expression_statistics
            if not row.inherited and row.column == key.term
        )
        found = expression_column(self._builder.connection, key.term, columns)
        if row := next(analyzed, None):
            table = self._builder.tables[spec.relation].shape
            return TypedColumn(row, found.type if found else "", table.current_rows)
        return found

    def groups(self, spec: IndexSpec, contents: IndexContents) -> Sequence[Group]:
        """Return how the rows fall into groups of equal keys."""
        rows, keys = contents.rows, contents.keys
        columns = [column_groups(key.statistics, rows) for key in keys]
        if len(columns) == 1:
            return columns[0]
        if self._tells_rows_apart(spec):
            return known_groups(columns, rows)
        terms = frozenset(key.term for key in spec.keys)
        if not spec.where and (distinct := self._known_distinct(spec.relation, terms)):
            return known_groups(columns, distinct)
        pairs = [
            min(share_of_pairs(before, key, self._unique_pairs) for before in keys[:position])
            for position, key in enumerate(keys)
            if position
        ]
        return combined_groups(columns, pairs, rows)

    def _known_distinct(self, relation: RelationName, terms: frozenset[str]) -> float | None:
        """How many combinations there are, by extended statistics on these columns."""
        return next(
            (
                each.figure
                for statistics in self._builder.extended[relation]
                for each in statistics.distinct
                if not statistics.inherited and frozenset(each.terms) == terms
            ),
            None,
        )

    def _tells_rows_apart(self, spec: IndexSpec) -> bool:
        terms = {key.term for key in spec.keys if not key.is_expression}
        existing = (index.shape.spec for index in self._builder.tables[spec.relation].indexes)
        return any(
            each.unique and not each.where and {key.term for key in each.keys} <= terms
            for each in existing
        )

    @cached_property
    def _unique_pairs(self) -> tuple[UniquePair, ...]:
        """Both orders of each unique key on two columns that the warehouse has."""
        found = []
        for table in self._builder.tables.values():
            columns = _analyzed(table)
            for one, other in _unique_pairs_of(table, columns):
                found.append(UniquePair(columns[one], columns[other]))
        return tuple(found)


def _columns(table: BuiltTable) -> Mapping[str, TypedColumn]:
    """The columns of a table of which something is known, by statistics and by unique keys."""
    columns = _analyzed(table)
    for one, other in _unique_pairs_of(table, columns):
        columns[one] = with_values_of_unique_key(columns[one], columns[other])
    return columns


def _analyzed(table: BuiltTable) -> dict[str, TypedColumn]:
    statistics = own_statistics(table.shape.statistics)
    return {
        column.name: TypedColumn(statistics[column.name], column.type, table.shape.current_rows)
        for column in table.shape.columns
        if column.name in statistics
    }


def _unique_pairs_of(table: BuiltTable, known: Container[str]) -> Iterator[tuple[str, str]]:
    for index in table.indexes:
        spec = index.shape.spec
        terms = [key.term for key in spec.keys if key.term in known and not key.is_expression]
        if spec.unique and not spec.where and len(terms) == len(spec.keys) == 2:
            yield from ((terms[0], terms[1]), (terms[1], terms[0]))


def _select(spec: IndexSpec, condition: str, group: str) -> str:
    conditions = " and ".join(f"({c})" for c in (spec.where, condition) if c)
    where = f" where {conditions}" if conditions else ""
    tail = f" group by {group}" if group else ""
    return f"select {'1' if group else '*'} from {spec.relation.sql}{where}{tail}"
