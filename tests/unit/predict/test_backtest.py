"""Back-tests score all contenders on the same moments, and know the better one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp, log
from random import Random

import pytest

from dbt_schema_evolve.predict.backtest import HORIZON_DAYS, Fold, backtest, best
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import Case, FeatureVector, Forecast, Observation
from dbt_schema_evolve.records.workload import Skip

ORIGIN = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def example(number: int, degrades: bool) -> Example:
    rng = Random(number)
    runs = tuple(
        Observation(ORIGIN - (10 - day) * DAY, 5, 10_000 * exp(rng.gauss(0, 0.1)))
        for day in range(10)
    )
    case = Case(f"q{number}", ORIGIN, runs, None, FeatureVector(f"q{number}", ORIGIN, ()))
    ratio = log(2) if degrades else 0.0
    return Example("w", case, Outcome(degrades, 3 if degrades else None, {HORIZON_DAYS: ratio}))


def fold(degraded: int = 30) -> Fold:
    future = [example(number, number < degraded) for number in range(100)]
    return Fold(ORIGIN, (), tuple(future))


class Knowing:
    """Says the truth about some subjects, nothing about others."""

    def __init__(self, degrades: set[str], silent: bool = False) -> None:
        self.degrades, self.silent = degrades, silent

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        return tuple(
            Skip(said.subject, "silent")
            if self.silent or isinstance(said, Skip)
            else self._told(said)
            for said in Persistence().predict(cases, horizon_days)
        )

    def _told(self, said: Forecast) -> Forecast:
        comes = said.subject in self.degrades
        us = said.measured_us * (2 if comes else 1)
        return replace(
            said, predicted_us=us, predicted_low_us=0.9 * us, predicted_high_us=1.1 * us,
            predicted_probability=0.9 if comes else 0.05,
        )  # fmt: skip


TRUTH = {f"q{number}" for number in range(30)}


def test_who_knows_wins_by_the_area_where_enough_degraded() -> None:
    scores = backtest(
        [fold()], {"persistence": lambda _: Persistence(), "knowing": lambda _: Knowing(TRUTH)}
    )
    assert best(scores) == (scores[1], "pr_auc")
    assert scores[1].pr_auc == 1
    assert scores[1].coverage is not None
    assert scores[1].coverage > 0.7
    assert (scores[0].examples, scores[0].degraded) == (100, 30)


def test_where_few_degraded_the_times_decide() -> None:
    few = fold(degraded=3)
    scores = backtest(
        [few], {"a": lambda _: Persistence(), "b": lambda _: Knowing({"q0", "q1", "q2"})}
    )
    assert best(scores) == (scores[1], "pinball")


def test_silence_counts_as_nothing_changes() -> None:
    silent, persistence = backtest(
        [fold()],
        {"silent": lambda _: Knowing(set(), silent=True), "p": lambda _: Persistence()},
    )
    assert replace(silent, predictor="p") == persistence


def test_of_equals_the_first_one_is_kept() -> None:
    contenders = {name: lambda _: Persistence() for name in ("prior", "own")}
    found = best(backtest([fold()], contenders))
    assert found is not None
    assert found[0].predictor == "prior"


def test_nothing_scored_is_nobody_who_wins() -> None:
    assert best(()) is None
    assert best(backtest([], {"p": lambda _: Persistence()})) is None


def test_each_origin_learns_from_its_own_past() -> None:
    past = tuple(example(number, False) for number in range(3))
    heard: list[int] = []

    def learn(examples: Sequence[Example]) -> Persistence:
        heard.append(len(examples))
        return Persistence()

    backtest([replace(fold(), past=past[:1]), replace(fold(), past=past)], {"own": learn})
    assert heard == [1, 3]


def test_the_chance_of_who_does_not_say_it_comes_from_the_interval() -> None:
    class Wide(Knowing):
        def _told(self, said: Forecast) -> Forecast:
            return replace(super()._told(said), predicted_probability=None)

    (score,) = backtest([fold()], {"wide": lambda _: Wide(TRUTH)})
    assert score.pr_auc == pytest.approx(1)
