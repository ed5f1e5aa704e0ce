"""Projects are dealt out whole, fairly, and the same each time."""

from collections import Counter

from benchmarks.degradation.splits import splits

REGIMES = {f"p{n:03}": ("flat", "onset", "linear")[n % 3] for n in range(47)}


def test_no_project_is_in_two_parts_and_none_is_left_out() -> None:
    for split in splits(REGIMES, 1):
        assert not split.training & split.calibration
        assert not split.training & split.test
        assert not split.calibration & split.test
        assert split.training | split.calibration | split.test == set(REGIMES)


def test_each_project_is_tested_once() -> None:
    tested = Counter(name for split in splits(REGIMES, 1) for name in split.test)
    assert tested == dict.fromkeys(REGIMES, 1)


def test_parts_differ_by_one_project_of_a_regime_and_by_one_altogether() -> None:
    parts = [split.test for split in splits(REGIMES, 1)]
    assert max(map(len, parts)) - min(map(len, parts)) == 1
    for regime in set(REGIMES.values()):
        sizes = [sum(REGIMES[name] == regime for name in part) for part in parts]
        assert max(sizes) - min(sizes) <= 1


def test_another_seed_deals_otherwise_and_the_same_seed_does_not() -> None:
    assert splits(REGIMES, 1) == splits(dict(reversed(REGIMES.items())), 1)
    assert splits(REGIMES, 1) != splits(REGIMES, 2)
