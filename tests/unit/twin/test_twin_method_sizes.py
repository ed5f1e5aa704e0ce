"""Sizes of hash, BRIN and GIN indexes; their agreement with real builds is a benchmark."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.backends.twin.sizes.expressions import unseen_distinct
from dbt_schema_evolve.backends.twin.sizes.gin import Elements, GinSize, gin_size
from dbt_schema_evolve.backends.twin.sizes.groups import Group
from dbt_schema_evolve.backends.twin.sizes.methods import brin_size, gist_pages, hash_pages
from dbt_schema_evolve.backends.twin.sizes.values import ValueShape

BIGINT = ValueShape(((8, 1.0),), alignment=8)


def test_a_hash_index_has_the_pages_that_postgres_says() -> None:
    # 200,000 distinct values: 822 pages; the same of which nine in ten are null: 770.
    assert hash_pages(2e5, 2e5, [Group(1, 2e5)]) == pytest.approx(822, rel=0.02)
    assert hash_pages(2e5, 2e4, [Group(1, 2e4)]) == 770


def test_equal_values_overflow_a_bucket() -> None:
    even = hash_pages(1e6, 1e6, [Group(1, 1e6)])
    one_key = hash_pages(1e6, 1e6, [Group(1, 1)])
    assert one_key > 1.4 * even


def test_a_brin_index_has_a_summary_for_each_range() -> None:
    assert brin_size(1000, [BIGINT], [""]).pages == 3
    coarse, fine = (brin_size(10**6, [BIGINT], [""], pages) for pages in (128, 4))
    assert fine.pages > 20 * coarse.pages
    assert coarse.revmap_pages == 6  # 7,813 ranges, 1,360 a page


def test_summaries_of_many_values_take_more() -> None:
    plain, multi, bloom = (
        brin_size(10**6, [BIGINT], [name]).pages
        for name in ("", "int8_minmax_multi_ops", "int8_bloom_ops")
    )
    assert plain < multi < bloom


def test_a_gist_index_grows_with_its_rows() -> None:
    assert gist_pages(0, [BIGINT]) == 1
    assert gist_pages(1e6, [BIGINT]) > 9 * gist_pages(1e5, [BIGINT])


def test_an_element_of_many_rows_has_a_tree_of_its_own() -> None:
    rare = gin_size(10_000, [Elements(2, 50_000, 4)])
    common = gin_size(10_000, [Elements(50_000, 2, 4)])
    assert rare.data_pages == 0
    assert common.entry_pages == 1
    assert common.data_pages > 4
    assert rare.entries == 50_000


@given(st.integers(2, 10**6), st.integers(0, 1000), st.integers(1, 1000))
def test_counts_of_a_known_index_add_up_to_its_pages(
    pages: int, data_pages: int, entry_pages: int
) -> None:
    scaled = GinSize(entry_pages, data_pages, 5000).scaled_to(pages)
    assert abs(scaled.pages - pages) <= 1
    assert scaled.entry_pages >= 1
    assert scaled.entries >= 1


def test_what_a_sample_did_not_meet_is_counted_too() -> None:
    all_met = Counter({"a": 9, "b": 7, "c": 8})
    none_twice = Counter("abcdefgh")
    some_twice = Counter("aabbcdefghijkl")
    assert unseen_distinct(all_met, 1e6) == 3
    assert unseen_distinct(none_twice, 1e6) == 1e6
    assert 12 < unseen_distinct(some_twice, 1e6) < 60
