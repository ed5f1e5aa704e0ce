"""Corrected intervals hold the share of outcomes that they claim, on groups never seen."""

from random import Random

import numpy as np
import pytest

from dbt_schema_evolve.predict.conformal import Correction, correction, misses

COVERAGE = 0.9


def outcomes(groups: int, seed: int, each: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Each group has a noise of its own; the interval is as if all had that of 1."""
    rng = Random(seed)
    noises = [rng.choice((0.5, 1.0, 2.0)) for _ in range(groups)]
    found = np.array([rng.gauss(0, noise) for noise in noises for _ in range(each)])
    return found, np.repeat(np.arange(groups), each)


def test_groups_that_were_never_seen_are_covered() -> None:
    held = []
    for seed in range(20):
        seen, groups = outcomes(60, seed)
        ends = np.full(len(seen), 1.645)
        missed = misses(-ends, ends, seen)
        wider = correction(np.full(len(seen), 7.0), missed, groups, COVERAGE).at(7)
        unseen, _ = outcomes(60, seed + 1000)
        held.append(float(np.mean(np.abs(unseen) <= 1.645 + wider)))
    assert np.mean(held) == pytest.approx(COVERAGE, abs=0.02)


def test_each_band_of_horizons_has_its_own_correction() -> None:
    horizons = np.repeat([1.0, 7.0, 30.0], 100)
    missed = np.concatenate([np.linspace(-1, band, 100) for band in (0.0, 1.0, 2.0)])
    found = correction(horizons, missed, np.tile(np.arange(100), 3), COVERAGE)
    assert found.by_band[0] < found.by_band[1] < found.by_band[2]
    assert found.at(2.5) == found.at(1) == found.by_band[0]
    assert found.at(4) == found.by_band[1]
    assert found.at(21) == found.at(90) == found.by_band[2]


def test_a_group_with_a_thousand_outcomes_counts_as_much_as_one_with_ten() -> None:
    missed = np.concatenate([np.full(1000, 9.0), np.full(190, 0.0)])
    groups = np.concatenate([np.zeros(1000), 1 + np.arange(190) % 19])
    assert correction(np.full(1190, 7.0), missed, groups.astype(int), COVERAGE).at(7) == 0.0


def test_few_groups_make_the_worst_miss_the_correction_and_none_makes_none() -> None:
    missed = np.array([0.1, 0.2, 5.0])
    horizons = np.full(3, 7.0)
    assert correction(horizons, missed, np.array([0, 0, 1]), COVERAGE).at(7) == 5.0
    assert correction(horizons, missed, np.array([0, 0, 1]), COVERAGE).at(30) == 0.0


def test_intervals_that_were_too_wide_get_narrower() -> None:
    missed = np.linspace(-2, -1, 200)
    found = correction(np.full(200, 7.0), missed, np.arange(200), COVERAGE)
    assert found == Correction((0.0, found.by_band[1], 0.0))
    assert found.at(7) < -1


def test_a_miss_is_measured_from_the_nearer_end() -> None:
    low, high = np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0])
    assert misses(low, high, np.array([-0.5, 0.25, 3.0])).tolist() == [0.5, -0.25, 2.0]
