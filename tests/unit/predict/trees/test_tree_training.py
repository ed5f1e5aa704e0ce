"""Trees learn the same from the same examples, and say how good they are on what they never saw."""

from collections.abc import Callable
from dataclasses import replace
from math import exp, nan

import numpy as np
import pytest

from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.table import (
    HORIZONS,
    case_rows,
    is_size,
    projected_log_ratio,
    table,
)
from dbt_schema_evolve.predict.trees.training import fine_tune, train
from dbt_schema_evolve.predict.trees.trees import Trees, part_of, trees_of
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import CauseKind, FeatureVector, Forecast
from tests.fakes.fleet import TODAY, case, cause_of, examples, log_ratio


def test_the_same_examples_give_the_same_trees() -> None:
    assert train(examples(12), cause_of) == train(examples(12), cause_of)


def test_figures_are_of_groups_that_were_not_learned_from(trees: Trees) -> None:
    assert trees.figures["brier"] < 0.2 * trees.figures["brier_of_base_rate"]
    assert 0.7 < trees.figures["coverage_uncorrected"] < 0.9  # seen intervals would look better


def test_each_feature_knows_what_it_speaks_of(trees: Trees) -> None:
    assert trees.causes["bloat_growth_per_day"] is CauseKind.BLOAT
    assert trees.causes["projected_log_ratio"] is CauseKind.GROWTH
    assert "windows" not in trees.causes


def test_trees_come_back_from_a_bundle(trees: Trees, bundle: Bundle) -> None:
    assert trees_of(bundle) == trees


def test_a_bundle_of_four_ensembles_is_small(trees: Trees) -> None:
    assert sum(len(data) for data in part_of(trees).files.values()) < 3_000_000


def test_own_history_corrects_a_prior(trees: Trees) -> None:
    """A warehouse in which dead rows do no harm, because nobody scans them."""

    def harmless(example: Example) -> Example:
        bloat = dict(example.case.features.values)["bloat_growth_per_day"]
        still = Outcome(False, None, dict.fromkeys(HORIZONS, 0.0))
        return replace(example, outcome=still) if bloat else example

    tuned = fine_tune(trees, map(harmless, examples(30, seed=2)))
    before, after = (said(each)(case(bloat=0.08)) for each in (trees, tuned))
    assert after.predicted_probability is not None
    assert before.predicted_probability is not None
    assert after.predicted_probability < 0.5 < before.predicted_probability
    assert after.predicted_ratio < before.predicted_ratio
    assert tuned.features == trees.features


def said(trees: Trees) -> Callable[..., Forecast]:
    predictor = TreePredictor(Bundle({"trees": part_of(trees)}, "", 0, 0))

    def one(asked: object) -> Forecast:
        (answer,) = predictor.predict([asked], 7)  # type: ignore[list-item]
        assert isinstance(answer, Forecast)
        return answer

    return one


def test_a_short_history_leaves_the_prior_as_it_is(trees: Trees) -> None:
    assert fine_tune(trees, examples(2, 10)) == trees
    assert fine_tune(trees, ()) == trees


def test_a_table_holds_a_row_an_example_and_one_for_every_second_horizon() -> None:
    known = table(examples(2, 4))
    assert known.rows.shape == (8, len(known.names))
    assert known.names == tuple(sorted(known.names))
    assert known.future.example.tolist() == [n for n in range(8) for _ in range(3)]
    assert known.future.horizon.tolist()[:6] == [1.0, 7.0, 21.0, 3.0, 14.0, 30.0]
    assert known.at_horizons(known.future).shape == (24, len(known.names) + 2)


def test_projects_are_left_out_together_or_else_subjects_or_stretches_of_time() -> None:
    assert set(table(examples(6, 2)).groups) == {f"p{number}" for number in range(6)}
    assert set(table(examples(4, 8)).groups) == {f"q{number}" for number in range(8)}
    assert table(examples(4, 2)).groups == tuple("00112334")


def test_one_warehouse_of_few_subjects_is_enough_to_learn_from() -> None:
    one = [replace(example, group="mine") for example in examples(200, 3)]
    assert train(one, cause_of).figures["brier"] < 0.05


def asked(example: Example, *, differs: bool) -> Example:
    """The same, with a planner that was asked, and was right."""
    values = (*example.case.features.values, ("outlook_age_days", 0.0),
              ("plan_differs_7", float(differs)))  # fmt: skip
    features = replace(example.case.features, values=values)
    return replace(
        example,
        case=replace(example.case, features=features),
        outcome=replace(example.outcome, flipped={7: differs, 14: differs}),
    )


def test_a_change_of_plan_is_as_likely_as_it_was_elsewhere() -> None:
    known = [
        asked(example, differs=number % 5 == 0) if number % 2 else example
        for number, example in enumerate(examples(20, 20))
    ]
    predictor = TreePredictor(Bundle({"trees": part_of(train(known, cause_of))}, "", 0, 0))
    never_asked, still, flips = (
        answer.flip_probability
        for answer in predictor.predict(
            [
                known[0].case,
                asked(known[0], differs=False).case,
                asked(known[0], differs=True).case,
            ],
            7.0,
        )
        if isinstance(answer, Forecast)
    )
    assert never_asked is None
    assert still is not None
    assert flips is not None
    assert still < 0.05 < 0.9 < flips


def test_where_no_plan_was_ever_looked_at_again_nothing_is_said_of_flips(trees: Trees) -> None:
    assert trees.flips == ""
    assert said(trees)(asked(next(examples()), differs=True).case).flip_probability is None


def test_without_any_outcome_there_is_nothing_to_learn_from() -> None:
    for known in ((), [Example("p", case(), Outcome(None, None, {}))] * 50):
        with pytest.raises(PredictorError, match="nothing to learn from"):
            train(known, cause_of)


def test_where_nothing_ever_degraded_it_is_held_to_be_unlikely() -> None:
    calm = [
        replace(example, outcome=replace(example.outcome, degraded=False))
        for example in examples(20)
    ]
    found = said(train(calm, cause_of))(case(growth=0.08))
    assert found.predicted_probability is not None
    assert found.predicted_probability < 0.01
    assert found.predicted_ratio > 1.3


def test_what_is_not_known_is_no_number() -> None:
    unscored = Example("p", case(), Outcome(None, None, {7: nan}))
    known = table([unscored], names=("bloat_growth_per_day", "never_heard_of"))
    assert known.rows.tolist()[0][0] == 0.0
    assert np.isnan(known.rows[0, 1])
    assert np.isnan(known.degraded[0])
    assert len(known.future.came) == 0


def test_a_case_has_the_row_that_its_example_had() -> None:
    made = [each.case for each in examples(3, 5)]
    known = table(examples(3, 5))
    np.testing.assert_array_equal(case_rows(made, known.names), known.rows)


@pytest.mark.parametrize("days", [7.0, 30.0])
def test_a_projection_follows_the_driver(days: float) -> None:
    growing = case(growth=0.04)
    assert exp(projected_log_ratio(growing, days)) == pytest.approx(exp(log_ratio(growing, days)))
    assert np.isnan(projected_log_ratio(replace(growing, driver=None), days))


def test_a_table_that_shrinks_is_never_projected_to_nothing() -> None:
    assert projected_log_ratio(case(growth=-0.5), 30) == pytest.approx(np.log(0.05))


@pytest.mark.parametrize(
    ("feature", "is_one"),
    [
        ("driver_log_rows", True),
        ("largest_log_bytes", True),
        ("log_blocks_level", True),
        ("plan_log_cost", True),
        ("log_us_level", False),  # nobody notices a degradation below a millisecond
        ("driver_log_rows_change_7", False),
        ("log_rows_slope_per_day", False),
        ("plan_log_cost_ratio_7", False),
    ],
)
def test_sizes_of_a_warehouse_are_told_from_how_they_move(feature: str, is_one: bool) -> None:
    assert is_size(feature) is is_one


def test_trees_never_see_how_large_a_warehouse_is() -> None:
    sized = replace(
        case(), features=FeatureVector("q", TODAY, (("bloat", 0.1), ("driver_log_rows", 20.0)))
    )
    names = table([Example("p", sized, Outcome(None, None, {}))]).names
    assert "bloat" in names
    assert "driver_log_rows" not in names
