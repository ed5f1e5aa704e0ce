"""Whom a cause would be about, in the words that a user reads."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.records.forecasts import CauseKind, Suspect
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange
from tests.fakes.forecasting import day
from tests.fakes.marts import DAILY, FCT, MART, ON_DAILY, ON_WEEKLY, SOURCE, STG, marts

NOW = day(36) + timedelta(hours=4)
STILL = marts(lambda _: 100_000)


def suspect(facts: Facts, kind: CauseKind, subject: str, now: datetime = NOW) -> Suspect | None:
    (case,) = (each for each in Cases(facts).at(now) if each.subject == subject)
    kinds = [each.kind for each in case.suspects]
    assert len(kinds) == len(set(kinds))
    return next((each for each in case.suspects if each.kind is kind), None)


def said(facts: Facts, kind: CauseKind, subject: str = ON_DAILY) -> tuple[str, str]:
    found = suspect(facts, kind, subject)
    assert found is not None
    return found.node_id, found.sentence


def test_a_plan_that_will_flip_is_told_with_the_node_that_does() -> None:
    assert said(STILL, CauseKind.PLAN_FLIP) == (
        "", "within 7 days its plan changes: Index Scan on marts.daily -> Seq Scan",
    )  # fmt: skip


def test_a_sort_that_will_not_fit_is_told_with_its_share_of_work_mem() -> None:
    assert said(STILL, CauseKind.SPILL) == (
        "", "in 7 days it sorts or hashes 86 % of what `work_mem` holds",
    )  # fmt: skip
    assert suspect(STILL, CauseKind.SPILL, ON_WEEKLY) is None


def test_a_query_that_has_begun_to_write_temporary_files_spills() -> None:
    late = replace(
        STILL,
        outlooks=(),
        stats=tuple(
            replace(s, temp_blocks=90 if s.window_end > day(33) else 0) for s in STILL.stats
        ),
    )
    assert said(late, CauseKind.SPILL) == ("", "it has begun to write temporary files")


def swollen(facts: Facts) -> Facts:
    """The daily model has twice its pages and a quarter of dead rows from the 30th day on."""
    return replace(
        facts,
        relations=tuple(
            replace(p, table_bytes=2 * (p.table_bytes or 0), dead_rows=33_333)
            if p.relation == DAILY and p.captured_at > day(30)
            else p
            for p in facts.relations
        ),
    )


def test_a_bloated_relation_is_named_with_its_bytes_and_dead_rows() -> None:
    assert said(swollen(STILL), CauseKind.BLOAT) == (
        FCT, "`marts.daily` takes 2.0 times its usual bytes a row and has 25 % dead rows",
    )  # fmt: skip
    assert suspect(STILL, CauseKind.BLOAT, ON_DAILY) is None


@pytest.mark.parametrize(("a_day", "many"), [(2_500, "40 % of"), (12_500, "2.0 times")])
def test_statistics_that_are_older_than_the_rows_are_stale(a_day: int, many: str) -> None:
    updated = replace(
        STILL,
        relations=tuple(
            replace(p, last_analyzed_at=day(20), updated_rows=a_day * (p.captured_at - day(0)).days)
            for p in STILL.relations
        ),
    )
    node, sentence = said(updated, CauseKind.STALE_STATISTICS)
    assert node == FCT
    assert sentence == (
        f"`marts.daily` was last analyzed 16 days ago; {many} its rows were written since"
    )


def test_a_skewed_key_is_named_with_the_share_of_its_most_frequent_value() -> None:
    assert said(STILL, CauseKind.SKEW) == (
        FCT, "28 % of the rows of `marts.daily` share one value of `customer_id`, and rising",
    )  # fmt: skip


def test_a_key_that_was_as_skewed_all_along_is_no_suspect() -> None:
    last = max(STILL.columns, key=lambda each: each.captured_at)
    steady = replace(
        STILL,
        columns=tuple(replace(c, top_value_ratio=last.top_value_ratio) for c in STILL.columns),
    )
    assert suspect(steady, CauseKind.SKEW, ON_DAILY) is None


def test_a_new_consumer_is_named() -> None:
    assert said(STILL, CauseKind.USAGE, ON_WEEKLY) == (
        "application.app", "`app` has read it for 6 days",
    )  # fmt: skip
    assert suspect(STILL, CauseKind.USAGE, ON_DAILY) is None


def test_who_was_there_when_somebody_began_to_look_is_not_new() -> None:
    late = replace(
        STILL, stats=tuple(each for each in STILL.stats if each.window_end > day(28)), runs=()
    )
    assert suspect(late, CauseKind.USAGE, ON_WEEKLY) is None


def test_more_calls_are_usage_where_nobody_new_came() -> None:
    busier = replace(
        STILL,
        stats=tuple(replace(s, calls=30 if s.window_end > day(36) else 10) for s in STILL.stats),
    )
    assert said(busier, CauseKind.USAGE) == ("", "it is called 2.8 times as often as last week")


def test_a_model_that_was_changed_is_named() -> None:
    assert said(STILL, CauseKind.CHANGED_FLOW) == (
        FCT,
        "`marts.daily` was made otherwise on 21 January",
    )
    assert said(STILL, CauseKind.CHANGED_FLOW, FCT) == (FCT, "it was made otherwise on 21 January")
    assert suspect(STILL, CauseKind.CHANGED_FLOW, ON_DAILY, day(19)) is None


def test_new_code_is_told_with_its_day_to_whoever_reads_from_it_however_far_below() -> None:
    code = LineageChange(FCT, Aspect.CODE, "a" * 16, "b" * 16)
    deployed = replace(STILL, flow=FlowHistory((DatedChanges(day(30), (code,)),)))
    assert said(deployed, CauseKind.CHANGED_FLOW, FCT) == (FCT, "its code changed on 31 January")
    assert said(deployed, CauseKind.CHANGED_FLOW, ON_DAILY) == (
        FCT, "the code of `marts.daily` changed on 31 January",
    )  # fmt: skip
    assert said(deployed, CauseKind.CHANGED_FLOW, ON_WEEKLY) == (
        FCT, "the code of `marts.daily` changed on 31 January, upstream of it",
    )  # fmt: skip


def tripled(node: str, at: int) -> Facts:
    """The daily model has three times its rows from the 33rd day on, its source does not."""
    code = LineageChange(node, Aspect.CODE, "a" * 16, "b" * 16)
    return replace(
        STILL,
        flow=FlowHistory((DatedChanges(day(at), (code,)),)),
        relations=tuple(
            replace(p, estimated_rows=3 * (p.estimated_rows or 0))
            if p.relation == DAILY and p.captured_at > day(33)
            else p
            for p in STILL.relations
        ),
    )


def test_rows_that_begin_at_a_model_with_new_code_are_the_deployments_and_no_growth() -> None:
    for subject in (ON_DAILY, MART):
        node, sentence = said(tripled(FCT, 33), CauseKind.CHANGED_FLOW, subject)
        assert node == FCT
        assert sentence == (
            "the code of `marts.daily` changed on 3 February,"
            " and it has grown 3.0 times within 7 days"
        )
        assert suspect(tripled(FCT, 33), CauseKind.GROWTH, subject) is None
    node, sentence = said(tripled(STG, 33), CauseKind.CHANGED_FLOW)
    assert node == STG
    assert sentence == (
        "the code of `staging.stg_events` changed on 3 February,"
        " and `marts.daily` has grown 3.0 times within 7 days"
    )


def test_code_that_changed_long_before_the_rows_did_brought_none_of_them() -> None:
    assert said(tripled(FCT, 20), CauseKind.GROWTH) == (
        FCT, "`marts.daily` has grown 3.0 times within 7 days",
    )  # fmt: skip
    assert said(tripled(FCT, 20), CauseKind.CHANGED_FLOW) == (
        FCT, "the code of `marts.daily` changed on 21 January",
    )  # fmt: skip


def test_a_source_that_grows_explains_what_its_models_do_though_their_code_changed() -> None:
    growing = replace(marts(), flow=tripled(FCT, 33).flow)
    assert said(growing, CauseKind.GROWTH)[0] == SOURCE
    assert said(growing, CauseKind.CHANGED_FLOW) == (
        FCT, "the code of `marts.daily` changed on 3 February",
    )  # fmt: skip


def test_a_relation_that_keeps_its_size_is_no_suspect() -> None:
    assert suspect(STILL, CauseKind.GROWTH, ON_DAILY) is None


def test_a_relation_that_shrinks_is_no_suspect_of_a_slowdown() -> None:
    shrinking = marts(lambda n: 100_000 * 0.97**n)
    assert suspect(shrinking, CauseKind.GROWTH, ON_WEEKLY) is None


@pytest.mark.parametrize("per_day", [1.001, 1.01, 1.1])
def test_growth_that_is_told_of_is_never_of_no_percent(per_day: float) -> None:
    growing = marts(lambda n: 100_000 * per_day**n)
    _, sentence = said(growing, CauseKind.GROWTH, ON_WEEKLY)
    assert " 0 %" not in sentence
    assert " 0.0 %" not in sentence


@pytest.mark.parametrize("subject", [ON_DAILY, FCT])
def test_its_own_trend_is_always_there_to_fall_back_on(subject: str) -> None:
    growing = marts(lambda n: 100_000 * 1.02**n)
    assert said(growing, CauseKind.OWN_TREND, subject) == ("", "it takes 2.0 % longer each day")
    assert said(STILL, CauseKind.OWN_TREND, subject) == ("", "its own times vary")
