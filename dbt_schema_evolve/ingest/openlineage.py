"""OpenLineage events in JSON -> records; an event that is not one costs itself, as a `Skip`.

Read are the run, job and dataset events of the spec's versions 0 to 2. Facets that we have no
use for are never built in memory, whatever they hold.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from dbt_schema_evolve.ingest.openlineage_columns import ColumnLineage, direct, indirect
from dbt_schema_evolve.records.etl import (
    Dataset,
    EtlEvent,
    EventKind,
    JobReport,
    Named,
    OutputColumn,
)
from dbt_schema_evolve.records.relations import Column
from dbt_schema_evolve.records.workload import Skip

MAX_EVENT_BYTES = 5 << 20  # Spark's largest events, its query plans included, stay below 1 MB
_ERROR = 500  # characters of an error message

# Postgres has at most 1,600 columns; a lake's tables have more, but not without end.
_Many = msgspec.Meta(max_length=10_000)
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class _Field(msgspec.Struct):
    name: _Name
    type: str | None = None


class _Schema(msgspec.Struct):
    fields: Annotated[list[_Field], _Many] | None = None


class _Identifier(msgspec.Struct):
    namespace: _Name
    name: _Name


class _Symlinks(msgspec.Struct):
    identifiers: Annotated[list[_Identifier], _Many] | None = None


class _DatasetFacets(msgspec.Struct):
    schema: _Schema | None = None
    symlinks: _Symlinks | None = None
    columnLineage: ColumnLineage | None = None  # noqa: N815 - as the spec spells it


class _Dataset(msgspec.Struct):
    namespace: _Name
    name: _Name
    facets: _DatasetFacets | None = None


class _Sql(msgspec.Struct):
    query: str | None = None


class _JobFacets(msgspec.Struct):
    sql: _Sql | None = None


class _Job(msgspec.Struct):
    namespace: _Name
    name: _Name
    facets: _JobFacets | None = None


class _ParentJob(msgspec.Struct):
    namespace: str = ""
    name: str = ""


class _Parent(msgspec.Struct):
    job: _ParentJob | None = None


class _ErrorMessage(msgspec.Struct):
    message: str | None = None


class _RunFacets(msgspec.Struct):
    parent: _Parent | None = None
    errorMessage: _ErrorMessage | None = None  # noqa: N815


class _Run(msgspec.Struct):
    runId: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]  # noqa: N815
    facets: _RunFacets | None = None


class _Event(msgspec.Struct):
    eventTime: str  # noqa: N815
    producer: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    eventType: str | None = None  # noqa: N815
    run: _Run | None = None
    job: _Job | None = None
    dataset: _Dataset | None = None
    inputs: Annotated[list[_Dataset], _Many] | None = None
    outputs: Annotated[list[_Dataset], _Many] | None = None


_EVENT = msgspec.json.Decoder(_Event)
_RAW = msgspec.json.Decoder(msgspec.Raw)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])


def read_events(
    content: bytes, at: str, max_bytes: int = MAX_EVENT_BYTES
) -> Iterator[EtlEvent | Skip]:
    """Read one event, an array of events, or one event a line; `at` says where they came from."""
    text = content.removeprefix(b"\xef\xbb\xbf").strip()
    if text.startswith(b"["):
        try:
            raws: Iterable[bytes] = map(bytes, _RAWS.decode(text))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            yield Skip(at, f"not a JSON array of events: {error}")
            return
    elif _is_one(text):
        raws = [text]
    else:
        raws = text.split(b"\n")
    for number, raw in enumerate(raws, 1):
        if raw.strip():
            yield read_event(raw, f"{at}, event {number}", max_bytes)


def read_event(content: bytes, at: str, max_bytes: int = MAX_EVENT_BYTES) -> EtlEvent | Skip:
    """Read one event."""
    if len(content) > max_bytes:
        return Skip(at, f"the event has {len(content)} bytes, more than {max_bytes}")
    try:
        return _event(_EVENT.decode(content))
    except RecursionError:
        return Skip(at, "the event is nested too deep")
    except UnicodeDecodeError:
        return Skip(at, "the event is not UTF-8")
    except (msgspec.DecodeError, ValueError, OverflowError) as error:
        return Skip(at, f"not an OpenLineage event: {error}")


def _is_one(text: bytes) -> bool:
    """Return whether it is one JSON value, which may span lines."""
    try:
        _RAW.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return b"\n" not in text
    return True


def _event(raw: _Event) -> EtlEvent:
    if raw.dataset is None and raw.job is None:
        raise ValueError("it names neither a job nor a dataset")
    run = raw.run.facets if raw.run is not None and raw.run.facets else _RunFacets()
    parent = run.parent.job if run.parent and run.parent.job else _ParentJob()
    sql = raw.job.facets.sql if raw.job and raw.job.facets else None
    outputs = raw.outputs or [] if raw.job else [raw.dataset] if raw.dataset else []
    written = _datasets(outputs)
    is_told = any(output.made or output.indirect for output in written)
    report = JobReport(
        producer=raw.producer,
        job=Named(raw.job.namespace, raw.job.name) if raw.job else None,
        inputs=_datasets(raw.inputs or ()),
        outputs=written,
        # Kept only where nothing else tells of columns: it may hold literals, and those be private.
        sql=(sql.query or "") if sql and not is_told else "",
        parent=Named(parent.namespace, parent.name) if parent.name else None,
    )
    return EtlEvent(
        report,
        run_id=raw.run.runId if raw.run else "",
        kind=_kind(raw),
        happened_at=_instant(raw.eventTime),
        error=((run.errorMessage and run.errorMessage.message) or "")[:_ERROR],
    )


def _kind(raw: _Event) -> EventKind:
    if raw.run is not None and raw.job is not None:
        # Before version 1 of the spec the type of an event could be left out.
        return EventKind(raw.eventType.upper()) if raw.eventType else EventKind.OTHER
    return EventKind.JOB if raw.job is not None else EventKind.DATASET


def _instant(text: str) -> datetime:
    """Return the instant; one without a zone is taken as UTC, which most schedulers run in."""
    instant = datetime.fromisoformat(text)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _datasets(raws: Iterable[_Dataset]) -> tuple[Dataset, ...]:
    found: dict[Named, Dataset] = {}
    for raw in raws:
        name = Named(raw.namespace, raw.name)
        found.setdefault(name, _dataset(name, raw.facets or _DatasetFacets()))
    return tuple(found[name] for name in sorted(found))


def _dataset(name: Named, facets: _DatasetFacets) -> Dataset:
    symlinks = facets.symlinks.identifiers if facets.symlinks else None
    fields = facets.schema.fields if facets.schema else None
    lineage = facets.columnLineage or ColumnLineage()
    return Dataset(
        name,
        also=tuple(sorted({Named(s.namespace, s.name) for s in symlinks or ()} - {name})),
        columns=tuple(Column(field.name, field.type or "") for field in fields or ()),
        made=tuple(
            OutputColumn(key, direct(column), indirect(column.inputFields or ()))
            for key, column in sorted((lineage.fields or {}).items())
        ),
        indirect=indirect(lineage.dataset or ()),
    )
