"""Reads a warehouse's schema and planner statistics, with SELECT rights alone and no rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_ends import with_true_ends
from dbt_schema_evolve.backends.postgres.catalog_extended import read_extended_statistics
from dbt_schema_evolve.backends.postgres.catalog_functions import read_functions
from dbt_schema_evolve.backends.postgres.catalog_indexes import read_indexes
from dbt_schema_evolve.backends.postgres.catalog_sql import Row, rows_of
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnStatistics,
    IndexShape,
    TableShape,
    ViewShape,
)
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip

OWN_SCHEMA = "schema_evolve"
OLDEST_SERVER = 130000

_KINDS = {
    "r": RelationKind.TABLE,
    "p": RelationKind.PARTITIONED_TABLE,
    "m": RelationKind.MATERIALIZED_VIEW,
    "v": RelationKind.VIEW,
    "f": RelationKind.FOREIGN_TABLE,
}
Statistics = Mapping[RelationName, tuple[ColumnStatistics, ...]]


def read_catalog(
    connection: psycopg.Connection[Any],
    schemas: Sequence[str] | None = None,
    own_schema: str = OWN_SCHEMA,
    *,
    true_ends: bool = True,
) -> Catalog:
    """Read everything that the planner knows of these schemas, or of all of them.

    `true_ends` reads the first and last entry of each btree in use, as the planner itself does;
    nothing else touches rows. What the role may not read is a Skip. The connection must be idle:
    one read-only transaction is opened on it and rolled back.
    """
    if connection.info.server_version < OLDEST_SERVER:
        raise WarehouseError(
            f"Postgres {connection.info.server_version // 10000} is too old",
            at=connection.info.dbname,
            remedy="use Postgres 13 or later",
        )
    scope = {"schemas": None if schemas is None else list(schemas), "own_schema": own_schema}
    try:
        with _one_snapshot(connection):
            catalog = _read(connection, scope)
            return with_true_ends(connection, catalog) if true_ends else catalog
    except psycopg.Error as error:
        raise WarehouseError(
            f"the catalog cannot be read: {str(error).splitlines()[0]}",
            at=connection.info.dbname,
            remedy="check that the server is up and that no long lock is held; then try again",
        ) from error


@contextmanager
def _one_snapshot(connection: psycopg.Connection[Any]) -> Iterator[None]:
    with connection.transaction(force_rollback=True):
        connection.execute("set /* schema_evolve */ transaction isolation level repeatable read")
        connection.execute("set /* schema_evolve */ transaction read only")
        # Sizes wait for a lock where a table is being rebuilt; better to say so than to hang.
        connection.execute("set /* schema_evolve */ local lock_timeout = '10s'")
        # Statistics hold values as text, which the twin must read as they were meant.
        connection.execute("set /* schema_evolve */ local datestyle = 'ISO, YMD'")
        connection.execute("set /* schema_evolve */ local intervalstyle = 'postgres'")
        connection.execute("set /* schema_evolve */ local extra_float_digits = 1")
        # With nothing on the path, Postgres prints every name with its schema.
        connection.execute("set /* schema_evolve */ local search_path = ''")
        yield


def _read(connection: psycopg.Connection[Any], scope: Mapping[str, Any]) -> Catalog:
    server = rows_of(connection, "catalog_server")[0]
    relations = rows_of(connection, "catalog_relations", scope)
    # Functions on the catalog see what was dropped after the snapshot as null.
    gone = [row for row in relations if row["can_read"] is None]
    relations = [row for row in relations if row["can_read"] is not None]
    oids = [row["oid"] for row in relations]
    columns = _columns(connection, oids)
    statistics = _statistics(connection, scope)
    types = rows_of(connection, "catalog_types", scope)
    functions = read_functions(connection, scope)
    extended, unseen = read_extended_statistics(connection, oids)
    return Catalog(
        server_version=server["server_version"],
        settings=tuple(
            (row["name"], row["value"]) for row in rows_of(connection, "catalog_settings")
        ),
        types=tuple(row["ddl"] for row in types),
        tables=tuple(
            _table(row, columns[row["oid"]], statistics) for row in relations if row["kind"] != "v"
        ),
        views=_views(connection, relations, columns),
        indexes=tuple(_with_statistics(i, statistics) for i in read_indexes(connection, oids)),
        foreign_keys=tuple(
            (RelationName(row["schema"], row["relation"]), row["name"], row["definition"])
            for row in rows_of(connection, "catalog_foreign_keys", {"oids": oids})
            if row["definition"]
        ),
        skips=(
            *_unreadable(relations),
            *_planned_otherwise(connection, oids),
            *(Skip(str(_name(row)), "dropped while the catalog was read") for row in gone),
            *(
                Skip(f"function {function.name}", "of its language only the price is known")
                for function in functions
                if function.stands_in
            ),
            *unseen,
        ),
        extensions=tuple(
            (row["name"], row["schema"]) for row in rows_of(connection, "catalog_extensions")
        ),
        functions=functions,
        extended_statistics=extended,
        type_schemas=tuple(sorted({row["schema"] for row in types})),
        collation=server["collation"],
        locale_provider=server["locale_provider"],
        locale=server["locale"],
    )


def _name(row: Row) -> RelationName:
    return RelationName(row["schema"], row["name"])


def _columns(
    connection: psycopg.Connection[Any], oids: Sequence[int]
) -> Mapping[int, tuple[Column, ...]]:
    columns: defaultdict[int, tuple[Column, ...]] = defaultdict(tuple)
    for row in rows_of(connection, "catalog_columns", {"oids": list(oids)}):
        columns[row["oid"]] += (
            Column(row["name"], row["type"], row["not_null"], row["collation"], row["expression"]),
        )
    return columns


def _statistics(connection: psycopg.Connection[Any], scope: Mapping[str, Any]) -> Statistics:
    by_relation: defaultdict[RelationName, list[ColumnStatistics]] = defaultdict(list)
    for row in rows_of(connection, "catalog_statistics", scope):
        relation = RelationName(row.pop("schema"), row.pop("name"))
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
        }
        by_relation[relation].append(ColumnStatistics(**values))
    return {relation: tuple(rows) for relation, rows in by_relation.items()}


def _table(row: Row, columns: tuple[Column, ...], statistics: Statistics) -> TableShape:
    parent = row["parent_name"]
    return TableShape(
        _name(row),
        _KINDS[row["kind"]],
        columns,
        row["rows"],
        row["pages"],
        row["all_visible_pages"],
        statistics.get(_name(row), ()),
        definition=_bare(row["definition"] or ""),
        file_pages=row["file_pages"],
        partition_key=row["partition_key"] or "",
        partition_of=RelationName(row["parent_schema"], parent) if parent else None,
        partition_bound=row["partition_bound"] or "",
        parallel_workers=row["parallel_workers"],
    )


def _views(
    connection: psycopg.Connection[Any],
    relations: Sequence[Row],
    columns: Mapping[int, tuple[Column, ...]],
) -> tuple[ViewShape, ...]:
    """Views, each after those that it reads; by name where that leaves a choice."""
    rows = {row["oid"]: row for row in relations if row["kind"] == "v"}
    reads: defaultdict[int, set[int]] = defaultdict(set)
    for edge in rows_of(connection, "catalog_view_reads", {"oids": list(rows)}):
        if edge["source"] in rows:
            reads[edge["reader"]].add(edge["source"])
    ordered: dict[int, None] = {}

    def visit(oid: int) -> None:
        if oid not in ordered:
            for source in sorted(reads[oid], key=lambda oid: _name(rows[oid])):
                visit(source)
            ordered[oid] = None

    for oid in rows:
        visit(oid)
    return tuple(
        ViewShape(
            _name(rows[oid]), columns[oid], _bare(rows[oid]["definition"]),
            tuple(rows[oid]["options"]),
        )
        for oid in ordered
    )  # fmt: skip


def _bare(definition: str) -> str:
    return definition.strip().rstrip(";")


def _with_statistics(index: IndexShape, statistics: Statistics) -> IndexShape:
    found = statistics.get(RelationName(index.spec.relation.schema, index.name), ())
    return replace(index, statistics=found)


def _planned_otherwise(connection: psycopg.Connection[Any], oids: Sequence[int]) -> Iterator[Skip]:
    """What the twin prices with the costs and settings of everything else."""
    for row in rows_of(connection, "catalog_tablespaces", {"oids": list(oids)}):
        reason = f"the page costs of tablespace {row['tablespace']} are not carried over"
        yield Skip(str(_name(row)), reason)
    for row in rows_of(connection, "catalog_role_settings"):
        reason = f"its own settings are not carried over: {row['settings']}"
        yield Skip(f"role {row['role']}", reason)


def _unreadable(relations: Sequence[Row]) -> Iterator[Skip]:
    for row in relations:
        if row["kind"] == "f":
            yield Skip(str(_name(row)), "a foreign table is planned as if its rows were here")
        if row["kind"] != "v" and not row["can_read"]:
            yield Skip(str(_name(row)), "no right to SELECT: its column statistics were not read")
        if row["has_children"]:
            yield Skip(str(_name(row)), "the tables that inherit from it are priced on their own")
