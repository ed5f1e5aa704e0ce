"""Who won a training is kept in one file, and speaks from then on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dbt_schema_evolve.backends.forecast_model import read_prior, write_model
from dbt_schema_evolve.bootstrap import predictors
from dbt_schema_evolve.bootstrap.predictors import candidates, own_bundle, write_winner
from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.features.causes import FEATURES
from dbt_schema_evolve.predict.trees.trees import NAME as TREES
from dbt_schema_evolve.records.backtests import Training
from dbt_schema_evolve.records.examples import Example
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.workflows.train import NEED, OWN
from tests.fakes.fleet import case, examples

TRAINING = Training(NEED, NEED, (), (), "pr_auc", OWN, "it won the back-test: PR-AUC 0.61")


def learned_from() -> tuple[Example, ...]:
    """The made-up fleet, as far as features go that are real."""
    found = []
    for each in examples(12, 25):
        known = tuple(
            (name, value) for name, value in each.case.features.values if name in FEATURES
        )
        features = replace(each.case.features, values=known)
        found.append(replace(each, case=replace(each.case, features=features)))
    return tuple(found)


def test_an_own_model_that_won_speaks_with_its_reason_and_knows_what_it_learned_from(
    tmp_path: Path,
) -> None:
    path = write_winner(tmp_path, TRAINING, own_bundle(learned_from()))
    assert path == tmp_path / predictors.NAME
    learned = candidates(tmp_path).learned
    assert learned is not None
    assert (learned.name, learned.reason) == (OWN, TRAINING.reason)
    assert learned.population is not None
    assert {"driver_growth_ratio_per_day"} <= {each.feature for each in learned.population.bins}
    (answer,) = learned.predictor.predict([case(growth=0.05)], 30.0)
    assert isinstance(answer, Forecast)


def test_a_baseline_that_won_speaks_instead_of_what_ships(tmp_path: Path) -> None:
    write_winner(tmp_path, replace(TRAINING, winner="linear trend"), None)
    found = candidates(tmp_path)
    assert found.learned is None
    assert (found.baseline, found.reason) == ("linear trend", TRAINING.reason)


def test_a_later_training_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    for winner in ("linear trend", "persistence"):
        write_winner(tmp_path, replace(TRAINING, winner=winner), None)
    assert candidates(tmp_path).baseline == "persistence"
    assert [each.name for each in tmp_path.iterdir()] == [predictors.NAME]


def test_a_winner_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    write_winner(tmp_path, replace(TRAINING, winner="a crystal ball"), None)
    with pytest.raises(PredictorError, match="crystal ball"):
        candidates(tmp_path)


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        (lambda names: [*names[:-1], "moon_phase"], "asks for moon_phase"),
        (lambda names: names[:-1], "other features than it lists"),
        (lambda names: names[::-1], "other features than it lists"),
    ],
)
def test_a_model_with_the_features_of_another_version_is_refused(
    tmp_path: Path, features: Callable[[list[str]], list[str]], reason: str
) -> None:
    prior = read_prior()
    trees = prior.parts[TREES]
    other = replace(trees, facts={**trees.facts, "features": features(trees.facts["features"])})
    model = tmp_path / "model.zip"
    write_model(replace(prior, parts={**prior.parts, TREES: other}), model)
    with pytest.raises(PredictorError, match=reason) as refused:
        candidates(tmp_path, model)
    assert "another version" in refused.value.problem


def test_a_file_in_which_a_byte_was_changed_is_refused(tmp_path: Path) -> None:
    path = write_winner(tmp_path, replace(TRAINING, winner="persistence"), None)
    held = bytearray(path.read_bytes())
    held[len(held) // 3] ^= 1
    path.write_bytes(bytes(held))
    with pytest.raises(PredictorError):
        candidates(tmp_path)
