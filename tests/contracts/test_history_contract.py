"""Every history keeps what it is given, once, and returns it sorted."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.history.forecasts import KEPT_DAYS
from dbt_schema_evolve.features.plans import Outlooks
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.records.captures import Artifact, CapturedFacts
from dbt_schema_evolve.records.etl import (
    Dataset,
    DirectInput,
    DirectKind,
    EtlEvent,
    EventKind,
    IndirectInput,
    JobReport,
    Named,
    OutputColumn,
    SeenReport,
)
from dbt_schema_evolve.records.executions import ExecutionCount, ExecutionSource
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.project import NodeRun, RunResults
from dbt_schema_evolve.records.prospects import Issued
from dbt_schema_evolve.records.relations import Column, ColumnName
from tests.fakes.captures import FIRST, ODD, ORDERS, facts
from tests.fakes.executions import execution
from tests.fakes.history import DictHistory

History = DuckHistory | DictHistory


@pytest.fixture(params=["file", "memory"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    made: History = (
        DictHistory() if request.param == "memory" else DuckHistory(tmp_path / "history.duckdb")
    )
    with made as opened:
        yield opened


def everything(history: History) -> str:
    return repr(
        (
            history.captures(),
            history.statement_snapshots(),
            history.execution_counts(),
            history.node_runs(),
            history.outlooks(),
            history.forecasts("own 1"),
            history.relation_profiles(),
            history.column_profiles(),
            history.latest_relation_profiles(),
            history.latest_column_profiles(),
            history.latest_index_profiles(),
            history.latest_artifact("manifest"),
        )
    )


def test_an_empty_history_answers_with_nothing(history: History) -> None:
    assert history.known_captures() == frozenset()
    assert history.captures() == ()
    assert history.statement_snapshots() == ()
    assert history.execution_counts() == ()
    assert history.node_runs() == ()
    assert history.outlooks() == ()
    assert history.latest_relation_profiles() == ()
    assert history.latest_index_profiles() == ()
    assert history.latest_artifact("manifest") is None
    assert history.add_events([]) == 0
    assert history.seen_reports() == ()


def test_a_capture_comes_out_as_it_went_in(history: History) -> None:
    added = facts(1)
    assert history.add_capture(added)
    assert history.captures() == (added.capture,)
    assert set(history.statement_snapshots()) == set(added.statements)
    assert history.node_runs() == added.node_runs
    assert set(history.relation_profiles()) == set(added.relations)
    assert set(history.column_profiles()) == set(added.columns)
    assert set(history.latest_index_profiles()) == set(added.indexes)


def test_adding_twice_changes_nothing(history: History) -> None:
    for number in range(3):
        history.add_capture(facts(number))
    history.add_run_results(_results("other"))
    history.add_artifact(Artifact("manifest", "run-001", "2026-03-02T06:30:15Z", b"{}"))
    before = everything(history)
    assert not history.add_capture(facts(1))
    assert not history.add_run_results(_results("other"))
    assert not history.add_artifact(Artifact("manifest", "run-001", "2026-03-02T06:30:15Z", b"{}"))
    assert everything(history) == before


def test_the_first_telling_of_a_capture_is_kept(history: History) -> None:
    history.add_capture(facts(1))
    assert not history.add_capture(facts(1, statements=0))
    assert len(history.statement_snapshots()) == 3


def test_order_of_arrival_does_not_show(history: History) -> None:
    for number in (2, 0, 1):
        history.add_capture(facts(number))
    assert [capture.capture_id for capture in history.captures()] == [
        "run-000",
        "run-001",
        "run-002",
    ]
    snapshots = history.statement_snapshots()
    assert list(snapshots) == sorted(
        snapshots, key=lambda s: (s.queryid, s.role, s.toplevel, s.captured_at)
    )


def test_the_mark_is_the_set_of_captures_so_a_late_one_is_not_lost(history: History) -> None:
    history.add_capture(facts(5))
    assert "run-003" not in history.known_captures()
    assert history.add_capture(facts(3))
    assert history.known_captures() == {"run-003", "run-005"}


def test_a_window_starts_where_it_is_told_to(history: History) -> None:
    for number in range(4):
        history.add_capture(facts(number))
    since = FIRST + timedelta(days=2)
    assert {s.captured_at for s in history.statement_snapshots(since)} == {
        since,
        since + timedelta(days=1),
    }
    assert {p.captured_at for p in history.relation_profiles(since)} == {
        since,
        since + timedelta(days=1),
    }
    assert {r.invocation_id for r in history.node_runs(since)} == {"run-002", "run-003"}


def test_the_past_of_some_columns_can_be_asked_for_alone(history: History) -> None:
    for number in range(3):
        history.add_capture(facts(number))
    since = FIRST + timedelta(days=1)
    found = history.column_profiles(since, {ColumnName(ODD, "Wert €"), ColumnName(ORDERS, "b")})
    assert [(p.relation, p.column, p.captured_at - since) for p in found] == [
        (ODD, "Wert €", timedelta()),
        (ODD, "Wert €", timedelta(days=1)),
    ]
    assert found[0].range == facts(1).columns[2].range
    assert history.column_profiles(None, ()) == ()


def test_latest_means_what_exists_now(history: History) -> None:
    history.add_capture(facts(1))
    history.add_capture(facts(2, relations=(ORDERS,)))
    assert [p.relation for p in history.latest_relation_profiles()] == [ORDERS]
    assert {p.relation for p in history.latest_column_profiles()} == {ORDERS}
    assert {i.spec.relation for i in history.latest_index_profiles()} == {ORDERS}


def test_a_capture_that_saw_nothing_does_not_hide_the_one_before(history: History) -> None:
    history.add_capture(facts(1))
    blind = facts(2)
    history.add_capture(CapturedFacts(blind.capture))
    assert {p.relation for p in history.latest_relation_profiles()} == {ORDERS, ODD}
    assert len(history.latest_index_profiles()) == 2


def test_indexes_of_a_locked_relation_are_those_last_seen(history: History) -> None:
    history.add_capture(facts(1))
    history.add_capture(facts(2, locked=frozenset({ODD})))
    assert [(i.spec.relation, i.name) for i in history.latest_index_profiles()] == [
        (ODD, "1_ordered_at"),
        (ORDERS, "2_ordered_at"),
    ]


def test_a_dropped_index_is_gone(history: History) -> None:
    history.add_capture(facts(1))
    history.add_capture(facts(2, index_columns=()))
    assert history.latest_index_profiles() == ()


def test_a_run_seen_both_ways_counts_once_and_the_capture_says_more(history: History) -> None:
    history.add_run_results(_results("run-001"))
    history.add_capture(facts(1))
    assert history.node_runs() == facts(1).node_runs


def test_a_run_known_only_from_its_artifact_counts(history: History) -> None:
    history.add_run_results(_results("elsewhere"))
    (run,) = history.node_runs()
    assert (run.unique_id, run.execution_us) == ("model.shop.fct_orders", 900_000)
    assert run.captured_at == FIRST + timedelta(hours=1)


@pytest.mark.parametrize("which", ["compile", "generate", ""])
def test_commands_that_only_compile_have_no_run_times(history: History, which: str) -> None:
    history.add_run_results(replace(_results("elsewhere"), which=which))
    history.add_capture(facts(1, which=which))
    assert history.node_runs() == ()


def test_the_newest_artifact_is_returned_byte_for_byte(history: History) -> None:
    content = '{"név": "\u0000 ünïcode"}'.encode() + bytes(range(256))
    history.add_artifact(Artifact("manifest", "new", "2026-03-03T00:00:00.000000Z", content))
    history.add_artifact(Artifact("manifest", "old", "2026-03-02T00:00:00.000000Z", b"old"))
    history.add_artifact(Artifact("catalog", "new", "2026-03-09T00:00:00.000000Z", b"catalog"))
    found = history.latest_artifact("manifest")
    assert found is not None
    assert (found.invocation_id, found.content) == ("new", content)


def test_what_jobs_report_is_kept_once_with_its_first_and_last_time(history: History) -> None:
    events = [_event(hours) for hours in (3, 0, 1)]
    assert history.add_events(events) == 3
    assert history.add_events(events) == 0
    assert history.seen_reports() == (
        SeenReport(REPORT, "run 3", FIRST, FIRST + timedelta(hours=3)),
    )


def test_a_report_comes_out_as_it_went_in(history: History) -> None:
    odd = replace(REPORT, job=None, sql='select "ü\u0000"', parent=Named("", "dag"))
    event = replace(_event(0), report=odd, run_id="", kind=EventKind.DATASET, error='"\u0000 é')
    history.add_events([event])
    assert history.seen_reports() == (SeenReport(odd, "", FIRST, FIRST),)


def test_runs_that_failed_or_only_began_report_nothing(history: History) -> None:
    for number, kinds in enumerate(("START", "START FAIL", "RUNNING ABORT", "START COMPLETE")):
        report = replace(REPORT, sql=f"select {number}")
        history.add_events(
            replace(_event(hours), report=report, run_id=f"run {number}", kind=EventKind(kind))
            for hours, kind in enumerate(kinds.split())
        )
    assert [seen.report.sql for seen in history.seen_reports()] == ["select 3"]


def test_a_failed_run_does_not_make_a_report_newer(history: History) -> None:
    history.add_events([_event(0), replace(_event(5), kind=EventKind.FAIL)])
    assert [seen.last_seen for seen in history.seen_reports()] == [FIRST]


def test_reports_are_ordered_by_when_they_were_last_made(history: History) -> None:
    reports = [replace(REPORT, sql=f"select {number}") for number in range(3)]
    history.add_events(
        replace(_event(hours), report=report)
        for report, hours in zip(reports, (2, 0, 1), strict=True)
    )
    assert [seen.report.sql[-1] for seen in history.seen_reports()] == ["1", "2", "0"]


REPORT = JobReport(
    "https://example.com/etl",
    Named("airflow", "nightly.load"),
    inputs=(Dataset(Named("s3://lake", "a"), (Named("hive", "a"),), (Column("x", "long"),)),),
    outputs=(
        Dataset(
            Named("postgres://db:5432", "shop.raw.orders"),
            made=(
                OutputColumn(
                    "x",
                    (DirectInput(Named("s3://lake", "a"), "x", DirectKind.AGGREGATION, "sum(x)"),),
                    (IndirectInput(Named("s3://lake", "a"), "y", IndirectKind.JOIN),),
                ),
            ),
            indirect=(IndirectInput(Named("s3://lake", "a"), "z", IndirectKind.GROUP),),
        ),
    ),
)


def _event(hours: int) -> EtlEvent:
    return EtlEvent(REPORT, f"run {hours}", EventKind.COMPLETE, FIRST + timedelta(hours=hours))


def test_an_execution_is_counted_as_it_went_in(history: History) -> None:
    one = execution(1, node_id="model.shop.orders")
    assert history.add_executions([one]) == 1
    assert history.execution_counts() == (
        ExecutionCount(
            one.text, one.source, one.at, one.at, 1, 1_000, 2, one.role, one.application_name,
            one.tags, one.node_id, one.queryid,
        ),
    )  # fmt: skip


def test_executions_that_are_alike_are_counted_by_the_hour(history: History) -> None:
    history.add_executions(
        [execution(1), execution(2, hours=0.4, duration_us=500), execution(3, hours=0.6)]
    )
    found = [(c.calls, c.total_us, c.last_at - c.first_at) for c in history.execution_counts()]
    assert found == [(2, 1_500, timedelta(hours=0.4)), (1, 1_000, timedelta())]


def test_who_sent_it_keeps_counts_apart(history: History) -> None:
    different = [
        execution(2, role="other"), execution(3, application_name=""),
        execution(4, text="select b"), execution(5, source=ExecutionSource.TRACE),
        execution(6, tags=frozenset()), execution(7, node_id="model.shop.orders"),
    ]  # fmt: skip
    history.add_executions([execution(1), *different])
    assert [count.calls for count in history.execution_counts()] == [1] * 7


def test_times_that_nobody_measured_are_counted_apart_from_those_measured(
    history: History,
) -> None:
    history.add_executions([execution(1), execution(2, duration_us=None), execution(3)])
    assert [(c.calls, c.total_us) for c in history.execution_counts()] == [(2, 2_000), (1, None)]


def test_a_count_never_reaches_over_a_capture(history: History) -> None:
    history.add_capture(facts(0, at=FIRST + timedelta(minutes=10)))
    history.add_executions([execution(1), execution(2, hours=0.1), execution(3, hours=0.3)])
    assert [count.calls for count in history.execution_counts()] == [2, 1]


def test_executions_are_known_by_their_ids(history: History) -> None:
    assert history.add_executions([execution(1), execution(1), execution(2)]) == 2
    before = everything(history)
    assert history.add_executions([execution(2), execution(1, text="select other")]) == 0
    assert everything(history) == before
    assert history.add_executions([]) == 0


def test_executions_have_no_order_of_arrival(history: History, tmp_path: Path) -> None:
    made = [execution(n, hours=n * 0.7, text=f"select {n % 3}") for n in range(9)]
    history.add_executions(made[5:])
    history.add_executions(made[:5])
    other = DictHistory()
    other.add_executions(made)
    assert history.execution_counts() == other.execution_counts()
    since = made[4].at
    assert history.execution_counts(since) == other.execution_counts(since)


def test_what_the_planner_said_comes_out_by_subject_instant_and_horizon(history: History) -> None:
    day = timedelta(days=1)
    said = [
        Outlook(subject, FIRST + days * day, horizon, 12.5, "a1", 0.4, ('"Sort" \u0000 é',), 1.5)
        for subject in ("b", "a")
        for days in (1, 0)
        for horizon in (7.0, 0.0)
    ]  # fmt: skip
    assert history.add_outlooks(said) == len(said)
    assert history.outlooks() == tuple(
        sorted(said, key=lambda o: (o.subject, o.made_at, o.horizon_days))
    )
    assert {o.made_at for o in history.outlooks(FIRST + day)} == {FIRST + day}


def test_who_looks_from_an_instant_on_misses_nothing_of_what_the_planner_said(
    history: History,
) -> None:
    rng = Random(3)
    days = [FIRST + timedelta(days=day) for day in range(12)]
    subjects = [f"q{number}" for number in range(40)]
    said = [
        Outlook(subject, at, horizon, rng.random(), rng.choice(("", "a", "b")), rng.random())
        for subject in subjects
        for at in days
        if rng.random() < 0.7
        for horizon in (0.0, 7.0, 14.0)
        if rng.random() < 0.8
    ]
    history.add_outlooks(said)
    for since, seen_from in ((None, days[7]), (days[3], days[9]), (None, days[0]), (None, None)):
        whole, needed = history.outlooks(since), history.outlooks(since, seen_from)
        assert set(needed) <= set(whole)
        assert needed == tuple(sorted(needed, key=lambda o: (o.subject, o.made_at, o.horizon_days)))
        for cutoff in days[days.index(seen_from or days[0]) :]:
            for subject in subjects:
                assert _plans(needed, subject, cutoff) == _plans(whole, subject, cutoff)
    assert len(history.outlooks(None, days[-1])) < len(said) / 2
    assert history.outlooks(None, None) == history.outlooks()


def _plans(outlooks: Sequence[Outlook], subject: str, cutoff: datetime) -> object:
    known = Outlooks(outlooks).at(subject, days_of(cutoff))
    return None if known is None else known.features(days_of(cutoff))


def test_what_the_planner_said_first_of_an_instant_is_kept(history: History) -> None:
    first = Outlook("a", FIRST, 7.0, 12.5, "a1", 0.0)
    assert history.add_outlooks([first]) == 1
    assert history.add_outlooks([replace(first, estimated_cost=99.0)]) == 0
    assert history.add_outlooks([]) == 0
    assert history.outlooks() == (first,)


def said(subject: str, days: float = 0.0, predictor: str = "own 1") -> Issued:
    return Issued(predictor, subject, FIRST + timedelta(days=days), 30.0, 1.0, 2.0, 0.5, 4.0, 0.25)


def test_what_a_predictor_said_comes_out_by_subject_and_instant(history: History) -> None:
    held = [said(subject, days) for subject in ("b", "a") for days in (2, 0)]
    assert history.add_forecasts([*held, replace(said("a", 0, "prior"), predicted_us=9.0)]) == 5
    assert history.forecasts("own 1") == tuple(sorted(held, key=lambda i: (i.subject, i.made_at)))
    assert history.forecasts("own 1", FIRST + timedelta(days=1)) == (said("a", 2), said("b", 2))
    assert [each.predicted_us for each in history.forecasts("prior")] == [9.0]
    assert history.forecasts("nobody") == ()


def test_of_a_day_the_first_forecast_is_kept(history: History) -> None:
    silent = replace(said("a"), predicted_probability=None)
    assert history.add_forecasts([silent]) == 1
    assert history.add_forecasts([said("a", 0.1)]) == 0
    assert history.add_forecasts([]) == 0
    assert history.forecasts("own 1") == (silent,)


def test_forecasts_are_forgotten_once_nobody_can_still_ask_for_them(history: History) -> None:
    history.add_forecasts([said("a")])
    history.add_forecasts([said("b", KEPT_DAYS + 1)])
    assert [each.subject for each in history.forecasts("own 1")] == ["b"]


def _results(invocation_id: str) -> RunResults:
    run = NodeRun(invocation_id, "model.shop.fct_orders", "success", None, 900_000)
    generated_at = (FIRST + timedelta(hours=1)).isoformat()
    return RunResults(invocation_id, generated_at, "run", (run,))
