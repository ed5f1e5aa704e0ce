"""Training on one's own past: nothing is learned from after an origin, and the best stays."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.predict.labels import NEXT_RUNS
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.own_past import OwnPast
from dbt_schema_evolve.workflows.train import NEED, train
from tests.fakes.forecasting import World, world
from tests.fakes.progress import Silent

DAYS = 56
ONSET = 24.0


def growth(day: float) -> float:
    """Nothing, then 8 % of the first size a day."""
    return 1 + 0.08 * max(0.0, day - ONSET)


@pytest.fixture(scope="module")
def grown() -> World:
    return world(growth, days=DAYS, queries=40, noise=0.05)


@pytest.fixture(scope="module")
def past(grown: World) -> OwnPast:
    return OwnPast(grown.facts, "w", grown.today)


def learned_nothing(_: Sequence[Example]) -> Predictor:
    return Persistence()


class Steep:
    """Knows by heart which subjects degraded in its examples."""

    def __init__(self, examples: Sequence[Example]) -> None:
        held = [example for example in examples if example.outcome.degraded]
        self.degraded = {example.case.subject for example in held}

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        return tuple(
            replace(said, predicted_probability=0.9 if said.subject in self.degraded else 0.1)
            if isinstance(said, Forecast)
            else said
            for said in Persistence().predict(cases, horizon_days)
        )


def test_what_is_learned_from_at_an_origin_was_known_by_then(past: OwnPast) -> None:
    folds = past.folds()
    assert len(folds) == 3
    for fold in folds:
        for example in fold.past:
            assert example.case.cutoff <= fold.origin
            for days in example.outcome.log_ratios:
                # A run counts for the nearest whole day ahead.
                then = example.case.cutoff + timedelta(days=days)
                assert then <= fold.origin + timedelta(hours=12)
            if example.outcome.degraded is not None:
                assert example.case.cutoff + timedelta(days=NEXT_RUNS) <= fold.origin


def test_what_is_tested_on_comes_after_the_origin(past: OwnPast) -> None:
    for fold in past.folds():
        assert fold.future
        assert all(example.case.cutoff > fold.origin for example in fold.future)


def test_what_happens_after_an_origin_changes_nothing_that_is_learned_there(
    grown: World, past: OwnPast
) -> None:
    first = past.folds()[0]
    scrambled = OwnPast(_scrambled(grown.facts, first.origin), "w", grown.today)
    assert scrambled.known_at(first.origin) == first.past


def _scrambled(facts: Facts, origin: datetime) -> Facts:
    return replace(
        facts,
        stats=tuple(
            stat if stat.window_end <= origin else replace(stat, total_us=7 * stat.total_us)
            for stat in facts.stats
        ),
        relations=tuple(
            each
            if each.captured_at <= origin
            else replace(each, estimated_rows=3 * (each.estimated_rows or 0))
            for each in facts.relations
        ),
    )


def test_who_learned_something_wins_and_its_examples_are_handed_over(grown: World) -> None:
    found = train(grown.facts, "w", grown.today, Silent(), Steep)
    assert found.training.winner in {"own", "projection"}
    names = {score.predictor for score in found.training.scores}
    assert names == {"own", "projection", "linear trend", "persistence"}
    assert found.training.scored_by == "pr_auc"
    assert "it won the back-test: PR-AUC" in found.training.reason
    assert bool(found.examples) == (found.training.winner == "own")


def test_a_prior_that_is_as_good_stays(grown: World) -> None:
    found = train(grown.facts, "w", grown.today, Silent(), learned_nothing, prior=_Oracle(grown))
    assert found.training.winner == "prior"
    assert found.examples == ()


class _Oracle(Steep):
    """Knows what will have happened."""

    def __init__(self, facts: World) -> None:
        known = OwnPast(facts.facts, "w", facts.today).examples(facts.today)
        self.when = {
            (each.case.subject, each.case.cutoff) for each in known if each.outcome.degraded
        }

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        return tuple(
            replace(
                said,
                predicted_probability=1.0 if (case.subject, case.cutoff) in self.when else 0.0,
            )
            if isinstance(said, Forecast)
            else said
            for case, said in zip(cases, Persistence().predict(cases, horizon_days), strict=True)
        )


@pytest.mark.parametrize(("days", "queries"), [(0, 5), (1, 5), (20, 40), (40, 2)])
def test_too_little_history_is_said_in_one_sentence(days: int, queries: int) -> None:
    facts = world(growth, days=days, queries=queries)
    found = train(facts.facts, "w", facts.today, Silent(), _unasked)
    assert found.training.scores == ()
    assert found.examples == ()
    assert found.training.winner == "projection"
    assert found.training.reason.endswith("the projection stays")
    assert found.training.need == NEED


def _unasked(_: Sequence[Example]) -> Predictor:
    raise AssertionError("there is nothing to learn from")


def test_a_quiet_history_has_nothing_to_learn_degradation_from() -> None:
    facts = world(lambda _: 1.0, days=56, queries=30, noise=0.02)
    found = train(facts.facts, "w", facts.today, Silent(), _unasked)
    assert found.training.have.degraded == 0
    assert "too little to learn from" in found.training.reason
