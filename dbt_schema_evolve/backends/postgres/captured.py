"""Reads what the dbt package wrote into the warehouse, one whole capture at a time."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from dbt_schema_evolve.backends.postgres.catalog_sql import Row, query_text
from dbt_schema_evolve.errors import NotCapturedError, WarehouseError
from dbt_schema_evolve.records.captures import Capture, CapturedFacts
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.profiles import (
    ColumnProfile,
    ColumnRange,
    IndexProfile,
    RelationProfile,
    SequenceState,
)
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import ColumnName, RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip, StatementSnapshot

OWN_SCHEMA = "schema_evolve"

Connection = psycopg.Connection[Any]


def read_captures(
    connection: Connection, known: Collection[str] = (), schema: str = OWN_SCHEMA
) -> Iterator[CapturedFacts]:
    """Yield every capture whose id is not known yet, oldest first, out of one snapshot.

    The connection must be idle; it is in a read-only transaction until the last capture is
    taken or the iterator is closed. Raises WarehouseError where there is nothing to read or
    no right to.
    """
    try:
        with connection.transaction():
            connection.execute(
                "set /* schema_evolve */ transaction isolation level repeatable read, read only"
            )
            with connection.cursor(row_factory=dict_row) as cursor:
                heads = _rows(cursor, "captures", schema)
                known = frozenset(known)
                has_ranges = _has_ranges(cursor, schema)
                for head in heads:
                    if head["capture_id"] not in known:
                        yield _facts(cursor, head, schema, has_ranges)
    except psycopg.errors.InsufficientPrivilege as error:
        raise WarehouseError(
            f"the captured tables may not be read: {_first_line(error)}",
            at=schema,
            remedy=f'grant usage on schema "{schema}" and select on all tables in schema'
            f' "{schema}" to this role',
        ) from error
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NotCapturedError(
            f"capture has never run here: {_first_line(error)}",
            at=schema,
            remedy='add `on-run-end: "{{ schema_evolve.capture() }}"` to dbt_project.yml and run'
            " dbt, or run `dbt run-operation schema_evolve.capture` once",
        ) from error
    except psycopg.errors.UndefinedColumn as error:
        raise WarehouseError(
            f"the captured tables have another shape than this version reads: {_first_line(error)}",
            at=schema,
            remedy="use the dbt package and the command line of the same version",
        ) from error
    except (psycopg.OperationalError, psycopg.DataError) as error:
        raise WarehouseError(
            f"reading the captured tables failed: {_first_line(error)}",
            at=schema,
            remedy="what was read before stays; run it again",
        ) from error


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _rows(
    cursor: psycopg.Cursor[Row], table: str, schema: str, capture_id: str | None = None
) -> list[Row]:
    text = sql.SQL(query_text(f"captured_{table}"))
    # Placeholders are read after identifiers are put in, so that a `%` in a name has to be doubled.
    query = text.format(schema=sql.Identifier(schema.replace("%", "%%")))
    return cursor.execute(query, {"capture_id": capture_id}, prepare=True).fetchall()


def _has_ranges(cursor: psycopg.Cursor[Row], schema: str) -> bool:
    query = query_text("captured_has_ranges").encode()
    return any(row["has_ranges"] for row in cursor.execute(query, {"schema": schema}))


def _facts(cursor: psycopg.Cursor[Row], head: Row, schema: str, has_ranges: bool) -> CapturedFacts:
    capture = _capture(head)

    def rows(table: str) -> list[Row]:
        return _rows(cursor, table, schema, capture.capture_id)

    ranges = {
        (_name(row), row["column_name"]): _range(row)
        for row in (rows("ranges") if has_ranges else ())
    }
    return CapturedFacts(
        capture=capture,
        node_runs=tuple(_node_run(capture, row) for row in rows("node_runs")),
        statements=tuple(_statement(capture, row) for row in rows("statements")),
        relations=tuple(
            _relation(capture, row) for row in rows("relations") if row["kind"] in _KINDS
        ),
        columns=tuple(_column(capture, row, ranges) for row in rows("columns")),
        indexes=tuple(_index(capture, row) for row in rows("indexes")),
    )


_KINDS = frozenset(RelationKind)


def _capture(row: Row) -> Capture:
    return Capture(
        capture_id=row["capture_id"],
        captured_at=row["captured_at"].astimezone(UTC),
        which=row["which"] or "",
        target_name=row["target_name"] or "",
        target_schema=row["target_schema"] or "",
        adapter_type=row["adapter_type"] or "",
        dbt_version=row["dbt_version"] or "",
        project_name=row["project_name"] or "",
        server_version=row["server_version"],
        not_looked_at=tuple(_skip(entry) for entry in row["not_looked_at"] or ()),
    )


def _skip(entry: Any) -> Skip:
    if isinstance(entry, Mapping):
        return Skip(str(entry.get("what", "")), str(entry.get("why", "")))
    return Skip(str(entry), "")


def _node_run(capture: Capture, row: Row) -> NodeRun:
    started_at = _utc(row["started_at"])
    response = row["adapter_response"]
    return NodeRun(
        invocation_id=capture.capture_id,
        unique_id=row["unique_id"],
        status=row["status"] or "",
        started_at=None if started_at is None else started_at.isoformat(),
        execution_us=row["execution_us"] or 0,
        captured_at=capture.captured_at,
        relation=_name(row) if row["relation_name"] else None,
        materialized=row["materialized"] or "",
        rows_affected=row["rows_affected"],
        adapter_response=response if isinstance(response, dict) else {},
    )


def _statement(capture: Capture, row: Row) -> StatementSnapshot:
    return StatementSnapshot(
        capture_id=capture.capture_id,
        captured_at=capture.captured_at,
        queryid=row["queryid"],
        role=row["role"],
        text=row["query"],
        calls=row["calls"],
        total_us=row["total_us"],
        rows=row["rows"] or 0,
        shared_blocks=row["shared_blocks"] or 0,
        temp_blocks=row["temp_blocks"] or 0,
        stats_since=_utc(row["stats_since"]),
        toplevel=row["toplevel"],
    )


def _relation(capture: Capture, row: Row) -> RelationProfile:
    return RelationProfile(
        relation=_name(row),
        kind=RelationKind(row["kind"]),
        captured_at=capture.captured_at,
        estimated_rows=row["estimated_rows"],
        table_bytes=row["table_bytes"],
        index_bytes=row["index_bytes"],
        inserted_rows=row["inserted_rows"],
        updated_rows=row["updated_rows"],
        deleted_rows=row["deleted_rows"],
        dead_rows=row["dead_rows"],
        sequential_scans=row["sequential_scans"],
        index_scans=row["index_scans"],
        last_analyzed_at=_utc(row["last_analyzed_at"]),
    )


def _column(
    capture: Capture, row: Row, ranges: Mapping[tuple[RelationName, str], ColumnRange]
) -> ColumnProfile:
    relation = _name(row)
    return ColumnProfile(
        relation=relation,
        column=row["column_name"],
        type=row["type"] or "",
        captured_at=capture.captured_at,
        null_ratio=row["null_ratio"],
        distinct=row["distinct_values"],
        average_width_bytes=row["average_width_bytes"],
        correlation=row["correlation"],
        top_value_ratio=row["top_value_ratio"],
        position=row["position"] or 0,
        not_null=bool(row["not_null"]),
        range=ranges.get((relation, row["column_name"])),
    )


def _range(row: Row) -> ColumnRange:
    sequence = references = None
    if row["sequence_limit"] is not None:
        cycles = bool(row["sequence_cycles"])
        sequence = SequenceState(row["sequence_value"], row["sequence_limit"], cycles)
    if row["referenced_column"] is not None:
        relation = RelationName(row["referenced_schema"] or "", row["referenced_relation"] or "")
        references = ColumnName(relation, row["referenced_column"])
    return ColumnRange(
        value_bits=row["value_bits"],
        highest=row["highest_value"],
        is_exact=bool(row["is_exact"]),
        greatest_length=row["greatest_length"],
        sequence=sequence,
        references=references,
    )


def _index(capture: Capture, row: Row) -> IndexProfile:
    spec = IndexSpec(
        relation=_name(row),
        keys=tuple(_index_key(key) for key in row["keys"] or ()),
        include=tuple(row["include"] or ()),
        where=row["predicate"] or "",
        unique=bool(row["is_unique"]),
        method=row["method"] or "btree",
    )
    return IndexProfile(
        spec=spec,
        name=row["index_name"],
        captured_at=capture.captured_at,
        measured_bytes=row["bytes"],
        scans=row["scans"],
        is_primary=bool(row["is_primary"]),
        is_valid=bool(row["is_valid"]),
        backs_constraint=bool(row["backs_constraint"]),
        definition=row["definition"] or "",
    )


def _index_key(key: Mapping[str, Any]) -> IndexKey:
    return IndexKey(
        term=key["term"],
        is_expression=bool(key.get("is_expression")),
        descending=bool(key.get("descending")),
        nulls_first=bool(key.get("nulls_first")),
        operator_class=key.get("operator_class") or "",
    )


def _name(row: Row) -> RelationName:
    return RelationName(row["schema_name"] or "", row["relation_name"])


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
