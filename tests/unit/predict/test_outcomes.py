"""What measured outcomes teach: features, training, the bundle's files, calibration."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy import array

from dbt_schema_evolve.backends.belief import read_prior
from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.outcomes.belief import UNTOUCHED, Belief
from dbt_schema_evolve.predict.outcomes.bundle import Bundle, read_bundle, write_bundle
from dbt_schema_evolve.predict.outcomes.calibration import UNCHANGED, calibrate
from dbt_schema_evolve.predict.outcomes.features import FEATURES, own_costs, pair_features
from dbt_schema_evolve.predict.outcomes.training import MIN_OUTCOMES, retrain, train
from dbt_schema_evolve.records.outcomes import Label, Outcome, Plan
from dbt_schema_evolve.records.plans import PlanNode


def scan(cost: float = 1000.0) -> Plan:
    return (PlanNode(0, "Seq Scan", None, None, 10_000.0, 8, 0.0, cost),)


def lookups(loops: float, cost_of_one: float = 0.5) -> Plan:
    """A nested loop that looks one row up for each row of its outer side."""
    outer = 50.0
    return (
        PlanNode(0, "Nested Loop", None, None, loops, 8, 0.0, outer + loops * cost_of_one),
        PlanNode(1, "Seq Scan", None, None, loops, 8, 0.0, outer),
        PlanNode(1, "Index Scan", None, None, 1.0, 8, 0.0, cost_of_one, loops),
    )


def learned(count: int = 200) -> list[Outcome]:
    """A world in which few lookups are a gain, and many a regression, whatever they cost."""
    rng = Random(7)
    outcomes = []
    for number in range(count):
        loops = rng.choice((10.0, 40.0, 900.0, 1800.0))
        ratio = 0.2 if loops < 100 else 3.0
        outcomes.append(
            Outcome(f"q{number % 20}", scan(2000.0), lookups(loops), ratio, ratio, ratio)
        )
    return outcomes


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return train(learned(), "a made-up world")


@pytest.fixture(scope="module")
def files(bundle: Bundle) -> Mapping[str, bytes]:
    return write_bundle(bundle)


def test_an_outcome_is_labelled_only_where_it_is_certain() -> None:
    outcome = Outcome("q", scan(), lookups(10), 1.3, 1.05, 1.5)
    assert outcome.label is Label.REGRESSION
    assert replace(outcome, ratio_low=0.95).label is Label.NEUTRAL
    assert replace(outcome, measured_ratio=1.08).label is Label.NEUTRAL
    assert Outcome("q", scan(), lookups(10), 0.5, 0.4, 0.9).label is Label.GAIN
    assert Outcome("q", scan(), lookups(10), 0.5, 0.4, 1.1).label is Label.NEUTRAL


def test_a_node_owns_what_it_adds_to_those_below_it_in_all_their_loops() -> None:
    assert own_costs(lookups(100)) == pytest.approx([0.0, 50.0, 50.0])


def test_a_limit_that_stops_early_owns_nothing_rather_than_less() -> None:
    limit = PlanNode(0, "Limit", None, None, 1.0, 8, 0.0, 5.0)
    assert own_costs((limit, replace(scan()[0], depth=1))) == [0.0, 1000.0]


def test_each_feature_has_a_name_and_two_equal_plans_differ_in_none() -> None:
    values = dict(zip(FEATURES, pair_features(lookups(40), lookups(40)), strict=True))
    assert all(values[name] == 0 for name in FEATURES if name.endswith("_ratio"))
    assert all(values[name] == 0 for name in FEATURES if name.startswith("more_"))


def test_plans_that_cost_nothing_have_features_too() -> None:
    free = (PlanNode(0, "Result", None, None, 0.0, 0, 0.0, 0.0),)
    assert all(abs(value) < 100 for value in pair_features(free, free))


def test_what_was_measured_is_believed_over_what_was_estimated(bundle: Bundle) -> None:
    belief = Belief(bundle)
    assert belief.chances(scan(2000.0), lookups(20)).gain > 0.5
    assert belief.chances(scan(2000.0), lookups(1500)).regression > 0.5  # at 0.4 of the cost


def test_a_plan_that_stays_is_no_risk(bundle: Bundle) -> None:
    assert Belief(bundle).chances(scan(), scan()) == UNTOUCHED
    assert Belief(bundle).chances((), scan()) == UNTOUCHED


@given(loops=st.floats(1, 1e7), cost=st.floats(0.01, 1e9))
def test_chances_add_up_to_one(loops: float, cost: float) -> None:
    found = Belief(read_prior()).chances(scan(cost), lookups(loops))
    assert found.gain + found.neutral + found.regression == pytest.approx(1.0)
    assert min(found.gain, found.neutral, found.regression) >= 0


@given(
    row=st.lists(st.floats(-20, 20), min_size=len(FEATURES), max_size=len(FEATURES)),
    dearer=st.floats(0, 10),
)
def test_what_the_planner_holds_to_be_dearer_is_never_the_smaller_risk(
    row: list[float], dearer: float
) -> None:
    belief = Belief(read_prior())
    more = [row[0] + dearer, *row[1:]]
    assert FEATURES[0] == "log_cost_ratio"
    slower = belief._slower.predict(array([row, more]))
    faster = belief._faster.predict(array([row, more]))
    assert slower[0] <= slower[1]
    assert faster[0] >= faster[1]


def test_training_twice_gives_the_same_bytes(files: Mapping[str, bytes]) -> None:
    assert write_bundle(train(learned(), "a made-up world")) == files


def test_a_bundle_comes_back_from_its_files(bundle: Bundle, files: Mapping[str, bytes]) -> None:
    assert read_bundle(files, "here") == bundle


@pytest.mark.parametrize("name", ["slower.txt", "faster.txt"])
def test_a_model_that_was_edited_is_refused(files: Mapping[str, bytes], name: str) -> None:
    edited = {**files, name: files[name].replace(b"leaf_value=", b"leaf_value=9", 1)}
    with pytest.raises(PredictorError, match=f"{name} is not the file of its manifest"):
        read_bundle(edited, "here")


def test_a_model_for_other_numbers_is_refused(
    files: Mapping[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbt_schema_evolve.predict.outcomes.bundle.FEATURES", FEATURES[:-1])
    with pytest.raises(PredictorError, match="another version's numbers"):
        read_bundle(files, "here")


def test_the_prior_that_ships_is_small_and_knows_where_it_comes_from() -> None:
    prior = read_prior()
    assert sum(len(data) for data in write_bundle(prior).values()) <= 300_000
    assert "TPC-H" in prior.origin
    assert prior.outcomes >= 500


def test_a_few_outcomes_of_ones_own_leave_the_prior_as_it_is() -> None:
    prior = read_prior()
    assert retrain(prior, learned(MIN_OUTCOMES - 1)) is prior


def test_many_outcomes_of_ones_own_correct_the_prior() -> None:
    prior = read_prior()
    own = retrain(prior, learned())
    after = lookups(1500)
    risk = Belief(own).chances(scan(2000.0), after).regression
    assert risk > Belief(prior).chances(scan(2000.0), after).regression
    assert own.outcomes == prior.outcomes + 200


def test_costs_are_fitted_to_what_changes_were_measured_to_do() -> None:
    rng = Random(3)
    outcomes = []
    for number in range(40):  # a machine on which what an index fetches takes half its price
        loops = rng.uniform(200, 3000)
        ratio = (50 + loops * 0.5 * 0.5) / 1000
        outcomes.append(Outcome(f"q{number}", scan(), lookups(loops), ratio, ratio, ratio))
    assert calibrate(outcomes).random_factor == pytest.approx(0.5)
    assert dict(calibrate(outcomes).settings)["random_page_cost"] == "2"


def test_few_outcomes_leave_the_costs_as_they_are() -> None:
    assert calibrate(learned(19)) == UNCHANGED
    assert dict(UNCHANGED.settings)["random_page_cost"] == "4"
