"""What logs, dbt and traces saw run, into the history."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.errors import LogError
from dbt_schema_evolve.ingest.dbt_log import is_dbt_log, read_dbt_log
from dbt_schema_evolve.ingest.log_entries import LogSettings, is_postgres_log
from dbt_schema_evolve.ingest.otlp import Span, is_otlp, otlp_spans, requests, trace_executions
from dbt_schema_evolve.ingest.postgres_log import read_postgres_log
from dbt_schema_evolve.ports import History, TextFile
from dbt_schema_evolve.records.executions import ReadExecutions
from dbt_schema_evolve.records.workload import Skip

_SAMPLE = 300  # lines from which a format is told: a starting server writes fewer before the first
_REMEDIES = {
    "log": "give a log of Postgres: its own format, csvlog or jsonlog, with English messages",
    "dbt log": "give dbt's logs/dbt.log, best written with `--log-format-file json`",
    "trace": "give OTLP JSON: one export of spans, or one a line as the collector writes them",
}


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The files to read, by who wrote them."""

    postgres: Sequence[TextFile] = ()
    dbt: Sequence[TextFile] = ()
    otlp: Sequence[TextFile] = ()


@dataclass(frozen=True, slots=True)
class IngestedLogs:
    """What was new, and what was left out."""

    executions: int = 0
    known: int = 0  # read before, from these files or from others
    elsewhere: int = 0  # in other databases of the server
    skips: tuple[Skip, ...] = ()


def check_logs(files: LogFiles, settings: LogSettings) -> None:
    """Raise LogError for a file that cannot be read or is not what it should be.

    An empty file passes: a log that has just been rotated is one.
    """
    for group, kind, is_known in (
        (files.postgres, "log", lambda sample: is_postgres_log(sample, settings)),
        (files.dbt, "dbt log", is_dbt_log),
        (files.otlp, "trace", is_otlp),
    ):
        for file in group:
            sample = _sample(file)
            if any(line.strip() for line in sample) and not is_known(sample):
                raise LogError(
                    f"this is no {kind} that we know", at=file.at, remedy=_REMEDIES[kind]
                )


def ingest_logs(files: LogFiles, settings: LogSettings, history: History) -> IngestedLogs:
    """Keep every execution that the history does not hold yet: those of all files, or none."""
    read = _read(files, settings, history)
    here = [e for e in read.executions if not e.database or e.database == settings.database]
    added = history.add_executions(here)
    elsewhere = len(read.executions) - len(here)
    return IngestedLogs(added, len(here) - added, elsewhere, read.skips)


def _read(files: LogFiles, settings: LogSettings, history: History) -> ReadExecutions:
    spans: list[Span] = []
    reads: list[ReadExecutions] = []
    for file in files.otlp:
        found, skips = otlp_spans(file.lines())
        spans += found
        reads.append(_placed(ReadExecutions((), skips), file))
    served = requests(spans)  # first: a comment in a log may lead to a span
    reads.append(trace_executions(spans, served))
    reads += [
        _placed(read_postgres_log(_sample(file), file.lines(), settings, served), file)
        for file in files.postgres
    ]
    known_runs = _known_runs(history) if files.dbt else {}
    reads += [
        _placed(read_dbt_log(file.lines(), file.written_at, known_runs), file) for file in files.dbt
    ]
    return ReadExecutions(
        tuple(execution for read in reads for execution in read.executions),
        tuple(skip for read in reads for skip in read.skips),
    )


def _known_runs(history: History) -> dict[str, datetime]:
    """Return when dbt's runs ended, by invocation id, as captures and artifacts tell."""
    runs = {run.invocation_id: run.captured_at for run in history.node_runs() if run.captured_at}
    return runs | {capture.capture_id: capture.captured_at for capture in history.captures()}


def _sample(file: TextFile) -> list[str]:
    return list(itertools.islice(file.lines(), _SAMPLE))


def _placed(read: ReadExecutions, file: TextFile) -> ReadExecutions:
    """Say in which file a place is."""
    skips = (Skip(f"{file.at}, {skip.subject}", skip.reason) for skip in read.skips)
    return ReadExecutions(read.executions, tuple(skips))
