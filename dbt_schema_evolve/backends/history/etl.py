"""What jobs report, in the history: each report once, each event by key."""

import hashlib
from collections.abc import Iterable
from datetime import UTC

import duckdb
import msgspec

from dbt_schema_evolve.backends.history import rows
from dbt_schema_evolve.backends.history.file import query_text
from dbt_schema_evolve.records.etl import EtlEvent, JobReport, SeenReport

_REPORT = msgspec.json.Decoder(JobReport)
_ADD_REPORTS = """
insert into etl_reports
select $warehouse, unnest($sha256), unnest($content) on conflict do nothing
"""
_ADD_EVENTS = """
insert into etl_events
select
    $warehouse, unnest($sha256), unnest($run_id), unnest($kind), unnest($happened_at)::timestamp,
    unnest($job), unnest($error)
on conflict do nothing
returning 1
"""


def add_events(db: duckdb.DuckDBPyConnection, warehouse: str, events: Iterable[EtlEvent]) -> int:
    """Keep the events that are not there; return how many these were. Inside a transaction."""
    contents: dict[str, str] = {}
    found: dict[tuple[str, ...], EtlEvent] = {}
    for event in events:
        content = msgspec.json.encode(event.report)
        digest = hashlib.sha256(content).hexdigest()
        contents[digest] = content.decode()
        instant = rows.plain_instant(event.happened_at) or ""
        found.setdefault((digest, event.run_id, event.kind.value, instant), event)
    if not found:
        return 0
    db.execute(
        _ADD_REPORTS,
        {"warehouse": warehouse, "sha256": [*contents], "content": [*contents.values()]},
    )
    digests, run_ids, kinds, instants = (list(part) for part in zip(*found, strict=True))
    added = db.execute(
        _ADD_EVENTS,
        {
            "warehouse": warehouse,
            "sha256": digests,
            "run_id": run_ids,
            "kind": kinds,
            "happened_at": instants,
            "job": [msgspec.json.encode(each.report.job).decode() for each in found.values()],
            "error": [each.error for each in found.values()],
        },
    )
    return len(added.fetchall())


def seen_reports(db: duckdb.DuckDBPyConnection, warehouse: str) -> tuple[SeenReport, ...]:
    """Return each report once, by the time that it was last made."""
    found = db.execute(query_text("seen_reports"), {"warehouse": warehouse}).fetchall()
    return tuple(
        SeenReport(
            _REPORT.decode(content), run_id, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
        )
        for content, run_id, first, last in found
    )
