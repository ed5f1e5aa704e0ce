"""Bytes of values side by side, against laying out every combination one by one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.backends.twin.sizes.values import (
    SHORT_BYTES,
    ValueShape,
    aligned_bytes,
    all_present,
)


@st.composite
def values(draw: st.DrawFn) -> ValueShape:
    lengths = draw(st.lists(st.integers(1, 200), min_size=1, max_size=3, unique=True))
    weights = draw(st.lists(st.integers(1, 5), min_size=len(lengths), max_size=len(lengths)))
    nulls = draw(st.integers(0, 3))
    total = sum(weights) + nulls
    shares = tuple((n, w / total) for n, w in zip(lengths, weights, strict=True))
    return ValueShape(shares, draw(st.sampled_from([1, 2, 4, 8])), draw(st.booleans()))


def laid_out(columns: list[ValueShape]) -> float:
    """The mean over every combination of lengths, weighed by how likely it is."""
    choices = [(*column.lengths, (None, column.null_fraction)) for column in columns]
    mean = 0.0
    for combination in itertools.product(*choices):
        end, likely = 0, 1.0
        for column, (length, share) in zip(columns, combination, strict=True):
            likely *= share
            if length is not None:
                step = 1 if column.packs and length <= SHORT_BYTES else column.alignment
                end = -(-end // step) * step + length
        mean += likely * -(-end // 8) * 8
    return mean


@given(st.lists(values(), min_size=1, max_size=3))
def test_the_mean_is_that_of_all_combinations(columns: list[ValueShape]) -> None:
    assert aligned_bytes(columns) == pytest.approx(laid_out(columns))


def test_a_null_takes_nothing() -> None:
    half = ValueShape(((8, 0.5),), 8)
    assert aligned_bytes([half]) == 4
    assert half.null_fraction == 0.5
    assert half.mean_bytes == 8
    assert all_present([half, half]) == 0.25


def test_long_text_is_aligned_and_short_text_is_not() -> None:
    flag = ValueShape(((1, 1.0),), 1)
    short = ValueShape(((7, 1.0),), 4, packs=True)
    long = ValueShape(((132, 1.0),), 4, packs=True)
    assert aligned_bytes([flag, short]) == 8
    assert aligned_bytes([flag, long]) == 136
