"""Reads OpenTelemetry spans: which request of which service sent which query.

Files are OTLP JSON: one ExportTraceServiceRequest, or one a line as the collector's file exporter
writes them. A span that is not what the protocol says costs itself.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from dbt_schema_evolve.ingest.redact import numbered
from dbt_schema_evolve.ingest.sightings import Keeper, Requests, Sighting
from dbt_schema_evolve.records.executions import ExecutionSource, ReadExecutions
from dbt_schema_evolve.records.workload import Skip

MOST_LETTERS = 64_000_000  # of one document; the collector's batches are far smaller
MOST_ANCESTORS = 200  # from a query up to its request
# https://opentelemetry.io/docs/specs/semconv/database/ and its names before 1.28.
_TEXT = ("db.query.text", "db.statement")
_SYSTEM = ("db.system.name", "db.system")
_DATABASE = ("db.namespace", "db.name")
_METHOD = ("http.request.method", "http.method")
_POSTGRES = frozenset({"postgresql", "postgres"})
_HEX = re.compile(r"[0-9a-f]{1,32}\Z")
_NO_SPANS = "not an export of spans in OTLP JSON"

_Shape = TypeVar("_Shape")
SpanKey = tuple[str, str]  # trace, span


@dataclass(frozen=True, slots=True)
class Span:
    """What we need of one span."""

    key: SpanKey
    parent: SpanKey | None
    begin: datetime
    duration_us: int
    service: str
    attributes: Mapping[str, str]
    place: str


class _Value(msgspec.Struct):
    text: str | None = msgspec.field(name="stringValue", default=None)
    number: int | str | None = msgspec.field(name="intValue", default=None)


class _Attribute(msgspec.Struct):
    key: str
    value: _Value | None = None


class _Span(msgspec.Struct):
    trace: str = msgspec.field(name="traceId")
    span: str = msgspec.field(name="spanId")
    begin: int | str = msgspec.field(name="startTimeUnixNano")
    end: int | str = msgspec.field(name="endTimeUnixNano")
    parent: str | None = msgspec.field(name="parentSpanId", default=None)
    attributes: list[_Attribute] = []


class _Scope(msgspec.Struct):
    spans: list[msgspec.Raw] = []


class _Resource(msgspec.Struct):
    attributes: list[_Attribute] = []


class _ResourceSpans(msgspec.Struct):
    resource: _Resource | None = None
    scopes: list[_Scope] = msgspec.field(name="scopeSpans", default=[])
    libraries: list[_Scope] = msgspec.field(name="instrumentationLibrarySpans", default=[])


class _Export(msgspec.Struct):
    resource_spans: list[msgspec.Raw] = msgspec.field(name="resourceSpans")


def is_otlp(sample: Sequence[str]) -> bool:
    """Return whether a file begins like an export of spans."""
    first = next((line for line in sample if line.strip()), "")
    return first.startswith("{") and any('"resourceSpans"' in line for line in sample)


def otlp_spans(lines: Iterable[str]) -> tuple[tuple[Span, ...], tuple[Skip, ...]]:
    """Return the spans of a file, and what in it is none."""
    held = list(lines)
    documents = [(f"line {n}", line) for n, line in enumerate(held, 1) if line.strip()]
    if documents and _decoded(documents[0][1], _Export) is None:
        documents = [("line 1", "".join(held))]  # one document over many lines
    spans: list[Span] = []
    skips: list[Skip] = []
    for place, document in documents:
        if len(document) > MOST_LETTERS:
            skips.append(Skip(place, f"a document of more than {MOST_LETTERS:,} letters"))
            continue
        export = _decoded(document, _Export)
        if export is None:
            skips.append(Skip(place, _NO_SPANS))
            continue
        for found in _spans(export, place):
            if isinstance(found, Skip):
                skips.append(found)
            else:
                spans.append(found)
    return tuple(spans), tuple(skips)


def requests(spans: Iterable[Span]) -> Requests:
    """Return what each span's request is, as tags; spans of no known service are left out."""
    by_key = {span.key: span for span in spans}
    return {key: tags for key, span in by_key.items() if (tags := _request(span, by_key))}


def trace_executions(spans: Iterable[Span], served: Requests) -> ReadExecutions:
    """Return the queries that spans of Postgres clients hold."""
    keeper = Keeper()
    for span in spans:
        if _first(span.attributes, _SYSTEM).lower() not in _POSTGRES:
            continue
        text = _first(span.attributes, _TEXT)
        if not text:
            keeper.skip(span.place, "a database span without db.query.text or db.statement")
            continue
        keeper.add(
            Sighting(
                at=span.begin,
                text=numbered(text),
                source=ExecutionSource.TRACE,
                place=span.place,
                key=span.key,
                duration_us=span.duration_us,
                rows=_number(span.attributes.get("db.response.returned_rows")),
                role=span.attributes.get("db.user", ""),
                # `database|schema` in newer conventions.
                database=_first(span.attributes, _DATABASE).partition("|")[0],
                tags=served.get(span.key, frozenset()),
            )
        )
    return keeper.read


def _decoded(document: str | msgspec.Raw, shape: type[_Shape]) -> _Shape | None:
    try:
        return msgspec.json.decode(document, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _spans(export: _Export, place: str) -> Iterator[Span | Skip]:
    for raw in export.resource_spans:
        found = _decoded(raw, _ResourceSpans)
        if found is None:
            yield Skip(place, _NO_SPANS)
            continue
        resource = _attributes(found.resource.attributes if found.resource else [])
        for scope in (*found.scopes, *found.libraries):
            for raw_span in scope.spans:
                span = _decoded(raw_span, _Span)
                yield (
                    Skip(place, "not a span")
                    if span is None
                    else _span(span, resource.get("service.name", ""), place)
                )


def _span(raw: _Span, service: str, place: str) -> Span | Skip:
    begin, end = _number(raw.begin), _number(raw.end)
    trace, span, parent = raw.trace.lower(), raw.span.lower(), (raw.parent or "").lower()
    if not (_HEX.match(trace) and _HEX.match(span)):
        return Skip(place, "a span whose ids are not hexadecimal")
    if begin is None or end is None or not 0 < begin <= end < 2**63:
        return Skip(place, "a span without a begin and an end")
    return Span(
        (trace, span),
        (trace, parent) if _HEX.match(parent) else None,
        datetime.fromtimestamp(begin // 1_000 / 1_000_000, UTC),
        (end - begin) // 1_000,
        service,
        _attributes(raw.attributes),
        place,
    )


def _attributes(found: Iterable[_Attribute]) -> dict[str, str]:
    held = {}
    for attribute in found:
        value = attribute.value
        if value is not None and value.text is not None:
            held[attribute.key] = value.text
        elif value is not None and value.number is not None:
            held[attribute.key] = str(value.number)
    return held


def _request(span: Span, by_key: Mapping[SpanKey, Span]) -> frozenset[tuple[str, str]]:
    """Climb to the nearest span that serves a route; without one, only the service is known."""
    at: Span | None = span
    for _ in range(MOST_ANCESTORS):  # a cycle ends here too
        if at is None:
            break
        route = at.attributes.get("http.route")
        if route:
            method = _first(at.attributes, _METHOD)
            return _tags(at.service, f"{method} {route}".strip())
        if "rpc.service" in at.attributes and "rpc.method" in at.attributes:
            called = f"{at.attributes['rpc.service']}/{at.attributes['rpc.method']}"
            return _tags(at.service, called)
        at = by_key.get(at.parent) if at.parent else None
    return _tags(span.service, "")


def _tags(service: str, route: str) -> frozenset[tuple[str, str]]:
    found = (("application", service), ("route", route))
    return frozenset((key, value) for key, value in found if value)


def _first(attributes: Mapping[str, str], names: Iterable[str]) -> str:
    return next((attributes[name] for name in names if attributes.get(name)), "")


def _number(value: int | str | None) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None
    return value
