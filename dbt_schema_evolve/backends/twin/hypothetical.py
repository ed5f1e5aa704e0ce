"""Indexes that do not exist in the warehouse: made once on the twin, hidden until asked for."""

from dataclasses import dataclass, replace

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_indexes import read_indexes
from dbt_schema_evolve.backends.postgres.explain import first_line
from dbt_schema_evolve.backends.twin.btree_pages import set_height
from dbt_schema_evolve.backends.twin.build import DATA_ERRORS, Builder
from dbt_schema_evolve.backends.twin.built import BuiltTable
from dbt_schema_evolve.backends.twin.confined import RIGHTS
from dbt_schema_evolve.backends.twin.files import pages_on_disk, set_pages
from dbt_schema_evolve.backends.twin.first_pages import write_first_page
from dbt_schema_evolve.backends.twin.sizes.btree import BtreeSize
from dbt_schema_evolve.backends.twin.sizes.contents import Foreteller
from dbt_schema_evolve.backends.twin.sizes.gin import GinSize
from dbt_schema_evolve.backends.twin.sizes.methods import BrinSize
from dbt_schema_evolve.backends.twin.sizes.shapes import RowEstimate
from dbt_schema_evolve.backends.twin.statistics import restore_sizes
from dbt_schema_evolve.errors import TwinError
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
        self._builder, self._foreteller = builder, Foreteller(builder, rows_of)
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
                contents = self._foreteller.contents(spec, table, oid)
                size = self._foreteller.size(spec, table, contents, path)
                height = set_height(path, size.height) if isinstance(size, BtreeSize) else 0
                pages = max(size.pages, height, pages_on_disk(path))
                set_pages(path, pages)
                restore_sizes(connection, name, pages, contents.rows)
                connection.execute(
                    f"select {RIGHTS}.mark(%s, is_valid => false, is_unique => %s)".encode(),
                    (oid, spec.unique),
                )
            if isinstance(size, GinSize | BrinSize):
                write_first_page(connection, oid, path, size)
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


def _lender(name: RelationName) -> RelationName:
    return RelationName(name.schema, f"{name.name}_predicate")


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
