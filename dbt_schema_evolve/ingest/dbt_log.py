"""Reads executions from dbt's own log: which node sent which statement, and how long it took.

JSON (`--log-format-file json`, or standard output with `--log-format json --log-level debug`) says
all of it. dbt's default text has no dates, so a run in it counts only where its day is known.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import msgspec

from dbt_schema_evolve.ingest.sightings import Keeper, Sighting
from dbt_schema_evolve.records.executions import ExecutionSource, ReadExecutions
from dbt_schema_evolve.records.workload import Skip

_LINE = re.compile(
    r"(?:\x1b\[\d+m)*(?P<time>\d\d:\d\d:\d\d\.\d{6}) \[\w+ *\] \[(?P<thread>[^\]]*)\]: "
    r"(?P<message>.*)",
    re.DOTALL,
)
_RUN = re.compile(r"=+ (?P<time>\d\d:\d\d:\d\d\.\d+) \| (?P<invocation>[0-9a-f-]{36}) =+")
_SENT = re.compile(r"On (?P<connection>\S+): (?P<sql>.*)", re.DOTALL)
_DONE = re.compile(r"SQL status: (?P<status>.*) in (?P<seconds>\d+(?:\.\d+)?) seconds")
_NODE = re.compile(r"(?:model|test|snapshot|seed|operation|analysis|unit_test)\.\S+\Z")
_COUNT = re.compile(r"(\d{1,18})\Z")
_DBT = frozenset({("application", "dbt")})
_LAST_WRITE = timedelta(minutes=1)  # between the last line of a file and its modification time
_NO_DAY = (
    "a run on an unknown day: dbt's text log has no dates; let dbt write"
    " `--log-format-file json`, or ingest the run's artifacts or capture first"
)


@dataclass(frozen=True, slots=True)
class _Event:
    """A statement that dbt sent, or, with seconds, the end of one."""

    at: datetime | None  # None: the day is not known
    time_of_day: str
    invocation: str
    thread: str
    place: str
    sql: str = ""
    node_id: str | None = None
    seconds: float | None = None
    status: str = ""


def is_dbt_log(sample: Sequence[str]) -> bool:
    """Return whether a file begins like a log of dbt, in JSON or in text."""
    return any(
        _is_json(line) or _RUN.match(line) is not None or _LINE.match(line) is not None
        for line in sample
    )


def read_dbt_log(
    lines: Iterable[str], written_at: datetime, known_runs: Mapping[str, datetime]
) -> ReadExecutions:
    """Return the executions of one file.

    `written_at` is when the file was last written; `known_runs` holds when runs ended, by
    invocation id.
    """
    held = list(lines)
    if any(map(_is_json, held)):
        return _executions(_json_events(held))
    return _executions(_text_events(held, written_at, known_runs))


def _is_json(line: str) -> bool:
    return line.startswith("{") and '"invocation_id"' in line


def _executions(events: Iterable[_Event | Skip]) -> ReadExecutions:
    """Put each statement and its end together: a thread sends one after the other."""
    keeper = Keeper()
    sent: dict[tuple[str, str], _Event] = {}
    for event in events:
        if isinstance(event, Skip):
            keeper.skip(event.subject, event.reason)
        elif event.seconds is None:
            sent[event.invocation, event.thread] = event
        else:
            # A statement without an end failed; its end is not that of an earlier one.
            begun = sent.pop((event.invocation, event.thread), None)
            if begun is not None:
                _keep(begun, event, keeper)
    return keeper.read


def _keep(begun: _Event, ended: _Event, keeper: Keeper) -> None:
    if begun.node_id is None:  # dbt's own questions to the system catalog
        return
    if begun.at is None:
        keeper.skip(begun.place, _NO_DAY)
        return
    rows = _COUNT.search(ended.status)
    keeper.add(
        Sighting(
            at=begun.at,
            text=begun.sql,
            source=ExecutionSource.DBT,
            place=begun.place,
            # Without the day: a run has the same ids in dbt's JSON and in its text.
            key=(begun.invocation, begun.time_of_day),
            duration_us=round((ended.seconds or 0.0) * 1_000_000),
            rows=int(rows[1]) if rows else None,
            tags=_DBT,
            node_id=begun.node_id,
        )
    )


class _NodeInfo(msgspec.Struct):
    unique_id: str = ""


class _Data(msgspec.Struct):
    sql: str = ""
    conn_name: str = ""
    node_info: _NodeInfo | None = None
    elapsed: float = 0.0
    status: str = ""


class _Info(msgspec.Struct):
    name: str
    ts: str
    thread: str = ""
    invocation_id: str = ""


class _Line(msgspec.Struct):
    info: _Info
    data: _Data


def _json_events(lines: Iterable[str]) -> Iterator[_Event | Skip]:
    decoder = msgspec.json.Decoder(_Line)
    for number, line in enumerate(lines, 1):
        place = f"line {number}"
        if '"SQLQuery' not in line:
            if line.strip() and not line.startswith("{"):
                yield Skip(place, "not a JSON event of dbt")
            continue
        try:
            found = decoder.decode(line)
            at = datetime.fromisoformat(found.info.ts)
        except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
            yield Skip(place, "not a JSON event of dbt")
            continue
        info, data = found.info, found.data
        node = data.node_info.unique_id if data.node_info else ""
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        time_of_day = at.strftime("%H:%M:%S.%f")
        if info.name == "SQLQuery":
            yield _Event(
                at, time_of_day, info.invocation_id, info.thread, place,
                sql=data.sql, node_id=node or _node(data.conn_name),
            )  # fmt: skip
        elif info.name == "SQLQueryStatus":
            yield _Event(
                at, time_of_day, info.invocation_id, info.thread, place,
                seconds=data.elapsed, status=data.status,
            )  # fmt: skip


def _text_events(
    lines: Sequence[str], written_at: datetime, known_runs: Mapping[str, datetime]
) -> Iterator[_Event | Skip]:
    ends = {**_last_run(lines, written_at), **known_runs}
    invocation = ""
    for number, text in _messages(lines):
        run = _RUN.match(text)
        if run:
            invocation = run["invocation"]
            continue
        line = _LINE.match(text)
        message = line["message"] if line else ""
        place = f"line {number}"
        sent, done = _SENT.match(message), _DONE.match(message)
        if line is None or not (sent or done):
            continue
        at = _instant(line["time"], ends.get(invocation))
        base = _Event(at, line["time"], invocation, line["thread"], place)
        if sent:
            yield replace(base, sql=sent["sql"], node_id=_node(sent["connection"]))
        elif done:
            yield replace(base, seconds=float(done["seconds"]), status=done["status"])


def _messages(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each message with its further lines, and where it begins."""
    held: list[str] = []
    begin = 1
    for number, line in enumerate(lines, 1):
        if held and (_LINE.match(line) or _RUN.match(line)):
            yield begin, "".join(held)
            held = []
        if not held:
            begin = number
        held.append(line)
    if held:
        yield begin, "".join(held)


def _last_run(lines: Sequence[str], written_at: datetime) -> Mapping[str, datetime]:
    """Return when the last run of a file ended, where the file was not touched since."""
    runs = [run["invocation"] for line in lines if (run := _RUN.match(line))]
    times = [line["time"] for text in lines[-1_000:] if (line := _LINE.match(text))]
    if not runs or not times:
        return {}
    last = _instant(times[-1], written_at)
    is_untouched = last is not None and abs(written_at - last) <= _LAST_WRITE
    return {runs[-1]: written_at} if is_untouched else {}


def _instant(time_of_day: str, run_ended: datetime | None) -> datetime | None:
    """Return the last instant with a time of day (UTC) that is not after the end of a run."""
    if run_ended is None:
        return None
    end = run_ended.astimezone(UTC)
    found = datetime.combine(end.date(), time.fromisoformat(time_of_day), UTC)
    # Captures and artifacts are written some seconds before dbt's last line.
    return found - timedelta(days=1) if found > end + timedelta(hours=1) else found


def _node(connection: str) -> str | None:
    """Return the node that a connection is named after; others are dbt's own."""
    return connection if _NODE.match(connection) else None
