"""A warehouse's schema and statistics without its rows: what the planner twin is built from."""

from dataclasses import dataclass

from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """One row of pg_stats; values are text as the column's type prints them.

    It may hold personal data, so it is never stored in the history and never printed.
    """

    column: str
    inherited: bool
    null_fraction: float
    average_width: int
    n_distinct: float
    most_common_values: tuple[str, ...] | None = None
    most_common_frequencies: tuple[float, ...] | None = None
    histogram_bounds: tuple[str, ...] | None = None
    correlation: float | None = None
    most_common_elements: tuple[str, ...] | None = None  # of arrays and text search vectors
    most_common_element_frequencies: tuple[float, ...] | None = None
    element_count_histogram: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class ColumnEnds:
    """The smallest and largest value that an index holds now, as text.

    The planner looks them up where a range reaches beyond the sampled histogram.
    """

    column: str
    smallest: str
    largest: str


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table or materialized view: columns, size, and statistics."""

    relation: RelationName
    kind: RelationKind
    columns: tuple[Column, ...]
    rows: float  # pg_class.reltuples; -1 when never analyzed
    pages: int  # pg_class.relpages: as of the last VACUUM or ANALYZE
    all_visible_pages: int
    statistics: tuple[ColumnStatistics, ...]
    definition: str = ""  # the query of a materialized view
    file_pages: int | None = None  # the file's length now; None: as long as `pages` says
    partition_key: str = ""  # of a partitioned table: `RANGE (day)`
    partition_of: RelationName | None = None
    partition_bound: str = ""  # `FOR VALUES FROM ... TO ...`
    ends: tuple[ColumnEnds, ...] = ()  # of columns that lead a btree
    parallel_workers: int | None = None  # a storage parameter; None: the planner decides

    @property
    def current_pages(self) -> int:
        """The pages that a scan would read today."""
        return self.pages if self.file_pages is None else self.file_pages

    @property
    def current_rows(self) -> float:
        """The rows the planner would assume today: it scales the last count by the file's growth.

        Zero where nothing was ever counted.
        """
        if self.rows <= 0 or not self.pages:
            return max(self.rows, 0.0)
        return self.rows * self.current_pages / self.pages


@dataclass(frozen=True, slots=True)
class ViewShape:
    """A view and the query behind it, as pg_get_viewdef prints it."""

    relation: RelationName
    columns: tuple[Column, ...]
    definition: str
    options: tuple[str, ...] = ()  # `security_barrier=true`: it keeps the planner from looking in


@dataclass(frozen=True, slots=True)
class IndexShape:
    """An index that exists, with the sizes that the planner reads."""

    spec: IndexSpec
    name: str
    create_sql: str  # as pg_get_indexdef prints it
    rows: float
    pages: int  # pg_class.relpages
    is_primary: bool = False
    is_valid: bool = True
    constraint: str = ""  # the constraint that it backs
    scans: int | None = None
    file_pages: int | None = None  # the file's length now; None: as long as `pages` says
    statistics: tuple[ColumnStatistics, ...] = ()  # of its expressions
    needed_for: str = ""  # what else rests on it: the replica identity, clustering, its parent

    @property
    def current_pages(self) -> int:
        """The pages that it takes today."""
        return self.pages if self.file_pages is None else self.file_pages


@dataclass(frozen=True, slots=True)
class TermsFigure:
    """What is known of some terms of a statistics object together."""

    terms: tuple[str, ...]
    figure: float


@dataclass(frozen=True, slots=True)
class CommonCombination:
    """Values that often occur together, in the order of the terms of their statistics."""

    values: tuple[str | None, ...]
    frequency: float
    base_frequency: float  # what it would be if the terms were independent


@dataclass(frozen=True, slots=True)
class StatisticsShape:
    """An extended-statistics object, and what ANALYZE found for it.

    Its terms are columns in the table's order, then expressions in SQL.
    """

    name: RelationName
    relation: RelationName
    create_sql: str
    columns: tuple[str, ...]
    expressions: tuple[str, ...] = ()
    inherited: bool = False
    distinct: tuple[TermsFigure, ...] = ()  # how many combinations there are
    dependencies: tuple[TermsFigure, ...] = ()  # how far the others determine the last
    common: tuple[CommonCombination, ...] = ()
    expression_statistics: tuple[ColumnStatistics, ...] = ()


@dataclass(frozen=True, slots=True)
class FunctionShape:
    """A function that queries, views and indexes may call."""

    schema: str
    name: str  # with its schema and the types of its arguments, as SQL
    create_sql: str
    stands_in: bool = False  # for one in a language that does not travel: same price, no result


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the planner knows about a database, rows excepted."""

    server_version: int  # as server_version_num
    settings: tuple[tuple[str, str], ...]  # planner settings that differ from the default
    types: tuple[str, ...]  # DDL of enums, domains, ranges and composite types, in order
    tables: tuple[TableShape, ...]
    views: tuple[ViewShape, ...]  # each after the views that it reads
    indexes: tuple[IndexShape, ...]
    foreign_keys: tuple[tuple[RelationName, str, str], ...] = ()  # relation, name, definition
    skips: tuple[Skip, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()  # name, schema
    collation: str = ""  # how the database orders text: pg_database.datcollate
    locale_provider: str = "c"  # c: libc, i: ICU, b: built in
    locale: str = ""  # of ICU and the built-in provider
    functions: tuple[FunctionShape, ...] = ()
    type_schemas: tuple[str, ...] = ()
    extended_statistics: tuple[StatisticsShape, ...] = ()

    def table(self, relation: RelationName) -> TableShape | None:
        """The stored relation of this name."""
        return next((table for table in self.tables if table.relation == relation), None)
