"""Spans of OpenTelemetry: from a route to its queries; hostile files cost themselves."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.log_entries import LogSettings
from dbt_schema_evolve.ingest.otlp import is_otlp, otlp_spans, requests, trace_executions
from dbt_schema_evolve.ingest.postgres_log import read_postgres_log
from dbt_schema_evolve.records.executions import ReadExecutions

TRACE = "5bd66ef5095369c7b0d1f8f4bd33716a"
BEGIN = 1_772_366_400_000_000_000  # 2026-03-01 12:00 UTC
OLD = {"db.system": "postgresql", "db.statement": "SELECT a FROM t WHERE b = ?", "db.name": "shop",
       "db.user": "ann"}  # fmt: skip
NEW = {"db.system.name": "postgresql", "db.query.text": "select a from t where b = %s",
       "db.namespace": "shop|public", "db.response.returned_rows": 5}  # fmt: skip
SERVER = {"http.route": "/api/orders/{id}", "http.request.method": "GET"}


def attributes(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}}
        for key, v in found.items()
    ]


def span(number: int, parent: int | None, found: dict[str, Any], **changes: Any) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "traceId": TRACE, "spanId": f"{number:016x}", "name": "x", "kind": 3,
        "startTimeUnixNano": str(BEGIN), "endTimeUnixNano": str(BEGIN + 1_500_000),
        "attributes": attributes(found), **changes,
    }  # fmt: skip
    return parts if parent is None else {**parts, "parentSpanId": f"{parent:016x}"}


def export(*spans: Any, service: str = "shop-api", scope: str = "scopeSpans") -> dict[str, Any]:
    resource = {"attributes": attributes({"service.name": service})}
    return {"resourceSpans": [{"resource": resource, scope: [{"spans": list(spans)}]}]}


def read(*documents: Any) -> ReadExecutions:
    spans, skips = otlp_spans([json.dumps(document) + "\n" for document in documents])
    found = trace_executions(spans, requests(spans))
    return ReadExecutions(found.executions, (*skips, *found.skips))


@pytest.mark.parametrize("found", [OLD, NEW], ids=["before 1.28", "since 1.28"])
@pytest.mark.parametrize("scope", ["scopeSpans", "instrumentationLibrarySpans"])
def test_a_query_leads_up_to_its_route(found: dict[str, Any], scope: str) -> None:
    spans = (span(1, None, SERVER, kind=2), span(2, 1, {}), span(3, 2, found))
    (execution,) = read(export(*spans, scope=scope)).executions
    assert execution.text.lower() == "select a from t where b = $1"
    assert execution.tags == {("application", "shop-api"), ("route", "GET /api/orders/{id}")}
    assert (execution.duration_us, execution.database) == (1_500, "shop")
    assert execution.at == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_nearest_request_counts_when_services_call_each_other() -> None:
    gateway = export(span(1, None, {"http.route": "/", "http.method": "POST"}), service="gateway")
    called = export(
        span(2, 1, {"rpc.service": "shop.Orders", "rpc.method": "List"}), span(3, 2, OLD),
        service="orders",
    )  # fmt: skip
    (execution,) = read(called, gateway).executions
    assert execution.tags == {("application", "orders"), ("route", "shop.Orders/List")}


def test_a_job_without_a_route_is_known_by_its_service() -> None:
    (execution,) = read(export(span(3, 9, OLD))).executions
    assert execution.tags == {("application", "shop-api")}


def test_one_document_over_many_lines_and_one_a_line_tell_the_same() -> None:
    document = export(span(1, None, SERVER), span(2, 1, NEW))
    spans, skips = otlp_spans(json.dumps(document, indent=2).splitlines(keepends=True))
    assert not skips
    assert trace_executions(spans, requests(spans)).executions == read(document).executions


def test_spans_of_other_databases_are_none_of_ours() -> None:
    assert read(export(span(1, None, {**OLD, "db.system": "redis"}))) == ReadExecutions((), ())


def test_a_span_without_its_query_says_so() -> None:
    found = read(export(span(1, None, {"db.system": "postgresql"})))
    assert "db.query.text" in found.skips[0].reason


def test_a_cut_statement_is_marked_and_holds_no_half_constant() -> None:
    cut = {**OLD, "db.statement": "select a from t where b = 'half a sec"}
    dots = {**OLD, "db.statement": "select a from t where (b = 1..."}
    found = read(export(span(1, None, cut), span(2, None, dots))).executions
    assert [e.text for e in found] == [
        "select a from t where b = $1 ...",
        "select a from t where (b = $1 ...",
    ]


def test_a_log_finds_the_route_of_its_traceparent() -> None:
    spans, _ = otlp_spans([json.dumps(export(span(1, None, SERVER), span(2, 1, {})))])
    comment = f"/*route='/raw',controller='c',traceparent='00-{TRACE}-{2:016x}-01'*/"
    lines = [f"2026-03-01 12:00:00 UTC [1] LOG:  duration: 2.0 ms  statement: select 1 {comment}\n"]
    (found,) = read_postgres_log(lines, lines, LogSettings("%t [%p] "), requests(spans)).executions
    assert found.tags == {
        ("application", "shop-api"), ("route", "GET /api/orders/{id}"), ("controller", "c"),
    }  # fmt: skip


HOSTILE = {
    "a circle of parents": [export(span(1, 2, OLD), span(2, 1, {}))],
    "its own parent": [export(span(1, 1, OLD))],
    "a number for a text": [export({**span(1, None, OLD), "attributes": [{"key": 1}]})],
    "no ids": [export({"name": "x"}, 7, None, [], span(1, None, OLD, traceId="zz"))],
    "an end before the begin": [export(span(1, None, OLD, endTimeUnixNano="1"))],
    "a time beyond all": [export(span(1, None, OLD, startTimeUnixNano="9" * 25))],
    "other JSON": [{"resourceSpans": 7}, {"resourceSpans": [7]}, [1], "x", None, {"a": {}}],
}


@pytest.mark.parametrize("documents", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_spans_cost_themselves(documents: list[Any]) -> None:
    good = export(span(77, None, SERVER), span(78, 77, NEW))
    found = read(good, *documents).executions
    assert ("route", "GET /api/orders/{id}") in {tag for e in found for tag in e.tags}


def test_depth_costs_its_line() -> None:
    deep = '{"resourceSpans":' + "[" * 100_000 + "]" * 100_000 + "}"
    good = json.dumps(export(span(1, None, OLD)))
    spans, skips = otlp_spans([good, deep])
    assert (len(spans), [skip.subject for skip in skips]) == (1, ["line 2"])


def test_a_long_chain_of_spans_ends() -> None:
    chain = [span(n, n - 1, {}) for n in range(2, 5_000)]
    found = read(export(span(1, None, SERVER), *chain, span(5_000, 4_999, OLD)))
    assert found.executions[0].tags == {("application", "shop-api")}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(json_values, st.sampled_from(["traceId", "attributes", "startTimeUnixNano", "parentSpanId"]))
def test_any_value_anywhere_breaks_nothing(value: Any, key: str) -> None:
    read(value, {"resourceSpans": value}, {"resourceSpans": [value]}, export(value),
         export({**span(1, None, OLD), key: value}))  # fmt: skip
    is_otlp([json.dumps(value)])
