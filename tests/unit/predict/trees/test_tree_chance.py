"""A probability means what it says."""

from random import Random

import numpy as np
import pytest

from dbt_schema_evolve.predict.trees.chance import brier, chance


def scored(count: int, slope: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose true log-odds are `slope` times what they say, less 2."""
    rng = Random(seed)
    scores = np.array([rng.gauss(0, 2) for _ in range(count)])
    odds = slope * scores - 2
    truth = np.array([rng.random() < 1 / (1 + np.exp(-each)) for each in odds], np.float32)
    return scores, truth


def test_an_overconfident_score_is_brought_down_to_what_comes_true() -> None:
    scores, truth = scored(20_000, 0.5)
    found = chance(scores, truth)
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.offset == pytest.approx(-2, abs=0.1)
    said = found(scores)
    assert said[said > 0.4].mean() == pytest.approx(truth[said > 0.4].mean(), abs=0.03)


def test_the_order_of_scores_is_kept() -> None:
    scores, truth = scored(500, 1.0)
    found = chance(scores, truth)
    assert (np.diff(found(np.sort(scores))) >= 0).all()


def test_a_score_that_misleads_is_not_believed() -> None:
    scores, truth = scored(2_000, -1.0)
    found = chance(scores, truth)
    assert found.slope == 0
    assert found(scores)[0] == pytest.approx(truth.mean(), abs=0.01)


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_where_all_answers_are_alike_another_remains_possible(answer: float) -> None:
    scores = np.linspace(-3, 3, 50)
    said = chance(scores, np.full(50, answer, np.float32))(scores)
    assert ((said > 0.001) & (said < 0.999)).all()


def test_a_score_that_has_always_been_right_may_still_be_wrong() -> None:
    scores = np.linspace(-3, 3, 100)
    said = chance(scores, (scores > 0).astype(np.float32))(scores)
    assert said.max() < 0.9999


def test_the_brier_score_of_a_coin_is_a_quarter() -> None:
    assert brier(np.full(4, 0.5), np.array([0, 1, 1, 0], np.float32)) == 0.25
