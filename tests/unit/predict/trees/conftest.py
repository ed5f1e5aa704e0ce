"""Trees that learned from the made-up fleet, once for all tests."""

from collections.abc import Callable

import pytest

from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.training import train
from dbt_schema_evolve.predict.trees.trees import Trees, part_of
from dbt_schema_evolve.records.forecasts import Case, Forecast
from tests.fakes.fleet import cause_of, examples, seen_briefly


@pytest.fixture(scope="session")
def trees() -> Trees:
    return train((*examples(), *seen_briefly()), cause_of)


@pytest.fixture(scope="session")
def bundle(trees: Trees) -> Bundle:
    return Bundle({"trees": part_of(trees)}, "a made-up fleet", examples=1000, groups=40)


@pytest.fixture(scope="session")
def predictor(bundle: Bundle) -> TreePredictor:
    return TreePredictor(bundle)


@pytest.fixture(scope="session")
def foretold(predictor: TreePredictor) -> Callable[[Case, float], Forecast]:
    def one(case: Case, horizon_days: float = 7.0) -> Forecast:
        (answer,) = predictor.predict([case], horizon_days)
        assert isinstance(answer, Forecast), answer
        return answer

    return one
