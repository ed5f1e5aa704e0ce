"""Ratios of pairs, and an interval that holds for any noise."""

from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.records.trials import PairedTimes
from dbt_schema_evolve.validate.speed import compare

microseconds = st.integers(min_value=1, max_value=10**9)
pairs = st.lists(st.tuples(microseconds, microseconds), min_size=7, max_size=40)


def _times(values: list[tuple[int, int]]) -> PairedTimes:
    baseline, patched = zip(*values, strict=True)
    return PairedTimes("q", 1, baseline, patched)


def test_slow_moment_that_hits_both_of_a_pair_cancels() -> None:
    quiet = [(1000, 500)] * 6
    busy = [(9000, 4500)] * 5
    assert compare(_times(quiet + busy)).measured_ratio == 0.5


def test_eleven_pairs_drop_one_at_each_end() -> None:
    """P(X <= 1) for X ~ Binomial(11, 1/2) is 0.0059; P(X <= 2) is 0.033: rank 2 is too far in."""
    ratios = [(1000, 1000 + 10 * number) for number in range(11)]
    speed = compare(_times(ratios))
    assert (speed.ratio_low, speed.ratio_high) == (1.01, 1.09)


def test_too_few_pairs_claim_nothing() -> None:
    speed = compare(_times([(1000, 10)] * 5))
    assert (speed.ratio_low, speed.ratio_high) == (0.0, float("inf"))


@given(pairs)
def test_interval_holds_the_median(values: list[tuple[int, int]]) -> None:
    speed = compare(_times(values))
    assert speed.ratio_low <= speed.measured_ratio <= speed.ratio_high


@given(pairs, st.randoms())
def test_order_of_the_pairs_does_not_matter(values: list[tuple[int, int]], rng: object) -> None:
    shuffled = list(values)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert compare(_times(shuffled)) == compare(_times(values))
