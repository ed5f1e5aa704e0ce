"""A blend: between its two predictors, worth more than the worse, and never without an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.blend import UNLEARNED, Blend, Terms, part_of, terms_of
from dbt_schema_evolve.predict.blend_terms import learn_terms
from dbt_schema_evolve.predict.bundle import Bundle, Part, read_bundle, write_bundle
from dbt_schema_evolve.predict.conformal import Correction
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.predict.trees.chance import Chance
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import Case, Cause, CauseKind, FeatureVector, Forecast
from dbt_schema_evolve.records.workload import Skip
from tests.fakes.forecasting import day

CASE = Case("q", day(0), (), None, FeatureVector("q", day(0), ()))
GROWTH = Cause(CauseKind.GROWTH, "source.shop.events", 1.0, "`raw.events` grows")


def forecast(us: float, chance: float | None, causes: tuple[Cause, ...] = ()) -> Forecast:
    return Forecast("q", day(0), 7.0, 1e3, us, us / 2, us * 2, 0.9, "", "why", chance, causes)


@dataclass
class Says(Predictor):
    """A predictor that says the same of everybody."""

    answer: Forecast | Skip

    def predict(self, cases: Sequence[Case], _: float) -> tuple[Forecast | Skip, ...]:
        return tuple(self.answer for _ in cases)


def blended(
    first: Forecast | Skip, second: Forecast | Skip, weight: float = 0.5
) -> Forecast | Skip:
    terms = replace(UNLEARNED, weight=weight)
    (answer,) = Blend(Says(first), Says(second), terms).predict([CASE], 7.0)
    return answer


def test_times_meet_halfway_between_factors() -> None:
    mixed = blended(forecast(1_000, 0.5), forecast(4_000, 0.5))
    assert (mixed.predicted_low_us, mixed.predicted_us, mixed.predicted_high_us) == pytest.approx(
        (1_000, 2_000, 4_000)
    )


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_mixed_chance_lies_between_the_two(one: float, other: float, weight: float) -> None:
    mixed = blended(forecast(1, one), forecast(1, other), weight).predicted_probability
    low, high = sorted((one, other))
    assert low - 2e-6 <= mixed <= high + 2e-6


def test_without_weight_the_second_has_no_say_in_the_chance() -> None:
    assert blended(forecast(1, 0.2), forecast(1, 0.9), 0.0).predicted_probability == pytest.approx(
        0.2
    )


def test_causes_are_the_first_ones() -> None:
    assert blended(forecast(1, 0.2, (GROWTH,)), forecast(1, 0.9)).causes == (GROWTH,)


def test_whoever_answers_is_quoted() -> None:
    one, none = forecast(1_000, 0.3), Skip("q", "too short")
    assert blended(one, none) == one
    assert blended(none, one) == one
    assert blended(none, Skip("q", "no network")) == none


def test_a_predictor_that_names_no_chance_leaves_it_to_the_other() -> None:
    assert blended(forecast(1, None), forecast(1, 0.4)).predicted_probability == 0.4
    assert blended(forecast(1, 0.4), forecast(1, None)).predicted_probability == 0.4


def chance_of(odds: float) -> float:
    return 1 / (1 + exp(-odds))


@dataclass
class Seer:
    """Knows the truth, which is written into the subject, through noise of its own."""

    noise: float
    seed: int
    width: float = 0.1

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        return tuple(self._says(case, horizon_days) for case in cases)

    def _says(self, case: Case, horizon_days: float) -> Forecast:
        rng = Random(f"{self.seed} {case.subject}")
        odds = float(case.subject) + rng.gauss(0, self.noise)
        low, high = 1e3 * exp(-self.width), 1e3 * exp(self.width)
        return Forecast(
            case.subject, case.cutoff, horizon_days, 1e3, 1e3, low, high, 0.9, "", "why",
            chance_of(odds),
        )  # fmt: skip


def examples(scatter: float = 0.1) -> list[Example]:
    """Degradations as likely as their subject says; times scatter around the level."""
    rng = Random(1)
    found = []
    for number in range(3_000):
        odds = rng.gauss(-1, 2)
        outcome = Outcome(
            rng.random() < chance_of(odds),
            None,
            {days: rng.gauss(0, scatter) for days in (1, 3, 7, 14, 21, 30)},
        )
        case = replace(CASE, subject=repr(odds))
        found.append(Example(f"project {number % 59}", case, outcome))
    return found


def test_the_weight_goes_to_whoever_knows_more() -> None:
    assert learn_terms(Seer(0.2, 1), Seer(3.0, 2), examples()).weight < 0.2
    assert learn_terms(Seer(3.0, 1), Seer(0.2, 2), examples()).weight > 0.8
    assert 0.3 <= learn_terms(Seer(1.5, 1), Seer(1.5, 2), examples()).weight <= 0.7


def test_a_blend_is_less_surprised_than_either_of_two_that_err_apart() -> None:
    first, second = Seer(2.0, 1), Seer(2.0, 2)
    learned, unseen = examples()[:1_500], examples()[1_500:]
    blend = Blend(first, second, learn_terms(first, second, learned))
    assert surprise(blend, unseen) < 0.95 * min(surprise(first, unseen), surprise(second, unseen))


def surprise(predictor: Predictor, of: list[Example]) -> float:
    said = predictor.predict([each.case for each in of], 7.0)
    right = [
        f.predicted_probability if e.outcome.degraded else 1 - f.predicted_probability
        for f, e in zip(said, of, strict=True)
    ]
    return -sum(log(max(each, 1e-6)) for each in right) / len(right)


@pytest.mark.parametrize("width", [0.02, 0.1, 1.0])
def test_intervals_hold_nine_of_ten_however_wide_they_were(width: float) -> None:
    first, second = Seer(1.0, 1, width), Seer(1.0, 2, width)
    blend = Blend(first, second, learn_terms(first, second, examples()))
    for horizon in (1, 7, 30):
        said = blend.predict([each.case for each in examples()], horizon)
        held = [
            f.predicted_low_us <= 1e3 * exp(e.outcome.log_ratios[horizon]) <= f.predicted_high_us
            for f, e in zip(said, examples(), strict=True)
        ]
        assert 0.87 <= sum(held) / len(held) <= 0.95


def test_where_nothing_is_known_both_count_alike_and_nothing_is_corrected() -> None:
    assert learn_terms(Seer(1.0, 1), Seer(1.0, 2), []) == UNLEARNED


def test_terms_survive_in_a_bundle() -> None:
    terms = Terms(0.35, Chance(1.2, -0.1), Correction((0.1, 0.2, 0.3)))
    written = write_bundle(Bundle({"blend": part_of(terms)}, "a simulation", 1, 1))
    assert terms_of(read_bundle(written, "here")) == terms


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"weight": 0.5, "chance": [1.0, 0.0], "correction": [0.1]},
        {"weight": nan, "chance": [1.0, 0.0], "correction": [0.1, 0.1, 0.1]},
        {"weight": "much", "chance": [1.0, 0.0], "correction": [0.1, 0.1, 0.1]},
        {"weight": 0.5, "chance": 1.0, "correction": [0.1, 0.1, 0.1]},
    ],
)
def test_terms_of_another_version_are_refused(facts: dict[str, object]) -> None:
    with pytest.raises(PredictorError):
        terms_of(Bundle({"blend": Part({}, facts)}, "a simulation", 1, 1))


def test_a_course_holds_what_mixed_forecasts_say_at_each_horizon() -> None:
    terms = replace(UNLEARNED, correction=Correction((0.01, 0.02, -3.0)))
    horizons = (1.0, 7.0, 30.0, 365.0)
    skip = Skip("q", "never seen to run")
    known = [forecast(1_000, 0.5), forecast(4_000, 0.1), skip]
    for first in known:
        for second in known:
            blend = Blend(*(Steady(each) for each in (first, second)), terms)
            assert blend.courses([CASE], horizons) == Predictor.courses(blend, [CASE], horizons)


class Steady(Says):
    """The same, whatever the horizon."""

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        if isinstance(self.answer, Skip):
            return super().predict(cases, horizon_days)
        return tuple(replace(self.answer, horizon_days=horizon_days) for _ in cases)
