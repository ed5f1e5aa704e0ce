"""dbt's log, as JSON and as text."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.dbt_log import is_dbt_log, read_dbt_log

RUN = "e64449c7-2216-4359-b64d-b23ddb639ad1"
OTHER = "11111111-2216-4359-b64d-b23ddb639ad1"
ENDED = datetime(2026, 3, 2, 0, 5, tzinfo=UTC)
SQL = "select a\nfrom t where b = 'x'"


def as_json(name: str, ts: str, **data: object) -> str:
    info = {"name": name, "ts": f"{ts}Z", "thread": "Thread-1 (worker)", "invocation_id": RUN}
    return json.dumps({"data": data, "info": info}) + "\n"


JSON = [
    as_json("SQLQuery", "2026-03-01T23:59:58.500000", sql=SQL, conn_name="model.shop.t"),
    as_json("SQLQueryStatus", "2026-03-01T23:59:59.000000", status="SELECT 12", elapsed=0.25),
]


def as_text(run: str = RUN, start: str = "23:59:58.500000") -> list[str]:
    text = (
        f"{'=' * 30} {start} | {run} {'=' * 30}\n"
        f"{start} [debug] [Thread-1 (]: On model.shop.t: {SQL}\n"
        f"{start} [debug] [Thread-1 (]: SQL status: SELECT 12 in 0.250 seconds\n"
    )
    return text.splitlines(keepends=True)


def test_a_node_its_statement_and_its_time_come_together() -> None:
    (found,) = read_dbt_log(JSON, ENDED, {}).executions
    assert found.node_id == "model.shop.t"
    assert (found.text, found.duration_us, found.rows) == (
        "select a from t where b = $1", 250_000, 12,
    )  # fmt: skip
    assert found.at == datetime(2026, 3, 1, 23, 59, 58, 500_000, tzinfo=UTC)


def test_json_and_text_tell_the_same() -> None:
    told = read_dbt_log(JSON, ENDED, {}).executions
    assert read_dbt_log(as_text(), ENDED, {RUN: ENDED}).executions == told, "the run ended next day"


def test_the_last_run_of_an_untouched_file_has_its_day() -> None:
    written = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    (found,) = read_dbt_log(as_text(), written, {}).executions
    assert found.at.date().isoformat() == "2026-03-01"


@pytest.mark.parametrize("later", [timedelta(hours=3), timedelta(days=2, hours=5)])
def test_a_run_on_an_unknown_day_is_left_out_with_the_way_out(later: timedelta) -> None:
    written = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC) + later
    found = read_dbt_log(as_text(), written, {})
    assert not found.executions
    assert "--log-format-file json" in found.skips[0].reason


def test_of_many_runs_each_has_its_own_day() -> None:
    lines = [*as_text(OTHER, "06:00:00.000000"), *as_text(RUN, "06:10:00.000000")]
    days = {OTHER: ENDED - timedelta(days=3), RUN: ENDED}
    found = read_dbt_log(lines, ENDED, days).executions
    assert [e.at.date().isoformat() for e in found] == ["2026-02-26", "2026-03-01"]


def test_a_statement_that_failed_is_not_taken_for_the_next() -> None:
    failed = as_json(
        "SQLQuery", "2026-03-01T23:00:00.000000", sql="select x from t", conn_name="model.shop.u"
    )
    (found,) = read_dbt_log([failed, *JSON], ENDED, {}).executions
    assert found.node_id == "model.shop.t"


def test_dbts_own_questions_are_left_out() -> None:
    lines = [JSON[0].replace("model.shop.t", "list_shop"), JSON[1]]
    assert read_dbt_log(lines, ENDED, {}).executions == ()


def test_a_broken_line_costs_itself() -> None:
    lines = [
        '{"info": {"name": "SQLQuery", "invocation_id"\n',
        *JSON,
        '{"SQLQuery": 1, "info": 7}\n',
    ]
    found = read_dbt_log(lines, ENDED, {})
    assert len(found.executions) == 1
    assert [skip.subject for skip in found.skips] == ["line 1", "line 4"]


@given(st.lists(st.text(max_size=100), max_size=6))
def test_no_line_breaks_it(texts: list[str]) -> None:
    lines = [f"{text}\n" for text in texts]
    is_dbt_log(lines)
    assert len(read_dbt_log([*JSON, *lines], ENDED, {}).executions) >= 1
    read_dbt_log([*as_text(), *lines], ENDED, {RUN: ENDED})
