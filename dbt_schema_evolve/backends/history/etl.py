"""What jobs report, in the history: each report once, each event by key."""

import hashlib
from collections.abc import Iterable
from datetime import UTC
from typing import Any

import duckdb
import msgspec

from dbt_schema_evolve.backends.history import rows
from dbt_schema_evolve.backends.history.file import query_text
from dbt_schema_evolve.records.etl import EtlEvent, JobReport, SeenReport

_REPORT = msgspec.json.Decoder(JobReport)
# Rows come as one JSON text: the client takes lists apart item by item, a hundred times slower.
_KNOWN_REPORTS = """
select sha256 from etl_reports
where
    warehouse = $warehouse
    and sha256 in (select unnest(from_json_strict($rows, '["varchar"]')))
"""
_ADD_REPORTS = """
insert into etl_reports
select $warehouse, unnest(v.sha256), unnest(v.content)
from (
    select from_json_strict($rows, '{"sha256": ["varchar"], "content": ["varchar"]}') as v
)
"""
_ADD_EVENTS = """
insert into etl_events
select
    $warehouse, unnest(v.sha256), unnest(v.run_id), unnest(v.kind), unnest(v.happened_at),
    unnest(v.job), unnest(v.error)
from (
    select from_json_strict($rows, '{
        "sha256": ["varchar"], "run_id": ["varchar"], "kind": ["varchar"],
        "happened_at": ["timestamp"], "job": ["varchar"], "error": ["varchar"]
    }') as v
)
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

    def run(query: str, held: Any) -> list[rows.Row]:
        given = {"warehouse": warehouse, "rows": msgspec.json.encode(held).decode()}
        return db.execute(query, given).fetchall()

    known = {digest for (digest,) in run(_KNOWN_REPORTS, list(contents))}
    new = [digest for digest in contents if digest not in known]
    run(_ADD_REPORTS, {"sha256": new, "content": [contents[digest] for digest in new]})
    digests, run_ids, kinds, instants = zip(*found, strict=True)
    added = run(
        _ADD_EVENTS,
        {
            "sha256": digests,
            "run_id": run_ids,
            "kind": kinds,
            "happened_at": instants,
            "job": [msgspec.json.encode(each.report.job).decode() for each in found.values()],
            "error": [each.error for each in found.values()],
        },
    )
    return len(added)


def seen_reports(db: duckdb.DuckDBPyConnection, warehouse: str) -> tuple[SeenReport, ...]:
    """Return each report once, by the time that it was last made."""
    found = db.execute(query_text("seen_reports"), {"warehouse": warehouse}).fetchall()
    return tuple(
        SeenReport(
            _REPORT.decode(content), run_id, first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
        )
        for content, run_id, first, last in found
    )
