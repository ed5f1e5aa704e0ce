"""Events of many runs -> what each job says now."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.etl import (
    Dataset,
    EtlEvent,
    EventKind,
    JobReport,
    Named,
    SeenReport,
)

_FAILED = frozenset({EventKind.ABORT, EventKind.FAIL})
_STATIC = frozenset({EventKind.JOB, EventKind.DATASET})


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a job said, its events together."""

    producer: str
    job: Named | None
    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]
    sql: str
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """What the newest run that wrote a data set says of it."""

    run: Run
    output: Dataset


def seen_reports(events: Iterable[EtlEvent]) -> tuple[SeenReport, ...]:
    """Return each report once, by the time that it was last made.

    Runs that failed, and those that have only begun, do not count.
    """
    kinds: dict[tuple[Named | None, str], set[EventKind]] = defaultdict(set)
    by_report: dict[JobReport, list[EtlEvent]] = defaultdict(list)
    for event in events:
        kinds[event.report.job, event.run_id].add(event.kind)
        by_report[event.report].append(event)
    found = []
    for report, sent in by_report.items():
        counted = [event for event in sent if _counts(kinds[report.job, event.run_id], event)]
        if counted:
            last = max(counted, key=lambda event: (event.happened_at, event.run_id))
            first = min(event.happened_at for event in counted)
            found.append(SeenReport(report, last.run_id, first, last.happened_at))
    return tuple(_by_age(found))


def _counts(kinds: set[EventKind], event: EtlEvent) -> bool:
    if event.kind in _STATIC:
        return True
    return not kinds & _FAILED and bool(kinds - {EventKind.START})


def _by_age(reports: Iterable[SeenReport]) -> Iterator[SeenReport]:
    """Yield the oldest first; what one run said at one instant is told apart by its words."""
    for _, same in itertools.groupby(sorted(reports, key=_age), key=_age):
        held = list(same)
        yield from sorted(held, key=repr) if len(held) > 1 else held


def _age(seen: SeenReport) -> tuple[datetime, Named, str]:
    return seen.last_seen, seen.report.job or Named("", ""), seen.last_run_id


def runs(reports: Iterable[SeenReport]) -> tuple[Run, ...]:
    """Return the runs that some report was last made by, oldest first.

    A run tells of its inputs when it begins and of its outputs when it ends.
    """
    by_run: dict[tuple[Named | None, str], list[SeenReport]] = defaultdict(list)
    for number, seen in enumerate(_by_age(reports)):
        by_run[seen.report.job, seen.last_run_id or f"static {number}"].append(seen)
    return tuple(
        Run(
            producer=parts[-1].report.producer,
            job=job,
            inputs=_united(part.report.inputs for part in parts),
            outputs=_united(part.report.outputs for part in parts),
            sql=next((part.report.sql for part in reversed(parts) if part.report.sql), ""),
            last_seen=parts[-1].last_seen,
        )
        for (job, _), parts in sorted(by_run.items(), key=lambda item: _age(item[1][-1]))
    )


def told(found: Iterable[Run]) -> tuple[Told, ...]:
    """Return what is true now: for each job and output, what its newest run says."""
    newest = {(run.job, output.name): Told(run, output) for run in found for output in run.outputs}
    return tuple(newest[key] for key in sorted(newest, key=str))


def _united(groups: Iterable[tuple[Dataset, ...]]) -> tuple[Dataset, ...]:
    """Return each data set once; what a later event says of it wins where it says anything."""
    found: dict[Named, Dataset] = {}
    for dataset in (each for group in groups for each in group):
        known = found.get(dataset.name, dataset)
        says_more = bool(dataset.made or dataset.indirect)
        found[dataset.name] = Dataset(
            dataset.name,
            also=tuple(sorted({*known.also, *dataset.also})),
            columns=dataset.columns or known.columns,
            made=dataset.made if says_more else known.made,
            indirect=dataset.indirect if says_more else known.indirect,
        )
    return tuple(found[name] for name in sorted(found))
