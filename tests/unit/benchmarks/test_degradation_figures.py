"""Judging: no threshold sees a test, ablations take away what they say, causes are compared."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.degradation import learn
from benchmarks.degradation.ablations import feature, unseen, with_short_history
from benchmarks.degradation.causes import Named, Truth, cause_figures
from benchmarks.degradation.coverage import coverage
from benchmarks.degradation.figures import explained, figures
from benchmarks.degradation.flips import flip_figures, precise
from benchmarks.degradation.judged import gain, judged, loss
from benchmarks.degradation.kept import Tables, tables
from benchmarks.degradation.lean import lean_cases, lean_examples
from benchmarks.degradation.learn import Learned, Learner
from benchmarks.degradation.splits import Split, splits
from benchmarks.degradation.study import Study
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats
from benchmarks.fleet.records import Injected
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.records.forecasts import Case, Cause, CauseKind, Forecast
from tests.fakes.fleet_projects import DAILY, EVENTS, IDS, fleet
from tests.fakes.forecasting import day

PROJECTS = fleet(10, days=45)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn, "ROUNDS", 10)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return tables(PROJECTS, tmp_path_factory.mktemp("kept"))


@pytest.fixture(scope="module")
def deals(held: Tables) -> tuple[Split, ...]:
    lines = held.all_of
    return splits(dict(zip(lines.projects, lines.regimes, strict=True)), 1)


def truth(lines: Table) -> Callable[[Split, Flags], Floats]:
    return lambda _split, chosen: (lines.degraded[chosen] == 1).astype(float)


def test_who_knows_the_answer_is_perfect(held: Tables, deals: tuple[Split, ...]) -> None:
    found = judged(held.all_of, deals, truth(held.all_of)).figures()
    assert (found["pr_auc"], found["recall_at_1fa"], found["row_recall_at_1fa"]) == (1, 1, 1)
    assert found["false_alarms_per_100_weeks"] == 0


def test_the_threshold_is_set_on_calibration_projects_alone(
    held: Tables, deals: tuple[Split, ...]
) -> None:
    """Scores of tests are shifted by a thousand: all of them ring, as nobody looked at them."""
    lines = held.all_of

    def score(split: Split, chosen: Flags) -> Floats:
        shift = 1_000.0 * lines.of(split.test)[chosen]
        return truth(lines)(split, chosen) + shift

    assert judged(lines, deals, score).alerting.all()


def test_every_scored_line_is_tested_once(held: Tables, deals: tuple[Split, ...]) -> None:
    found = judged(held.all_of, deals, truth(held.all_of))
    assert len(found.rows) == held.all_of.scored.sum()
    assert np.isfinite(found.scores).all()


def test_a_learner_never_sees_the_projects_that_it_is_tested_on(
    held: Tables, deals: tuple[Split, ...]
) -> None:
    """What the tests' lines say of their outcomes is turned around: the scores stay."""
    lines = held.all_of
    for split in deals[:1]:
        test = lines.of(split.test)
        turned = replace(
            lines, degraded=np.where(test & lines.scored, 1 - lines.degraded, lines.degraded)
        )
        same = Learned(turned, feature)(split, test)
        np.testing.assert_array_equal(same, Learned(lines, feature)(split, test))


def test_a_stranger_has_met_no_project_of_the_regime(
    held: Tables, deals: tuple[Split, ...]
) -> None:
    lines = held.all_of
    seen = judged(lines, deals, Learned(lines, feature))
    linear = lines.of(
        name for name, of in zip(lines.projects, lines.regimes, strict=True) if of == "linear"
    )
    turned = replace(
        lines, degraded=np.where(linear & lines.scored, 1 - lines.degraded, lines.degraded)
    )
    mine = linear[lines.scored]
    np.testing.assert_array_equal(
        unseen(turned, deals, seen).scores[mine], unseen(lines, deals, seen).scores[mine]
    )


def test_baselines_are_asked_at_the_same_moments_as_the_prior(
    held: Tables, deals: tuple[Split, ...]
) -> None:
    lines, short = held.all_of, held.short
    learned = Learned(lines, feature)

    def prior(split: Split, of: Table, chosen: Flags) -> Floats:
        return learned.of(split).scores(of, chosen)

    found = with_short_history(lines, short, deals, prior, {"truth": truth(lines)})
    right = found.baselines["truth"]
    np.testing.assert_array_equal(right.scores, right.rows.degraded)
    assert set(found.prior) == {1, 2, 3, 7}
    for days, each in found.prior.items():
        assert len(each.rows) == (short[days].scored & (short[days].day >= 30)).sum() > 0
        np.testing.assert_array_equal(each.rows.degraded, right.rows.degraded)


def test_a_figure_against_itself_gains_and_loses_nothing(
    held: Tables, deals: tuple[Split, ...]
) -> None:
    found = judged(held.all_of, deals, truth(held.all_of))
    assert gain(found, found) == (0, 0)
    assert loss(found, found) == (0, 0)


def test_the_figures_have_the_published_keys(held: Tables) -> None:
    study = Study(held, 1)
    found = figures(study) | explained(study, PROJECTS)
    assert {
        "projects", "query_days", "base_rate", "oracle_pr_auc", "pr_auc", "best_baseline_pr_auc",
        "recall_at_1fa", "oracle_recall_at_1fa", "median_lead_runs", "coverage_90",
        "unseen_regime_loss", "prior_pr_auc", "prior_by_days", "lineage_gain_ci", "flip_recall",
        "flip_precision", "cause_top1", "cause_top1_macro", "cause_top1_by_kind",
    } <= set(found)  # fmt: skip
    assert found["oracle_pr_auc"] > found["base_rate"]
    assert found["query_days"] == study.tested.sum()


def test_a_threshold_for_flips_is_as_low_as_enough_of_them_come() -> None:
    scores = np.array([0.9, 0.8, 0.8, 0.5, 0.4, 0.1])
    came = np.array([True, True, False, True, False, False])
    assert precise(scores, came, 0.7) == 0.5
    assert precise(scores, came, 1.0) == 0.9
    assert precise(scores, ~came, 0.7) == np.inf


def test_flips_are_counted_on_tested_projects_where_the_planner_was_asked(held: Tables) -> None:
    study = Study(held, 5)
    found = flip_figures(study.lines, study.deals, study.scorer)
    assert found["flips"] == (study.lines.flipped == 1).sum() > 0
    assert found["flips_by_the_twin_alone"] == {"recall": 1.0, "precision": 1.0}


def test_coverage_is_the_share_of_outcomes_that_lie_within_their_interval(
    held: Tables, deals: tuple[Split, ...]
) -> None:
    lines = held.all_of

    def every_second(_split: Split, chosen: Flags, horizon: int) -> tuple[Floats, Floats]:
        came = lines.log_ratios[chosen, horizon - 1].astype(float)
        beside = np.where(np.arange(len(came)) % 2, 0.0, 5.0)
        return came - 0.1 + beside, came + 0.1 + beside

    found = coverage(lines, deals, every_second)
    assert found["coverage_90"] == pytest.approx(0.5, abs=0.01)
    low, high = found["coverage_90_ci"]
    assert low <= found["coverage_90"] <= high
    assert set(found["coverage_by_days"]) == {"1", "3", "7", "14", "30"}


def test_a_column_that_a_table_has_not_got_is_not_known(held: Tables) -> None:
    lines = held.all_of
    everything = np.ones(len(lines), bool)
    learner = Learner(lines, everything, lines.columns(feature))
    columns = [n for n, name in enumerate(lines.names) if name != "log_us_level"]
    poorer = replace(
        lines, names=tuple(lines.names[n] for n in columns), values=lines.values[:, columns]
    )
    unknown = lines.values.copy()
    unknown[:, lines.names.index("log_us_level")] = np.nan
    np.testing.assert_array_equal(
        learner.scores(poorer, everything),
        learner.scores(replace(lines, values=unknown), everything),
    )


def test_lean_cases_have_the_features_and_the_driver_of_their_lines(tmp_path: Path) -> None:
    project = PROJECTS[1]
    lines = tables([project], tmp_path).all_of
    (row,) = np.flatnonzero(
        (lines.day == 30) & (lines.subject == lines.subjects.index("p001/scan"))
    )
    chosen = np.zeros(len(lines), bool)
    chosen[row] = True
    (lean,) = lean_cases(lines, chosen)
    (whole,) = (case for case in Cases(project.facts).at(day(30)) if case.subject == "scan")
    assert dict(lean.features.values) == pytest.approx(dict(whole.features.values), rel=1e-6)
    assert lean.driver is not None
    assert whole.driver is not None
    assert lean.driver.growth.ratio_per_day == pytest.approx(
        whole.driver.growth.ratio_per_day, rel=1e-6
    )
    (example,) = lean_examples(lines, chosen)
    assert example.group == "p001"
    assert (example.outcome.degraded is True) == (lines.degraded[row] == 1)


def warned(case: Case, *causes: Cause) -> Forecast:
    (forecast,) = Persistence().predict([case], 7)
    assert isinstance(forecast, Forecast)
    return replace(forecast, causes=causes)


def growth(node: str) -> Cause:
    return Cause(CauseKind.GROWTH, node, 1.0, "it grows")


def test_a_cause_is_right_where_it_is_what_was_injected_or_on_its_way() -> None:
    project = PROJECTS[1]
    (case,) = (each for each in Cases(project.facts).at(day(20)) if each.subject == "scan")
    judge = Truth(project)

    def judged_cause(*causes: Cause) -> tuple[bool, bool]:
        found = judge.named(case, 20, warned(case, *causes))
        assert found is not None
        return bool(found.right), found.is_exact

    assert judged_cause(growth(IDS[EVENTS])) == (True, True)
    assert judged_cause(growth(IDS[DAILY])) == (True, False)
    assert judged_cause(growth("source.fleet.nations")) == (False, False)
    assert judged_cause(replace(growth(IDS[EVENTS]), kind=CauseKind.BLOAT)) == (False, False)
    assert judged_cause() == (False, False)


def test_what_was_not_yet_injected_or_does_not_reach_a_subject_is_no_cause_of_it() -> None:
    project = PROJECTS[3]  # a backfill
    begins = project.injected[0].first_day
    early = {each.subject: each for each in Cases(project.facts).at(day(begins - 8))}
    near = {each.subject: each for each in Cases(project.facts).at(day(begins - 7))}
    judge = Truth(project)
    assert judge.named(early["scan"], begins - 8, warned(early["scan"])) is None
    assert judge.named(near["scan"], begins - 7, warned(near["scan"])) is not None
    assert judge.named(near["control"], begins - 7, warned(near["control"])) is None


def test_shares_of_causes_are_over_warnings_that_have_a_true_one() -> None:
    project = PROJECTS[1]
    (case,) = (each for each in Cases(project.facts).at(day(20)) if each.subject == "scan")
    judge = Truth(project)
    found = [
        judge.named(case, 20, warned(case, growth(node)))
        for node in (IDS[EVENTS], IDS[DAILY], "source.fleet.nations", IDS[EVENTS])
    ]
    shares = cause_figures(each for each in found if each is not None)
    assert shares["cause_top1"] == 0.75
    assert shares["cause_top1_exact"] == 0.5
    assert shares["cause_warnings"] == 4


def test_what_is_rare_counts_as_much_as_growth_in_the_mean_over_kinds() -> None:
    grown = Injected("onset", CauseKind.GROWTH, "a", 20, None, "")
    skewed = Injected("skew drift", CauseKind.SKEW, "a", 10, None, "")
    deployed = Injected("deployment", CauseKind.CHANGED_FLOW, "b", 40, 40, "")
    found = [
        *(Named(30, (grown,), (grown,), is_exact=True) for _ in range(6)),
        Named(30, (skewed,), (), is_exact=False),
        Named(30, (grown, skewed), (grown,), is_exact=True),
        Named(38, (deployed,), (), is_exact=False),  # two days before anybody could know
    ]
    shares = cause_figures(found)
    assert shares["cause_top1"] == 7 / 9
    assert shares["cause_top1_macro"] == 0.5  # of two: no deployment was at work alone
    assert shares["cause_named_macro"] == 0.5
    assert shares["cause_top1_by_kind"]["onset"] == {
        "at_work": 7, "begun": 7, "named": 1.0, "alone": 6, "alone_right": 1.0,
    }  # fmt: skip
    assert shares["cause_top1_by_kind"]["skew drift"] == {
        "at_work": 2, "begun": 2, "named": 0.0, "alone": 1, "alone_right": 0.0,
    }  # fmt: skip
    rare = shares["cause_top1_by_kind"]["deployment"]
    assert (rare["at_work"], rare["begun"], rare["alone"]) == (1, 0, 0)
