"""Indexes that do not exist in the warehouse: made once on the twin, hidden until asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_indexes import read_indexes
from dbt_schema_evolve.backends.postgres.explain import first_line
from dbt_schema_evolve.backends.twin.btree_pages import deduplicates, set_height
from dbt_schema_evolve.backends.twin.build import DATA_ERRORS, Builder
from dbt_schema_evolve.backends.twin.built import BuiltTable
from dbt_schema_evolve.backends.twin.confined import RIGHTS
from dbt_schema_evolve.backends.twin.files import pages_on_disk, set_pages
from dbt_schema_evolve.backends.twin.groups import Group, column_groups, combined_groups
from dbt_schema_evolve.backends.twin.shapes import (
    RowEstimate,
    own_statistics,
    stored_values,
)
from dbt_schema_evolve.backends.twin.sizes import (
    btree_size,
    rough_pages,
)
from dbt_schema_evolve.backends.twin.statistics import restore_sizes
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName, quoted


@dataclass(frozen=True, slots=True)
class HiddenIndex:
    """One index on one table; the planner sees it once `pg_index.indisvalid` is set."""

    relation: RelationName  # a partition, where the spec names a partitioned table
    name: str
    oid: int
    pages: int
    structure: IndexSpec  # as the server prints it


class HypotheticalIndexes:
    """Makes them when first asked, and remembers them."""

    def __init__(self, builder: Builder, rows_of: RowEstimate) -> None:
        self._builder, self._rows_of = builder, rows_of
        self._made: dict[tuple[IndexSpec, RelationName], tuple[HiddenIndex, ...]] = {}
        self._count = 0

    def on(self, spec: IndexSpec, relation: RelationName) -> tuple[HiddenIndex, ...]:
        """Return the index of this spec on a table of the twin, one for each partition."""
        key = (spec, relation)
        if key not in self._made:
            table = self._builder.tables[relation]
            _check_columns(spec, table)
            self._made[key] = tuple(
                self._make(replace(spec, relation=leaf), leaf)
                for leaf in self._builder.leaves(relation)
            )
        return self._made[key]

    def _make(self, spec: IndexSpec, relation: RelationName) -> HiddenIndex:
        """Build it on the few pages that are there, then give it height, length and flags."""
        table, connection = self._builder.tables[relation], self._builder.connection
        self._count += 1
        name = RelationName(relation.schema, f"schema_evolve_{self._count}")
        try:
            with connection.transaction():
                self._create(spec, table, name)
                oid = self._builder.oid_of(name)
                path = self._builder.path_of(oid)
                pages, rows = self._give_size(spec, table, oid, path)
                restore_sizes(connection, name, pages, rows)
                connection.execute(
                    f"select {RIGHTS}.mark(%s, is_valid => false, is_unique => %s)".encode(),
                    (oid, spec.unique),
                )
            # Not before: it locks the table against the planner, who was asked for rows.
            connection.execute(f"drop index if exists {_lender(name).sql}".encode())
        except psycopg.Error as error:
            if connection.broken:
                raise
            raise TwinError(
                f"the index cannot be: {first_line(error)}",
                at=str(spec),
                remedy="check its columns, operator classes and predicate against the table",
            ) from error
        (shape,) = read_indexes(connection, oids=[table.oid], names=[name.name])
        structure = replace(shape.spec, unique=spec.unique)
        return HiddenIndex(relation, name.name, oid, pages, structure)

    def _create(self, spec: IndexSpec, table: BuiltTable, name: RelationName) -> None:
        connection = self._builder.connection
        # Whether values are unique is a promise to the planner; the rows of ends may break it.
        wanted = replace(spec, unique=False)
        table.cut()
        try:
            with connection.transaction():
                self._run(wanted, name)
        except DATA_ERRORS:
            # The rows of ends break an expression or are too long for a page: keep them out by
            # a predicate, and put the wanted one in its place afterwards.
            self._run(replace(wanted, where="false"), name)
            if spec.where:
                constant = (IndexKey("1", is_expression=True),)
                self._run(IndexSpec(spec.relation, constant, where=spec.where), _lender(name))
            connection.execute(
                f"select {RIGHTS}.take_predicate(%s::regclass, to_regclass(%s))".encode(),
                (name.sql, _lender(name).sql),
            )
        finally:
            table.stretch()

    def _run(self, spec: IndexSpec, name: RelationName) -> None:
        ddl = spec.create_sql.replace(" on", f" {quoted(name.name)} on", 1)
        # `binary` selects the protocol that takes one statement only.
        self._builder.connection.execute(ddl.encode(), binary=True)

    def _give_size(
        self, spec: IndexSpec, table: BuiltTable, oid: int, path: Path
    ) -> tuple[int, float]:
        rows = self._rows_of(_select(spec, "", ""))
        statistics = own_statistics(table.shape.statistics)
        known = [self._statistics_of(spec, key, statistics, rows) for key in spec.keys]
        values = stored_values(
            self._builder.connection,
            oid,
            [*known, *(statistics.get(column) for column in spec.include)],
        )
        if spec.method != "btree":
            pages = rough_pages(spec.method, rows, table.shape.current_pages, values)
        else:
            groups = _groups(known, rows) if deduplicates(path) else None
            size = btree_size(rows, values, groups)
            pages = max(size.pages, set_height(path, size.height))
        pages = max(pages, pages_on_disk(path))
        set_pages(path, pages)
        return pages, rows

    def _statistics_of(
        self,
        spec: IndexSpec,
        key: IndexKey,
        statistics: Mapping[str, ColumnStatistics],
        rows: float,
    ) -> ColumnStatistics:
        """Return what is known of a key among the rows that the index holds."""
        stored = None if key.is_expression else statistics.get(key.term)
        if stored and not spec.where:
            return stored
        term = f"({key.term})" if key.is_expression else quoted(key.term)
        nulls = 0.0
        if not key.is_expression and rows:
            # A missing value is never rarer than one row to the planner.
            found = self._rows_of(_select(spec, f"{term} is null", ""))
            nulls = found / rows if found > 1 else 0.0
        distinct = self._rows_of(_select(spec, "", term))
        width = stored.average_width if stored else 0
        return ColumnStatistics(spec.relation.name, False, nulls, width, distinct)


def _lender(name: RelationName) -> RelationName:
    return RelationName(name.schema, f"{name.name}_predicate")


def _select(spec: IndexSpec, condition: str, group: str) -> str:
    conditions = " and ".join(f"({c})" for c in (spec.where, condition) if c)
    where = f" where {conditions}" if conditions else ""
    tail = f" group by {group}" if group else ""
    return f"select {'1' if group else '*'} from {spec.relation.sql}{where}{tail}"


def _groups(known: Sequence[ColumnStatistics], rows: float) -> tuple[Group, ...]:
    groups = [column_groups(row, rows) for row in known]
    return groups[0] if len(groups) == 1 else combined_groups(groups, rows)


def _check_columns(spec: IndexSpec, table: BuiltTable) -> None:
    names = {column.name for column in table.shape.columns}
    plain = (*(key.term for key in spec.keys if not key.is_expression), *spec.include)
    for name in plain:
        if name not in names:
            raise TwinError(
                f"{table.shape.relation} has no column {quoted(name)}",
                at=str(spec),
                remedy="read the catalog again if the column is new",
            )
