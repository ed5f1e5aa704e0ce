"""Events of real producers are read; what is none costs itself, never more."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.openlineage import read_event, read_events
from dbt_schema_evolve.records.etl import (
    DirectInput,
    DirectKind,
    EtlEvent,
    EventKind,
    IndirectInput,
    Named,
    OutputColumn,
)
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import Column
from dbt_schema_evolve.records.workload import Skip

GOLDEN = Path(__file__).parents[2] / "golden" / "openlineage"
LAKE = Named("s3://lake", "crm/customers")
EVENT: dict[str, Any] = {
    "eventTime": "2026-03-01T00:00:00Z",
    "producer": "https://example.com",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
    "eventType": "COMPLETE",
    "run": {"runId": "r"},
    "job": {"namespace": "n", "name": "j"},
}


def golden(name: str) -> list[EtlEvent]:
    found = list(read_events((GOLDEN / name).read_bytes(), name))
    assert all(isinstance(each, EtlEvent) for each in found)
    return [each for each in found if isinstance(each, EtlEvent)]


def one(**changes: Any) -> EtlEvent | Skip:
    return read_event(json.dumps({**EVENT, **changes}).encode(), "here")


def reason(found: EtlEvent | Skip) -> str:
    assert isinstance(found, Skip)
    return found.reason


def test_airflow_tells_inputs_types_columns_and_who_started_the_task() -> None:
    began, ended = golden("airflow.jsonl")
    assert (began.kind, ended.kind) == (EventKind.START, EventKind.COMPLETE)
    assert ended.happened_at == datetime(2026, 3, 1, 4, 5, 12, 345678, UTC)
    assert ended.report.parent == Named("airflow", "nightly")
    (output,) = ended.report.outputs
    assert output.columns[2] == Column("amount", "numeric")
    source = Named("postgres://app-db:5432", "app.public.orders")
    assert OutputColumn("amount", (DirectInput(source, "cents"),)) in output.made


def test_sql_is_kept_only_where_nothing_else_tells_of_columns() -> None:
    began, ended = golden("airflow.jsonl")
    assert began.report.sql.startswith("INSERT INTO raw.orders")
    assert ended.report.sql == ""


def test_spark_tells_kinds_other_names_and_what_decides_about_rows() -> None:
    (event,) = golden("spark.json")
    (lake,), (output,) = event.report.inputs, event.report.outputs
    assert lake.also == (Named("hive://metastore:9083", "crm.customers"),)
    assert [made.inputs[0].kind for made in output.made] == [
        DirectKind.IDENTITY, DirectKind.AGGREGATION, DirectKind.TRANSFORMATION,
    ]  # fmt: skip
    assert output.indirect == (
        IndirectInput(LAKE, "id", IndirectKind.GROUP),
        IndirectInput(LAKE, "seen_at", IndirectKind.FILTER),
    )


def test_the_facets_first_form_is_read() -> None:
    (event,) = golden("spark-old.json")
    x, y = event.report.outputs[0].made
    source = Named("s3://lake", "a")
    assert x.inputs == (DirectInput(source, "x", DirectKind.IDENTITY, "as it is"),)
    assert y.inputs == (DirectInput(source, "y", DirectKind.TRANSFORMATION),)
    assert event.happened_at == datetime(2023, 5, 1, 3, 10, tzinfo=UTC)


def test_dbt_ol_names_a_source_by_dbts_name_in_one_place_and_by_its_table_in_another() -> None:
    event = golden("dbt-ol.jsonl")[2]
    assert event.report.inputs[0].name.name == "shop.raw.orders_src"
    assert event.report.outputs[0].made[0].inputs[0].dataset.name == "shop.raw.orders"


def test_a_column_that_decides_in_a_case_counts_as_direct() -> None:
    steps = [
        {"type": "INDIRECT", "subtype": "CONDITIONAL"},
        {"type": "INDIRECT", "subtype": "SORT"},
    ]
    field = {"namespace": "n", "name": "a", "field": "x", "transformations": steps}
    facets = {"columnLineage": {"fields": {"y": {"inputFields": [field]}}}}
    found = one(outputs=[{"namespace": "n", "name": "b", "facets": facets}])
    assert isinstance(found, EtlEvent)
    (made,) = found.report.outputs[0].made
    assert made.inputs == (DirectInput(Named("n", "a"), "x", DirectKind.TRANSFORMATION),)
    assert made.indirect == (IndirectInput(Named("n", "a"), "x", IndirectKind.ORDER),)


def test_static_events_tell_of_no_run() -> None:
    job = {key: value for key, value in EVENT.items() if key not in {"run", "eventType"}}
    dataset = {"eventTime": EVENT["eventTime"], "dataset": {"namespace": "n", "name": "t"}}
    found = [read_event(json.dumps(each).encode(), "here") for each in (job, dataset)]
    assert [each.kind for each in found if isinstance(each, EtlEvent)] == [
        EventKind.JOB, EventKind.DATASET,
    ]  # fmt: skip
    assert isinstance(found[1], EtlEvent)
    assert (found[1].report.job, found[1].report.outputs[0].name) == (None, Named("n", "t"))


def test_an_error_is_kept_in_short() -> None:
    facets = {"errorMessage": {"message": "x" * 10_000, "programmingLanguage": "SQL"}}
    found = one(eventType="FAIL", run={"runId": "r", "facets": facets})
    assert isinstance(found, EtlEvent)
    assert (found.kind, len(found.error)) == (EventKind.FAIL, 500)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([EVENT, EVENT], indent=1).encode(),
        b"\n".join([json.dumps(EVENT).encode()] * 2) + b"\n\n",
        b"\xef\xbb\xbf" + b"\r\n".join([json.dumps(EVENT).encode()] * 2),
    ],
)
def test_arrays_and_lines_hold_several_events(content: bytes) -> None:
    assert [type(each) for each in read_events(content, "here")] == [EtlEvent, EtlEvent]


def test_one_event_may_span_lines() -> None:
    assert len(list(read_events(json.dumps(EVENT, indent=2).encode(), "here"))) == 1


def test_a_broken_line_costs_itself_and_is_named() -> None:
    good = json.dumps(EVENT).encode()
    outcomes = list(read_events(b"\n".join([good, good[:-40], good]), "events.jsonl"))
    assert [type(each) for each in outcomes] == [EtlEvent, Skip, EtlEvent]
    assert isinstance(outcomes[1], Skip)
    assert outcomes[1].subject == "events.jsonl, event 2"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inputs": {}}, "Expected `array | null`, got `object` - at `$.inputs`"),
        ({"inputs": [{"namespace": 1, "name": "x"}]}, "at `$.inputs[0].namespace`"),
        ({"outputs": [{"namespace": "n", "name": ""}]}, "length >= 1"),
        ({"run": {"runId": None}}, "at `$.run.runId`"),
        ({"eventTime": "yesterday"}, "yesterday"),
        ({"eventTime": "0001-01-01T00:00:00+10:00"}, "out of range"),
        ({"eventType": "DONE"}, "DONE"),
        ({"job": None}, "neither a job nor a dataset"),
        ({"inputs": [{"namespace": "n", "name": "t"}] * 10_001}, "length <= 10000"),
        ({"job": {"namespace": "n", "name": "x" * 2_001}}, "length <= 2000"),
    ],
)
def test_wrong_types_and_too_many_of_anything_cost_the_event(
    changes: dict[str, Any], expected: str
) -> None:
    assert expected in reason(one(**changes))


@pytest.mark.parametrize("depth", [2_000, 1_000_000])
def test_depth_is_bounded_in_what_we_read_and_in_what_we_pass_over(depth: int) -> None:
    body = json.dumps(EVENT)[:-1].encode()
    passed_over = body + b', "x": ' + b"[" * depth + b"]" * depth + b"}"
    read = body + b', "outputs": [{"namespace": "n", "name": "t", "facets": ' + b'{"x":' * depth
    assert reason(read_event(passed_over, "here")) == "the event is nested too deep"
    assert reason(read_event(read, "here")) == "the event is nested too deep"


def test_size_is_bounded() -> None:
    assert "more than 100" in reason(read_event(json.dumps(EVENT).encode(), "here", max_bytes=100))


def test_unknown_facets_are_passed_over_whatever_they_hold() -> None:
    facets = {"spark.logicalPlan": [{"class": "x", "n": 1e300}], "schema": None, "_x": "\u0000"}
    found = one(outputs=[{"namespace": "n", "name": "t", "facets": facets}])
    assert isinstance(found, EtlEvent)
    assert found.report.outputs[0].columns == ()


def test_bytes_that_are_no_text_cost_the_event() -> None:
    assert reason(read_event(b'{"producer": "\xff\xfe"}', "here")) == "the event is not UTF-8"


documents = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner)
    | st.dictionaries(
        st.sampled_from(
            ["eventTime", "run", "runId", "job", "namespace", "name", "facets", "inputs",
             "outputs", "columnLineage", "fields", "inputFields", "schema", "dataset"]
        ),
        inner,
    ),
)  # fmt: skip


@given(documents)
def test_any_json_is_an_event_or_a_skip(document: Any) -> None:
    for content in (document, {**EVENT, "outputs": document}, {**EVENT, "run": document}):
        read_event(msgspec.json.encode(content), "here")


@given(st.binary())
def test_any_bytes_are_events_or_skips(content: bytes) -> None:
    list(read_events(content, "here"))
