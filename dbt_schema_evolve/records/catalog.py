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


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table or materialized view: columns, size, and statistics."""

    relation: RelationName
    kind: RelationKind
    columns: tuple[Column, ...]
    rows: float  # pg_class.reltuples; -1 when never analyzed
    pages: int
    all_visible_pages: int
    statistics: tuple[ColumnStatistics, ...]
    definition: str = ""  # the query of a materialized view


@dataclass(frozen=True, slots=True)
class ViewShape:
    """A view and the query behind it, as pg_get_viewdef prints it."""

    relation: RelationName
    columns: tuple[Column, ...]
    definition: str


@dataclass(frozen=True, slots=True)
class IndexShape:
    """An index that exists, with the sizes that the planner reads."""

    spec: IndexSpec
    name: str
    create_sql: str  # as pg_get_indexdef prints it
    rows: float
    pages: int
    is_primary: bool = False
    is_valid: bool = True
    constraint: str = ""  # the constraint that it backs
    scans: int | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything the planner knows about a database, rows excepted."""

    server_version: int  # as server_version_num
    settings: tuple[tuple[str, str], ...]  # planner settings that differ from the default
    types: tuple[str, ...]  # DDL of enums and domains, in order
    tables: tuple[TableShape, ...]
    views: tuple[ViewShape, ...]  # each after the views that it reads
    indexes: tuple[IndexShape, ...]
    foreign_keys: tuple[tuple[RelationName, str, str], ...] = ()  # relation, name, definition
    skips: tuple[Skip, ...] = ()
