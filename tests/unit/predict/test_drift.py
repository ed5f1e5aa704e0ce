"""When a learned predictor is no longer believed: not by chance alone, and with a reason."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.bundle import Bundle, Part, read_bundle, write_bundle
from dbt_schema_evolve.predict.choice import Candidates, Learned, chosen
from dbt_schema_evolve.predict.drift import Matured, broken, rolling_brier
from dbt_schema_evolve.predict.persistence import Persistence
from dbt_schema_evolve.predict.population import NAME as POPULATION
from dbt_schema_evolve.predict.population import population_of, population_part
from dbt_schema_evolve.predict.projection import ElasticityProjection
from dbt_schema_evolve.predict.stability import OTHER, Population, population, stability
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import Case, FeatureVector

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def vectors(count: int, shift: float = 0.0, seed: int = 1) -> tuple[FeatureVector, ...]:
    """Subjects with a level that half of them know a growth to."""
    rng = Random(seed)
    found = []
    for number in range(count):
        values = {"level": rng.gauss(shift, 1), "zero": 0.0}
        if number % 2:
            values["growth"] = rng.expovariate(1)
        found.append(FeatureVector(f"q{number}", NOW, tuple(sorted(values.items()))))
    return tuple(found)


def trained(count: int = 2_000) -> Population:
    """What a training of one warehouse keeps, day by day."""
    return population(vectors(count // 10, seed=100 + day) for day in range(10))


def matured(count: int, said: float, rate: float, subjects: int = 40) -> tuple[Matured, ...]:
    """Probabilities that are all the same, and outcomes that are not."""
    rng = Random(2)
    return tuple(
        Matured(f"q{n % subjects}", NOW - timedelta(days=n % 30), said, rng.random() < rate)
        for n in range(count)
    )


@pytest.mark.parametrize("count", [30, 100, 2_000])
def test_the_same_population_is_no_other_one_however_small_it_is(count: int) -> None:
    bins = trained()
    others = [stability(bins, vectors(count, seed=seed)) for seed in range(2, 12)]
    assert not any(each.is_another_population for each in others)


def test_what_all_know_of_whom_some_know_in_training_weighs_no_more_in_a_large_warehouse() -> None:
    known = [
        each for each in vectors(60, seed=2) if any(name == "growth" for name, _ in each.values)
    ]
    small, large = (stability(trained(), known * times) for times in (1, 300))
    assert large.index < 1.3 * small.index


def test_subjects_that_moved_away_are_another_population_and_the_feature_is_named() -> None:
    bins = trained()
    found = stability(bins, vectors(500, shift=3.0, seed=2))
    assert found.is_another_population
    assert found.moved[0][0] == "level"
    assert "growth" not in dict(found.moved)


def test_a_feature_that_nobody_knows_any_more_has_moved() -> None:
    bins = trained(500)
    blind = [replace(each, values=(("level", 0.1), ("zero", 0.0))) for each in vectors(500)]
    assert {"growth", "level"} <= {name for name, _ in stability(bins, blind).moved}


def test_a_handful_of_subjects_is_not_judged() -> None:
    bins = trained()
    assert not stability(bins, vectors(10, shift=5.0)).is_another_population


wild = st.lists(
    st.lists(st.tuples(st.sampled_from("abc"), st.floats()), max_size=3, unique_by=lambda v: v[0])
)


@given(wild, wild)
def test_strange_numbers_raise_nothing(
    before: list[list[tuple[str, float]]], now: list[list[tuple[str, float]]]
) -> None:
    def of(rows: Sequence[Sequence[tuple[str, float]]]) -> list[FeatureVector]:
        return [FeatureVector("q", NOW, tuple(sorted(row))) for row in rows]

    found = stability(population([of(before)]), of(now))
    assert 0 <= found.index < 100


def test_probabilities_as_good_as_their_base_rate_are_kept() -> None:
    score = rolling_brier(matured(1_000, 0.2, 0.2))
    assert score is not None
    assert not score.is_worse


def test_probabilities_that_cry_wolf_are_worse_than_their_base_rate() -> None:
    score = rolling_brier(matured(1_000, 0.9, 0.1))
    assert score is not None
    assert score.is_worse
    assert score.brier > 0.5
    assert score.base_rate_brier < 0.1


@pytest.mark.parametrize("held", [matured(50, 0.9, 0.1), matured(500, 0.9, 0.1, subjects=5)])
def test_few_outcomes_or_subjects_do_not_decide(held: tuple[Matured, ...]) -> None:
    assert rolling_brier(held) is None
    assert broken(None, (), held) == ""


def case(vector: FeatureVector) -> Case:
    return Case(vector.subject, NOW, (), None, vector)


def candidates(count: int = 500) -> Candidates:
    return Candidates(Learned("prior", "prior 1", Persistence(), trained(count), "it ships"))


def test_a_learned_predictor_speaks_as_long_as_nothing_is_against_it() -> None:
    known = candidates()
    held = matured(500, 0.1, 0.1)
    predictor, spoke = chosen(known, [case(each) for each in vectors(200, seed=5)], held)
    assert known.learned is not None
    assert predictor is known.learned.predictor
    assert (spoke.predictor, spoke.reason) == ("prior", "it ships")


def test_where_the_world_has_changed_the_projection_speaks_and_says_why() -> None:
    moved = [case(each) for each in vectors(200, shift=4.0)]
    predictor, spoke = chosen(candidates(), moved, ())
    assert isinstance(predictor, ElasticityProjection)
    assert spoke.predictor == "projection"
    assert spoke.reason.startswith("not prior: what runs now is unlike what it learned from")
    assert f"above {OTHER}" in spoke.reason


def test_where_probabilities_failed_the_projection_speaks_and_says_why() -> None:
    cases = [case(each) for each in vectors(200)]
    predictor, spoke = chosen(candidates(), cases, matured(500, 0.9, 0.1))
    assert isinstance(predictor, ElasticityProjection)
    assert "of its last 500 probabilities the Brier score is" in spoke.reason


def test_a_baseline_that_won_speaks_where_nobody_learned() -> None:
    predictor, spoke = chosen(Candidates(None, "persistence", "it won"), [], ())
    assert isinstance(predictor, Persistence)
    assert spoke.reason == "it won"


def test_bins_come_back_from_a_bundle_as_they_were() -> None:
    held = vectors(100)
    examples = [Example("w", case(each), Outcome(None, None, {})) for each in held]
    bundle = Bundle({POPULATION: population_part(examples)}, "a test", 100, 1)
    assert population_of(read_bundle(write_bundle(bundle), "here")) == population([held])
    assert population_of(Bundle({}, "a test", 100, 1)) is None


@pytest.mark.parametrize(
    "facts",
    [
        {"bins": {"level": "wide"}, "usual": 0.1},
        {"bins": {"level": [[1.0], [1]]}, "usual": 0.1},
        {"bins": []},
        {},
    ],
)
def test_bins_that_are_none_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(PredictorError):
        population_of(Bundle({POPULATION: Part({}, facts)}, "a test", 100, 1))


def test_days_that_differ_in_training_may_differ_later() -> None:
    """A predictor that learned from weekdays and weekends is not put off by a weekend."""
    week = [vectors(100, shift=3.0 if day % 7 > 4 else 0.0, seed=day) for day in range(28)]
    known = population(week)
    assert known.limit > OTHER
    assert not stability(known, vectors(100, shift=3.0, seed=99)).is_another_population
    assert stability(known, vectors(100, shift=30.0, seed=99)).is_another_population
