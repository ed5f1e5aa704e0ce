"""Records as rows of the history, and back.

Rows go in by column: DuckDB's Python client takes 0.3 s for 7,000 rows as one JSON parameter,
6 s for 500 by `executemany`, and 48 s for 7,000 as lists.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dbt_schema_evolve.records.captures import Capture
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

Row = tuple[Any, ...]
Columns = Mapping[str, Sequence[Any]]


def columns_of(records: Iterable[Any], readers: Mapping[str, Callable[[Any], Any]]) -> Columns:
    """Return one list a column; every value is one that JSON can hold."""
    held = tuple(records)
    return {name: [read(record) for record in held] for name, read in readers.items()}


def compact(value: Any) -> str:
    """Return JSON text that is the same for the same value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain_instant(instant: datetime | None) -> str | None:
    """Return an instant as UTC without a zone, as the file keeps it."""
    if instant is None:
        return None
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def column_names(columns: Iterable[ColumnName]) -> str:
    """Return columns as JSON for a query's parameter."""
    return json.dumps([[*each.relation, each.column] for each in sorted(columns)])


def _sampled(value: float | None) -> float | None:
    """Keep four digits of a share: samples know no more, and the file is a quarter smaller for it.

    NaN and infinities say nothing about a column: it counts as not looked at.
    """
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.4g}") if abs(value) < 1 else value


def _references(profile: ColumnProfile) -> ColumnName | None:
    return None if profile.range is None else profile.range.references


CAPTURE: Mapping[str, Callable[[Capture], Any]] = {
    "capture_id": lambda c: c.capture_id,
    "captured_at": lambda c: plain_instant(c.captured_at),
    "which": lambda c: c.which,
    "target_name": lambda c: c.target_name,
    "target_schema": lambda c: c.target_schema,
    "adapter_type": lambda c: c.adapter_type,
    "dbt_version": lambda c: c.dbt_version,
    "project_name": lambda c: c.project_name,
    "server_version": lambda c: c.server_version,
    "not_looked_at": lambda c: compact([[skip.subject, skip.reason] for skip in c.not_looked_at]),
}
NODE_RUN: Mapping[str, Callable[[NodeRun], Any]] = {
    "unique_id": lambda r: r.unique_id,
    "status": lambda r: r.status,
    "started_at": lambda r: r.started_at,
    "execution_us": lambda r: r.execution_us,
    "schema_name": lambda r: r.relation and r.relation.schema,
    "relation_name": lambda r: r.relation and r.relation.name,
    "materialized": lambda r: r.materialized,
    "rows_affected": lambda r: r.rows_affected,
    "adapter_response": lambda r: compact(r.adapter_response),
}
STATEMENT: Mapping[str, Callable[[StatementSnapshot], Any]] = {
    "queryid": lambda s: s.queryid,
    "role": lambda s: s.role,
    "toplevel": lambda s: s.toplevel,
    "text": lambda s: s.text,
    "calls": lambda s: s.calls,
    "total_us": lambda s: s.total_us,
    "rows": lambda s: s.rows,
    "shared_blocks": lambda s: s.shared_blocks,
    "temp_blocks": lambda s: s.temp_blocks,
    "stats_since": lambda s: plain_instant(s.stats_since),
}
RELATION: Mapping[str, Callable[[RelationProfile], Any]] = {
    "schema_name": lambda p: p.relation.schema,
    "relation_name": lambda p: p.relation.name,
    "kind": lambda p: p.kind.value,
    "estimated_rows": lambda p: p.estimated_rows,
    "table_bytes": lambda p: p.table_bytes,
    "index_bytes": lambda p: p.index_bytes,
    "inserted_rows": lambda p: p.inserted_rows,
    "updated_rows": lambda p: p.updated_rows,
    "deleted_rows": lambda p: p.deleted_rows,
    "dead_rows": lambda p: p.dead_rows,
    "sequential_scans": lambda p: p.sequential_scans,
    "index_scans": lambda p: p.index_scans,
    "last_analyzed_at": lambda p: plain_instant(p.last_analyzed_at),
}
COLUMN: Mapping[str, Callable[[ColumnProfile], Any]] = {
    "schema_name": lambda p: p.relation.schema,
    "relation_name": lambda p: p.relation.name,
    "column_name": lambda p: p.column,
    "position": lambda p: p.position,
    "type": lambda p: p.type,
    "not_null": lambda p: p.not_null,
    "null_ratio": lambda p: _sampled(p.null_ratio),
    "distinct_values": lambda p: _sampled(p.distinct),
    "average_width_bytes": lambda p: p.average_width_bytes,
    "correlation": lambda p: _sampled(p.correlation),
    "top_value_ratio": lambda p: _sampled(p.top_value_ratio),
    "value_bits": lambda p: p.range and p.range.value_bits,
    "highest_value": lambda p: p.range and p.range.highest,
    "is_exact": lambda p: p.range and p.range.is_exact,
    "greatest_length": lambda p: p.range and p.range.greatest_length,
    "sequence_value": lambda p: p.range and p.range.sequence and p.range.sequence.value,
    "sequence_limit": lambda p: p.range and p.range.sequence and p.range.sequence.limit,
    "sequence_cycles": lambda p: p.range and p.range.sequence and p.range.sequence.cycles,
    "referenced_schema": lambda p: (r := _references(p)) and r.relation.schema,
    "referenced_relation": lambda p: (r := _references(p)) and r.relation.name,
    "referenced_column": lambda p: (r := _references(p)) and r.column,
}
INDEX: Mapping[str, Callable[[IndexProfile], Any]] = {
    "schema_name": lambda p: p.spec.relation.schema,
    "relation_name": lambda p: p.spec.relation.name,
    "index_name": lambda p: p.name,
    "definition": lambda p: p.definition,
    "method": lambda p: p.spec.method,
    "keys": lambda p: compact(
        [
            [key.term, key.is_expression, key.descending, key.nulls_first, key.operator_class]
            for key in p.spec.keys
        ]
    ),
    "include": lambda p: compact(p.spec.include),
    "predicate": lambda p: p.spec.where,
    "is_unique": lambda p: p.spec.unique,
    "is_primary": lambda p: p.is_primary,
    "is_valid": lambda p: p.is_valid,
    "backs_constraint": lambda p: p.backs_constraint,
    "bytes": lambda p: p.measured_bytes,
    "scans": lambda p: p.scans,
}


class Reader:
    """Makes records from rows; equal names and instants become one object, for there are few."""

    def __init__(self) -> None:
        self._relations: dict[tuple[str, str], RelationName] = {}
        self._words: dict[str, str] = {}
        self._instants: dict[datetime, datetime] = {}

    def capture(self, row: Row) -> Capture:
        """Columns as in `CAPTURE`."""
        (capture_id, captured_at, which, target_name, target_schema, adapter_type, dbt_version,
         project_name, server_version, skips) = row  # fmt: skip
        return Capture(
            capture_id, self._instant(captured_at), which, target_name, target_schema, adapter_type,
            dbt_version, project_name, server_version,
            tuple(Skip(what, why) for what, why in json.loads(skips)),
        )  # fmt: skip

    def node_run(self, row: Row) -> NodeRun:
        """`capture_id, captured_at`, then columns as in `NODE_RUN`."""
        (capture_id, captured_at, unique_id, status, started_at, execution_us, schema, name,
         materialized, rows_affected, response) = row  # fmt: skip
        return NodeRun(
            invocation_id=self._word(capture_id),
            unique_id=self._word(unique_id),
            status=self._word(status),
            started_at=started_at,
            execution_us=execution_us,
            captured_at=self._instant(captured_at),
            relation=None if name is None else self._relation(schema, name),
            materialized=self._word(materialized),
            rows_affected=rows_affected,
            adapter_response=json.loads(response),
        )

    def statement(self, row: Row, texts: Mapping[int, str]) -> StatementSnapshot:
        """`capture_id, captured_at`, then columns as in `STATEMENT` with the text's number."""
        (capture_id, captured_at, queryid, role, toplevel, text, calls, total_us, rows,
         shared_blocks, temp_blocks, stats_since) = row  # fmt: skip
        return StatementSnapshot(
            self._word(capture_id), self._instant(captured_at), queryid,
            self._word(role), texts[text],
            calls, total_us, rows, shared_blocks, temp_blocks,
            None if stats_since is None else self._instant(stats_since), toplevel,
        )  # fmt: skip

    def relation(self, row: Row) -> RelationProfile:
        """`captured_at`, then columns as in `RELATION`."""
        (captured_at, schema, name, kind, estimated_rows, table_bytes, index_bytes, inserted,
         updated, deleted, dead, sequential_scans, index_scans, last_analyzed_at) = row  # fmt: skip
        return RelationProfile(
            self._relation(schema, name), RelationKind(kind), self._instant(captured_at),
            estimated_rows, table_bytes, index_bytes, inserted, updated, deleted, dead,
            sequential_scans, index_scans,
            None if last_analyzed_at is None else self._instant(last_analyzed_at),
        )  # fmt: skip

    def column(self, row: Row) -> ColumnProfile:
        """`captured_at`, then columns as in `COLUMN`."""
        (captured_at, schema, name, column, position, kind, not_null, null_ratio, distinct,
         average_width_bytes, correlation, top_value_ratio, *reach) = row  # fmt: skip
        return ColumnProfile(
            self._relation(schema, name), self._word(column), self._word(kind),
            self._instant(captured_at), null_ratio, distinct, average_width_bytes, correlation,
            top_value_ratio, position, not_null, range=self._range(*reach),
        )  # fmt: skip

    def _range(
        self, value_bits: int | None, highest: int | None, is_exact: bool | None,
        greatest_length: int | None, value: int | None, limit: int | None, cycles: bool | None,
        schema: str | None, name: str | None, column: str | None,
    ) -> ColumnRange | None:  # fmt: skip
        if is_exact is None:
            return None
        sequence = None if limit is None else SequenceState(value, limit, bool(cycles))
        references = None
        if schema is not None and name is not None and column is not None:
            references = ColumnName(self._relation(schema, name), self._word(column))
        return ColumnRange(value_bits, highest, is_exact, greatest_length, sequence, references)

    def index(self, row: Row) -> IndexProfile:
        """`captured_at`, then columns as in `INDEX`."""
        (captured_at, schema, name, index_name, definition, method, keys, include, where, unique,
         is_primary, is_valid, backs_constraint, measured_bytes, scans) = row  # fmt: skip
        spec = IndexSpec(
            self._relation(schema, name),
            tuple(IndexKey(*key) for key in json.loads(keys)),
            tuple(json.loads(include)),
            where,
            unique,
            method,
        )
        return IndexProfile(
            spec, index_name, self._instant(captured_at), measured_bytes, scans,
            is_primary, is_valid, backs_constraint, definition,
        )  # fmt: skip

    def _relation(self, schema: str, name: str) -> RelationName:
        found = self._relations.get((schema, name))
        if found is None:
            found = self._relations[schema, name] = RelationName(schema, name)
        return found

    def _instant(self, at: datetime) -> datetime:
        found = self._instants.get(at)
        if found is None:
            found = self._instants[at] = _utc(at)
        return found

    def _word(self, word: str) -> str:
        return self._words.setdefault(word, word)


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
