"""The model that ships is small, knows its features by name, and says where it comes from."""

import pytest

from dbt_schema_evolve.backends.forecast_model import PRIOR, read_prior
from dbt_schema_evolve.features.causes import FEATURES
from dbt_schema_evolve.predict.bundle import Bundle, write_bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.table import GROWTH_FEATURES, is_size
from dbt_schema_evolve.predict.trees.trees import Trees, trees_of
from dbt_schema_evolve.records.forecasts import Forecast
from tests.fakes.fleet import case


@pytest.fixture(scope="module")
def prior() -> Bundle:
    return read_prior()


@pytest.fixture(scope="module")
def trees(prior: Bundle) -> Trees:
    return trees_of(prior)


def test_it_is_small(prior: Bundle) -> None:
    assert PRIOR.stat().st_size < 1_000_000
    assert sum(len(data) for data in write_bundle(prior).values()) < 2_500_000


def test_each_of_its_features_is_still_made(trees: Trees) -> None:
    made = {name for name in FEATURES if not is_size(name)} | set(GROWTH_FEATURES)
    assert set(trees.features) <= made
    for feature, kind in trees.causes.items():
        assert feature in GROWTH_FEATURES or FEATURES[feature].cause is kind


def test_it_knows_where_it_comes_from_and_how_good_it_was(prior: Bundle, trees: Trees) -> None:
    assert "simulated warehouses" in prior.origin
    assert prior.groups >= 50
    assert trees.figures["brier"] < 0.6 * trees.figures["brier_of_base_rate"]


def test_it_answers_about_a_case_of_which_it_knows_next_to_nothing(prior: Bundle) -> None:
    (answer,) = TreePredictor(prior).predict([case(growth=0.04, windows=1)], 7)
    assert isinstance(answer, Forecast)
    assert answer.predicted_low_us < answer.predicted_us < answer.predicted_high_us
