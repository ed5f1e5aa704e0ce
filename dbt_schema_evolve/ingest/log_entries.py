"""Cuts Postgres' logs into entries: its own format, csvlog and jsonlog."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

import msgspec

from dbt_schema_evolve.ingest.log_prefix import KNOWN_PREFIXES, best_pattern, instant
from dbt_schema_evolve.records.workload import Skip

MOST_LETTERS = 4_000_000  # of one entry: a statement and its plan
_FIELD = re.compile(r'(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))')
# Time, role, database, process: no line inside a statement begins like that by chance.
_CSV_START = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [A-Za-z0-9+:-]+,"
    r'(?:"(?:[^"]|"")*")?,(?:"(?:[^"]|"")*")?,\d*,'
)
_CSV_QUERYID = 25  # a column since 14
_NO_TIME = "its time is in a zone that is neither UTC nor the server's"
_TOO_LONG = f"an entry of more than {MOST_LETTERS:,} letters"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What the server says of its logs, and of the one database that we are interested in."""

    line_prefix: str
    timezone: tzinfo = UTC
    database: str = ""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One message of the server."""

    at: datetime
    pid: str
    severity: str
    message: str
    place: str
    role: str = ""
    database: str = ""
    application_name: str = ""
    queryid: int | None = None


Lines = Iterable[str]
Entries = Iterator[LogEntry | Skip]


def is_postgres_log(sample: Sequence[str], settings: LogSettings) -> bool:
    """Return whether a file begins like a log of Postgres."""
    return _is_json(sample) or _is_csv(sample) or _pattern(sample, settings) is not None


def log_entries(sample: Sequence[str], lines: Lines, settings: LogSettings) -> Entries:
    """Return the entries of a log; `sample` are its first lines."""
    if _is_json(sample):
        return _json_entries(lines, settings.timezone)
    if _is_csv(sample):
        return _csv_entries(lines, settings.timezone)
    pattern = _pattern(sample, settings)
    return iter(()) if pattern is None else _stderr_entries(lines, pattern, settings.timezone)


def _is_json(sample: Sequence[str]) -> bool:
    return any(line.startswith("{") and '"error_severity"' in line for line in sample)


def _is_csv(sample: Sequence[str]) -> bool:
    return any(_CSV_START.match(line) for line in sample)


def _pattern(sample: Sequence[str], settings: LogSettings) -> re.Pattern[str] | None:
    return best_pattern([settings.line_prefix, *KNOWN_PREFIXES], sample)


class _JsonEntry(msgspec.Struct):
    timestamp: str = ""
    user: str = ""
    dbname: str = ""
    pid: int = 0
    error_severity: str = ""
    message: str = ""
    application_name: str = ""
    query_id: int = 0


def _json_entries(lines: Lines, zone: tzinfo) -> Entries:
    decoder = msgspec.json.Decoder(_JsonEntry)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            yield Skip(f"line {number}", "not an entry of a jsonlog")
            continue
        yield _entry(
            {
                "time": found.timestamp, "role": found.user, "database": found.dbname,
                "pid": str(found.pid), "application_name": found.application_name,
                "queryid": str(found.query_id), "severity": found.error_severity,
            },
            found.message, f"line {number}", zone,
        )  # fmt: skip


def _csv_entries(lines: Lines, zone: tzinfo) -> Entries:
    """A quoted field may hold line ends; a record that never closes ends where the next begins."""
    held: list[str] = []
    is_open, begin = False, 1
    for number, line in enumerate(lines, 1):
        if is_open and _CSV_START.match(line):
            yield Skip(f"line {begin}", "a record without an end")
            held, is_open = [], False
        if not held:
            begin = number
        held.append(line)
        is_open ^= line.count('"') % 2 == 1
        if not is_open:
            record = "".join(held).rstrip("\r\n")
            held = []
            if record:
                yield _csv_entry(record, f"line {begin}", zone)
    if held:
        yield Skip(f"line {begin}", "a record without an end")


def _csv_entry(record: str, place: str, zone: tzinfo) -> LogEntry | Skip:
    if len(record) > MOST_LETTERS:
        return Skip(place, _TOO_LONG)
    fields = [quoted.replace('""', '"') or plain for quoted, plain in _FIELD.findall(record)]
    if len(fields) < 23:  # since 9.0
        return Skip(place, "not a record of a csvlog")
    queryid = fields[_CSV_QUERYID] if len(fields) > _CSV_QUERYID else ""
    named = {
        "time": fields[0], "role": fields[1], "database": fields[2], "pid": fields[3],
        "severity": fields[11], "application_name": fields[22], "queryid": queryid,
    }  # fmt: skip
    return _entry(named, fields[13], place, zone)


def _stderr_entries(lines: Lines, pattern: re.Pattern[str], zone: tzinfo) -> Entries:
    """Postgres begins each further line of a message with a tab."""
    entry: LogEntry | Skip | None = None
    more: list[str] = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if text.startswith("\t") or not text:
            more.append(text[1:])
            continue
        if entry is not None:
            yield _whole(entry, more)
        more = []
        match = pattern.match(text[:1_000])
        if match:
            entry = _entry(match.groupdict(), text[match.end() :], f"line {number}", zone)
        else:
            entry = Skip(f"line {number}", "no entry in the format that the other lines have")
    if entry is not None:
        yield _whole(entry, more)


def _whole(entry: LogEntry | Skip, more: list[str]) -> LogEntry | Skip:
    if isinstance(entry, Skip) or not more:
        return entry
    message = "\n".join([entry.message, *more])
    if len(message) > MOST_LETTERS:
        return Skip(entry.place, _TOO_LONG)
    return replace(entry, message=message)


def _entry(found: dict[str, str | None], message: str, place: str, zone: tzinfo) -> LogEntry | Skip:
    at = _epoch(found["epoch"]) if found.get("epoch") else instant(found.get("time") or "", zone)
    if at is None:
        return Skip(place, _NO_TIME if found.get("time") else "no time in its prefix")
    return LogEntry(
        at,
        found.get("pid") or "",
        found.get("severity") or "",
        message,
        place,
        role=_known(found.get("role")),
        database=_known(found.get("database")),
        application_name=_known(found.get("application_name")),
        queryid=_queryid(found.get("queryid")),
    )


def _epoch(text: str | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _known(name: str | None) -> str:
    return "" if name is None or name == "[unknown]" else name


def _queryid(text: str | None) -> int | None:
    """Zero says that none was computed."""
    try:
        found = int(text or 0)
    except ValueError:
        return None
    return found if found and -(2**63) <= found < 2**63 else None
