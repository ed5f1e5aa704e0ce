"""Reads executions from Postgres' logs: durations, statements, and the plans of auto_explain."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta

import msgspec

from dbt_schema_evolve.ingest.log_entries import LogEntry, LogSettings, log_entries
from dbt_schema_evolve.ingest.sightings import Keeper, Requests, Sighting
from dbt_schema_evolve.records.executions import ExecutionSource, ReadExecutions
from dbt_schema_evolve.records.workload import Skip

# Of the extended protocol only `execute` is a run: parse and bind come before it, and
# `execute fetch from` is the rest of one that was counted.
_MESSAGE = re.compile(
    r"(?:duration: (?P<ms>\d+(?:\.\d+)?) ms)?(?:(?:^|  )(?P<what>statement|execute \S+|plan):\s?)?",
)
_PLAN_BEGINS = re.compile(r"\n(?=Query Parameters: |\S[^\n]*  \(cost=\d)")
_ROWS = re.compile(r"\(actual [^)]*?rows=(\d+)(?:\.\d+)? loops=(\d+)")
_SLACK = timedelta(seconds=1)  # a prefix with %t has no milliseconds


def read_postgres_log(
    sample: Sequence[str],
    lines: Iterable[str],
    settings: LogSettings,
    requests: Requests | None = None,
) -> ReadExecutions:
    """Return the executions of one file; `sample` are its first lines."""
    keeper = Keeper(requests)
    sessions: dict[str, _Session] = defaultdict(_Session)
    for entry in log_entries(sample, lines, settings):
        if isinstance(entry, Skip):
            keeper.skip(entry.subject, entry.reason)
        elif entry.severity == "LOG":
            _note(entry, sessions[entry.pid], keeper)
        elif entry.severity in {"ERROR", "FATAL", "PANIC"}:
            sessions[entry.pid].fail(keeper)
    return keeper.read


@dataclass(slots=True)
class _Session:
    """What one server process said; the numbers are places in the keeper."""

    begun: int | None = None  # a statement that log_statement showed, whose duration is to come
    runs: dict[str, int] = field(default_factory=dict)  # by text, until their plans come
    plans: dict[str, int] = field(default_factory=dict)  # by text, until their runs come

    def fail(self, keeper: Keeper) -> None:
        """Drop the statement that is running: it did not end."""
        if self.begun is not None:
            keeper[self.begun] = None
        self.begun = None


def _note(entry: LogEntry, session: _Session, keeper: Keeper) -> None:
    match = _MESSAGE.match(entry.message)
    if match is None or not match[0]:
        return
    what, body = match["what"], entry.message[match.end() :]
    duration_us = None if match["ms"] is None else round(float(match["ms"]) * 1_000)
    if what == "plan":
        plan = _plan(body)
        if isinstance(plan, str):
            keeper.skip(entry.place, plan)
        else:
            _note_plan(entry, plan, duration_us, session, keeper)
    elif what is not None:
        _note_run(_sighting(entry, body, ExecutionSource.LOG, duration_us), session, keeper)
    elif not body and session.begun is not None:
        begun = keeper[session.begun]
        if begun is not None:
            keeper[session.begun] = replace(begun, duration_us=duration_us)
        session.begun = None


def _note_run(sighting: Sighting, session: _Session, keeper: Keeper) -> None:
    """Add a run; where its plan was logged before it, the two are one execution."""
    plans, session.plans = session.plans, {}
    place = keeper.add(sighting)
    session.begun = place if sighting.duration_us is None else None
    run = None if place is None else keeper[place]
    if place is None or run is None:
        return
    known = plans.get(run.text)
    plan = None if known is None else keeper[known]
    began = run.at - timedelta(microseconds=run.duration_us or 0)
    if known is not None and plan is not None and plan.at >= began - _SLACK:
        keeper[known] = None
        keeper[place] = replace(run, rows=plan.rows, queryid=run.queryid or plan.queryid)
    else:
        session.runs[run.text] = place


def _note_plan(
    entry: LogEntry,
    plan: "_Plan",
    duration_us: int | None,
    session: _Session,
    keeper: Keeper,
) -> None:
    """Add a plan; where its run was logged before it (a portal's, a cursor's), they are one."""
    # The entry's own id is that of the statement during which the plan was logged.
    seen = _sighting(entry, plan.text, ExecutionSource.PLAN, duration_us)
    place = keeper.add(replace(seen, rows=plan.rows, queryid=plan.queryid))
    found = None if place is None else keeper[place]
    if place is None or found is None:
        return
    known = session.runs.pop(found.text, None)
    run = None if known is None else keeper[known]
    if known is None or run is None:
        session.plans[found.text] = place
    else:
        keeper[place] = None
        keeper[known] = replace(run, rows=plan.rows, queryid=run.queryid or plan.queryid)


def _sighting(
    entry: LogEntry, text: str, source: ExecutionSource, duration_us: int | None
) -> Sighting:
    return Sighting(
        at=entry.at,
        text=text,
        source=source,
        place=entry.place,
        key=(entry.at.astimezone(UTC).isoformat(), entry.pid),
        duration_us=duration_us,
        role=entry.role,
        application_name=entry.application_name,
        database=entry.database,
        queryid=entry.queryid,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    text: str
    rows: int | None
    queryid: int | None


class _JsonNode(msgspec.Struct):
    kind: str = msgspec.field(name="Node Type", default="")
    rows: float | None = msgspec.field(name="Actual Rows", default=None)
    loops: float = msgspec.field(name="Actual Loops", default=1)


class _JsonPlan(msgspec.Struct):
    text: str = msgspec.field(name="Query Text", default="")
    root: _JsonNode = msgspec.field(name="Plan", default_factory=_JsonNode)
    queryid: int | None = msgspec.field(name="Query Identifier", default=None)


def _plan(body: str) -> "_Plan | str":
    """Return what auto_explain wrote, or why it cannot be read."""
    written = body.lstrip()
    if written.startswith("{"):
        try:
            found = msgspec.json.decode(written, type=_JsonPlan)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return "a plan that is not whole JSON"
        # INSERT, UPDATE and DELETE count here what they return, not what they write.
        is_counted = found.root.rows is not None and found.root.kind != "ModifyTable"
        rows = round((found.root.rows or 0) * found.root.loops) if is_counted else None
        return _Plan(found.text, rows, found.queryid)
    if not written.startswith("Query Text: "):
        return "a plan in YAML, XML or without its statement; auto_explain writes text and json too"
    text, *tree = _PLAN_BEGINS.split(written.removeprefix("Query Text: "), maxsplit=1)
    root = next((line for line in "".join(tree).splitlines() if "  (cost=" in line), "")
    rows_match = (
        None if root.startswith(("Insert", "Update", "Delete", "Merge")) else _ROWS.search(root)
    )
    queryid = re.search(r"\nQuery Identifier: (-?\d{1,19})\s*\Z", body)
    return _Plan(
        text,
        int(rows_match[1]) * int(rows_match[2]) if rows_match else None,
        int(queryid[1]) if queryid else None,
    )
