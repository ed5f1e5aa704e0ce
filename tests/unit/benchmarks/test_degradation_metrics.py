"""The measures of foresight, against cases counted by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.degradation.metrics import (
    average_precision,
    between,
    false_alarm_rate,
    median_lead,
    recall,
    row_recall,
    spread,
    threshold,
)
from benchmarks.degradation.watch import Rows, tally


def rows(
    *subjects: str, runs_until: int = 3, projects: Sequence[int] = (), unscored: str = "."
) -> Rows:
    """A subject a string: `-` stays as it was, `!` degrades, `.` is not scored."""
    held = [
        (projects[number] if projects else 0, number, run, mark == "!")
        for number, marks in enumerate(subjects)
        for run, mark in enumerate(marks)
        if mark != unscored
    ]
    project, subject, run, degraded = (np.array(column) for column in zip(*held, strict=True))
    return Rows(project, subject, run, degraded, np.where(degraded, runs_until, 0))


def alerting(*subjects: str) -> np.ndarray:
    """`#` is above the threshold; a space is a row that is not scored."""
    return np.array([mark == "#" for marks in subjects for mark in marks if mark != " "])


def test_average_precision_of_a_hand_counted_ranking() -> None:
    """Hits at ranks 1, 3 and 4 of five: (1/1 + 2/3 + 3/4) / 3."""
    degraded = np.array([True, False, True, True, False])
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert average_precision(degraded, scores) == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_a_constant_score_has_the_base_rate_as_precision() -> None:
    degraded = np.array([True, False, False, False])
    assert average_precision(degraded, np.zeros(4)) == 0.25


def test_a_row_of_weight_two_is_two_rows() -> None:
    degraded = np.array([True, False, True, False])
    scores = np.array([0.4, 0.6, 0.8, 0.1])
    twice = np.array([0, 1, 1, 2, 3])
    assert average_precision(degraded, scores, np.array([1.0, 2, 1, 1])) == pytest.approx(
        average_precision(degraded[twice], scores[twice])
    )


def test_average_precision_is_that_of_scikit_learn() -> None:
    known = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(1)
    for _ in range(20):
        degraded = rng.random(200) < 0.2
        scores = np.round(rng.random(200) + 0.3 * degraded, 1)
        weights = rng.integers(0, 3, 200).astype(float)
        assert average_precision(degraded, scores, weights) == pytest.approx(
            known.average_precision_score(degraded, scores, sample_weight=weights)
        )


def test_an_alarm_stands_for_seven_runs() -> None:
    watched = rows("-" * 16)
    (counted,) = tally(watched, alerting("###.###########.")).values()
    assert counted.alarms == 3  # at runs 0, 7 and 14
    assert counted.false_alarms == 3


def test_an_alarm_that_was_early_is_not_false() -> None:
    watched = rows("-----!!!------")
    (counted,) = tally(watched, alerting("..####........")).values()
    assert (counted.alarms, counted.false_alarms) == (1, 0)
    assert (counted.degradations, counted.caught) == (1, 1)


def test_an_alarm_that_fell_silent_before_anything_was_due_is_false_and_catches_nothing() -> None:
    watched = rows("-----!!!------")
    (counted,) = tally(watched, alerting("..###.........")).values()
    assert (counted.false_alarms, counted.caught) == (1, 0)


def test_each_subject_raises_its_own_alarm() -> None:
    (counted,) = tally(rows("---", "-!-"), alerting("##.", "##.")).values()
    assert (counted.alarms, counted.false_alarms) == (2, 1)


def test_what_lasts_three_weeks_is_three_degradations() -> None:
    watched = rows("!" * 21)
    (counted,) = tally(watched, alerting("." * 7 + "...#..." + "." * 7)).values()
    assert (counted.degradations, counted.caught) == (3, 1)
    assert (counted.degraded_rows, counted.alerted_rows) == (21, 1)


def test_rows_that_are_not_scored_raise_nothing_and_break_no_stretch() -> None:
    (counted,) = tally(rows("!!..!!-"), alerting("..  ##.")).values()
    assert counted.rows == 5
    assert (counted.degradations, counted.caught) == (1, 1)


def test_the_lead_is_that_of_the_first_warning() -> None:
    watched = rows("!!!!!!", runs_until=0)
    watched.runs_until[:] = [6, 5, 4, 3, 2, 1]
    counted = tally(watched, alerting("..#.##"))
    assert median_lead(counted) == 4


def test_rates_are_over_all_projects_together() -> None:
    watched = rows("!-------------", "-" * 14, projects=(0, 1))
    counted = tally(watched, alerting("#.............", ".#............"))
    assert recall(counted) == 1
    assert row_recall(counted) == 1
    assert false_alarm_rate(counted) == 25  # one in four query-weeks
    assert false_alarm_rate(counted, {1: 2.0}) == 50


def test_the_threshold_is_the_lowest_that_rings_rarely_enough() -> None:
    """Two hundred query-weeks bear two false alarms; the third harmless score is the limit."""
    quiet = ["-" * 14] * 100
    watched = rows(*quiet)
    scores = np.zeros(len(watched))
    scores[[0, 14, 28, 42]] = [0.9, 0.8, 0.7, 0.6]
    assert threshold(watched, scores, 1.0) == 0.7
    scores[[1, 2, 3]] = [0.65, 0.72, 0.74]  # stand behind the first alarm of their subject
    assert threshold(watched, scores, 1.0) == 0.7


def test_a_threshold_without_any_danger_below_it_catches_all() -> None:
    watched = rows("!!!!!!!-------")
    scores = np.array([0.9] * 7 + [0.1] * 7)
    chosen = threshold(watched, scores, 1.0)
    assert recall(tally(watched, scores > chosen)) == 1


def test_an_interval_by_projects_holds_the_mean_and_is_wider_than_one_by_rows() -> None:
    rng = np.random.default_rng(2)
    means = rng.normal(0, 1, 30)
    projects = np.repeat(np.arange(30), 50)
    values = means[projects] + rng.normal(0, 0.1, 1_500)

    def mean(weights: dict[int, float]) -> float:
        return float(np.average(values, weights=spread(projects, weights)))

    low, high = between(projects, mean)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * means.std() / 30**0.5, rel=0.25)
    by_rows = between(
        np.arange(1_500), lambda w: float(np.average(values, weights=spread(np.arange(1_500), w)))
    )
    assert high - low > 4 * (by_rows[1] - by_rows[0])
