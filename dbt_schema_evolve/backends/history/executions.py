"""Executions in the history file: kept once each, read back as counts."""

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from typing import Any

from dbt_schema_evolve.backends.history.file import query_text
from dbt_schema_evolve.backends.history.rows import Row, columns_of, compact, plain_instant
from dbt_schema_evolve.backends.history.transaction import Database, Types, stage
from dbt_schema_evolve.records.executions import Execution, ExecutionCount, ExecutionSource

_AT_ONCE = 50_000  # rows of one JSON parameter: some ten megabytes
_EXECUTION: Mapping[str, Callable[[Execution], Any]] = {
    "execution_id": lambda e: int(e.id, 16),
    "executed_at": lambda e: plain_instant(e.at),
    "text": lambda e: e.text,
    "duration_us": lambda e: e.duration_us,
    "rows": lambda e: e.rows,
    "queryid": lambda e: e.queryid,
    "source": lambda e: e.source.value,
    "role": lambda e: e.role,
    "application_name": lambda e: e.application_name,
    "node_id": lambda e: e.node_id or "",
    "tags": lambda e: compact(sorted(e.tags)),
}


def add_executions(
    db: Database, types: Types, warehouse: str, executions: Iterable[Execution]
) -> int:
    """Keep executions; return how many were new. Inside a transaction."""
    shape = {**types["execution_origins"], **types["executions"], "position": "BIGINT"}
    added = 0
    left = iter(executions)
    while chunk := list(itertools.islice(left, _AT_ONCE)):
        columns = {**columns_of(chunk, _EXECUTION), "position": [*range(len(chunk))]}
        stage(db, shape, columns)
        db.execute(query_text("number_texts"))
        db.execute(query_text("number_origins"))
        own = {"warehouse": warehouse}
        added += len(db.execute(query_text("add_executions"), own).fetchall())
        db.execute("drop table incoming")
    return added


def execution_count(row: Row) -> ExecutionCount:
    """Make a record of a row of `execution_counts.sql`."""
    (text, source, first_at, last_at, calls, total_us, rows, role, application_name, tags, node_id,
     queryid) = row  # fmt: skip
    return ExecutionCount(
        text=text,
        source=ExecutionSource(source),
        first_at=first_at.replace(tzinfo=UTC),
        last_at=last_at.replace(tzinfo=UTC),
        calls=calls,
        total_us=total_us,
        rows=rows,
        role=role,
        application_name=application_name,
        tags=frozenset((key, value) for key, value in json.loads(tags)),
        node_id=node_id or None,
        queryid=queryid,
    )
