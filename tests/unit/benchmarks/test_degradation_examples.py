"""From a project to lines: cut-offs with a past, and an oracle that knows sizes and no more."""

from dataclasses import replace
from datetime import datetime
from math import log
from pathlib import Path

import numpy as np
import pytest

from benchmarks.degradation.ablations import OWN, feature, with_the_future, without_lineage
from benchmarks.degradation.examples import in_turns, lines, short_lines
from benchmarks.degradation.kept import tables
from benchmarks.degradation.oracle import PREFIX, Oracle
from benchmarks.degradation.table import UNSCORED, Line, joined, load, save, table
from benchmarks.fleet.records import FleetProject
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.causes import FEATURES
from tests.fakes.fleet_projects import EVENTS, fleet
from tests.fakes.forecasting import day

FLAT, LINEAR, EXPONENTIAL, BACKFILL = fleet(4, days=40)


def oracle_of(project: FleetProject, subject: str, cutoff: datetime) -> dict[str, float]:
    (case,) = (case for case in Cases(project.facts).at(cutoff) if case.subject == subject)
    return {
        name.removeprefix(PREFIX): value for name, value in Oracle(project).features(case).items()
    }


def test_there_is_a_line_for_each_run_that_has_a_week_behind_it() -> None:
    held = list(lines(LINEAR))
    assert {line.run for line in held if line.subject == "scan"} == set(range(6, 40))
    assert not [line for line in held if line.subject == "model.fleet.weekly"]  # six builds
    assert {line.subject for line in held} == set(LINEAR.runs) - {"model.fleet.weekly"}


def test_a_growing_project_degrades_and_a_flat_one_does_not() -> None:
    assert any(line.outcome.degraded for line in lines(LINEAR))
    assert not any(line.outcome.degraded for line in lines(FLAT))


def test_the_control_never_degrades() -> None:
    for project in (FLAT, LINEAR, EXPONENTIAL, BACKFILL):
        assert not any(
            line.outcome.degraded for line in lines(project) if line.subject == project.control
        )


def test_the_oracle_knows_a_backfill_before_it_comes() -> None:
    """Sizes of the next seven days, against those of the last seven."""
    begins = BACKFILL.injected[0].first_day
    (rate,) = (float(each.detail) for each in BACKFILL.injected)
    known = oracle_of(BACKFILL, "scan", day(begins - 2))
    assert known["driver_rows_2"] == pytest.approx(0)
    assert known["driver_rows_3"] == pytest.approx(log(1 + 20 * rate), abs=0.01)
    assert known["driver_rows_lasting"] == pytest.approx(log(1 + 20 * rate), abs=0.01)
    assert oracle_of(BACKFILL, "scan", day(begins - 6))["driver_rows_lasting"] == 0


def test_the_oracle_sees_upstream_of_a_mart_that_is_built_weekly() -> None:
    begins = BACKFILL.injected[0].first_day
    known = oracle_of(BACKFILL, "weekly_scan", day(begins))
    assert known["above_rows_1"] > 0.1
    assert known["driver_rows_1"] == 0 or begins % 7 in {0, 6}


def test_the_oracle_knows_no_time_and_no_plan_of_the_future() -> None:
    cutoff = day(20)
    later_runs = {
        subject: tuple(
            run if run.at <= cutoff else replace(run, best_us=1, plan_id="x") for run in runs
        )
        for subject, runs in LINEAR.runs.items()
    }
    assert oracle_of(replace(LINEAR, runs=later_runs), "scan", cutoff) == oracle_of(
        LINEAR, "scan", cutoff
    )


@pytest.mark.parametrize("days", [1, 2, 7])
def test_short_lines_know_a_few_days_and_nothing_older(days: int) -> None:
    held = [line for line in short_lines(EXPONENTIAL, days) if "." not in line.subject]
    assert {line.day for line in held} == {10, 15, 20, 25, 30, 35}
    assert {line.values["windows"] for line in held} == {days}


def test_one_capture_tells_no_growth_but_what_the_dates_of_rows_tell() -> None:
    (line,) = lines_of(EXPONENTIAL, "scan", 35)
    assert not [name for name in line.values if "growth" in name or "change_" in name]
    told = replace(
        EXPONENTIAL,
        row_dates={
            day(35): tuple(
                each
                for each in EXPONENTIAL.facts.relations
                if each.relation == EVENTS and each.captured_at < day(35)
            )
        },
    )
    (line,) = lines_of(told, "scan", 35)
    assert line.values["upstream_change_7"] > 0.1


def lines_of(project: FleetProject, subject: str, on: int) -> list[Line]:
    return [each for each in short_lines(project, 1) if (each.subject, each.day) == (subject, on)]


def test_a_short_history_is_slow_against_the_level_that_it_has() -> None:
    """The label stays that of the whole past; ratios start from the last run alone."""
    whole = {(line.subject, line.run): line.outcome for line in lines(EXPONENTIAL)}
    for line in short_lines(EXPONENTIAL, 1):
        runs = EXPONENTIAL.runs[line.subject]
        outcome = whole[line.subject, line.run]
        assert line.outcome.degraded == outcome.degraded
        if 1 in outcome.log_ratios:
            assert line.outcome.log_ratios[1] == pytest.approx(
                log(runs[line.run + 1].best_us / runs[line.run].best_us)
            )


def test_what_is_older_changes_no_short_line() -> None:
    def damaged(at: datetime) -> bool:
        return at <= day(33)

    facts = LINEAR.facts
    scrambled = replace(
        facts,
        stats=tuple(
            replace(each, total_us=1) if damaged(each.window_end) else each for each in facts.stats
        ),
        relations=tuple(
            replace(each, estimated_rows=7) if damaged(each.captured_at) else each
            for each in facts.relations
        ),
    )
    before, after = (
        [line.values for line in short_lines(project, 2) if line.day == 35]
        for project in (LINEAR, replace(LINEAR, facts=scrambled))
    )
    assert before
    assert after == before


def test_each_length_of_a_short_history_takes_its_turn() -> None:
    turns = [in_turns(0)(on) for on in range(0, 40, 5)]
    assert turns == [1, 2, 3, 7, 1, 2, 3, 7]
    assert [in_turns(1)(on) for on in range(0, 20, 5)] == [2, 3, 7, 1]


def test_columns_are_of_the_product_of_the_oracle_or_of_neither() -> None:
    names = set(table("p", "linear", list(lines(LINEAR))).names)
    assert {"log_us_level", "driver_log_rows"} <= set(filter(feature, names))
    assert not any(name.startswith(PREFIX) for name in filter(feature, names))
    assert any(name.startswith(PREFIX) for name in filter(with_the_future, names))
    assert "log_us_level" in filter(without_lineage, names)
    assert "driver_log_rows" not in filter(without_lineage, names)


def test_without_lineage_nothing_is_known_of_relations_upstream_or_sizes_to_come() -> None:
    assert set(OWN) <= set(FEATURES)
    own = set(filter(without_lineage, FEATURES))
    assert {"log_us_slope_per_day", "plan_changes", "days_since_last"} <= own
    about = {name.partition("_")[0] for name in own}
    assert not about & {"driver", "largest", "upstream", "projected", "skew", "flow", "fan"}
    assert not any(name.endswith(("_7", "_14", "_30")) for name in own)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    held = table("p", "linear", list(lines(LINEAR)))
    save(tmp_path / "one.npz", held)
    again = load(tmp_path / "one.npz")
    assert (again.names, again.subjects) == (held.names, held.subjects)
    np.testing.assert_array_equal(again.values, held.values)
    np.testing.assert_array_equal(again.degraded, held.degraded)


def test_joined_tables_keep_projects_and_subjects_apart() -> None:
    one = table("b", "flat", list(lines(FLAT)))
    two = table("a", "linear", list(lines(LINEAR)))
    both = joined([one, two])
    assert both.projects == ("a", "b")
    assert len(both) == len(one) + len(two)
    assert both.of({"b"}).sum() == len(one)
    assert not set(both.subject[both.of({"a"})]) & set(both.subject[both.of({"b"})])
    assert (both.degraded == 1).sum() == (two.degraded == 1).sum()
    assert set(both.degraded) <= {0, 1, UNSCORED}


def test_what_was_worked_out_is_not_worked_out_again(tmp_path: Path) -> None:
    first = tables([LINEAR, FLAT], tmp_path)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = tables([LINEAR, FLAT], tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == written
    assert first.all_of.projects == again.all_of.projects == ("p000", "p001")
