"""The size model's own facts; its agreement with real builds is in tests/postgres."""

import pytest

from dbt_schema_evolve.backends.twin.sizes.btree import btree_size, heap_pages
from dbt_schema_evolve.backends.twin.sizes.groups import Group, column_groups, combined_groups
from dbt_schema_evolve.backends.twin.sizes.values import ValueShape
from dbt_schema_evolve.records.catalog import ColumnStatistics

INTEGER = ValueShape(((4, 1.0),), alignment=4)
INDEPENDENT = (1.0, 1.0)


def column(n_distinct: float, nulls: float = 0.0, *common: float) -> ColumnStatistics:
    return ColumnStatistics(
        "c", False, nulls, 4, n_distinct, most_common_frequencies=common or None
    )


def test_ten_million_integers_take_what_postgres_says() -> None:
    # `create table t as select generate_series(1, 10000000); create index on t`: 27,422 pages.
    size = btree_size(1e7, [INTEGER], column_groups(column(-1), 1e7))
    assert size.pages == pytest.approx(27_422, rel=0.01)
    assert size.height == 2


def test_equal_keys_are_stored_once() -> None:
    few = btree_size(1e6, [INTEGER], column_groups(column(10), 1e6))
    many = btree_size(1e6, [INTEGER], column_groups(column(-1), 1e6))
    plain = btree_size(1e6, [INTEGER], None)
    assert few.pages < many.pages / 2.5
    assert many == plain


def test_a_negative_share_of_distinct_values_is_a_share_of_the_rows() -> None:
    assert column_groups(column(-0.5), 1000) == column_groups(column(500), 1000)


def test_an_empty_index_has_its_first_page_alone() -> None:
    assert btree_size(0, [INTEGER], None).pages == 1


def test_shares_of_groups_add_up_to_all_rows() -> None:
    one = column_groups(column(100, 0.25, 0.2, 0.1), 5000)
    other = column_groups(column(-0.3, 0.0, 0.5), 5000)
    for groups in (one, other, combined_groups([one, other], [1.0], 5000)):
        assert sum(group.share for group in groups) == pytest.approx(1)
        assert all(group.distinct >= 1 for group in groups)


def test_columns_together_have_no_more_groups_than_rows() -> None:
    wide = column_groups(column(-1), 1000)
    groups = combined_groups([wide, wide, wide], INDEPENDENT, 1000)
    assert sum(group.distinct for group in groups) <= 1000


def test_two_columns_of_few_values_have_the_product_of_them() -> None:
    groups = combined_groups([[Group(1, 7)], [Group(1, 5)]], [1.0], 1e6)
    assert sum(group.distinct for group in groups) == pytest.approx(35)


def test_columns_that_hang_together_form_fewer_groups() -> None:
    days = [Group(1, 1000)]
    free = combined_groups([days, days], [1.0], 1e7)
    tied = combined_groups([days, days], [0.03], 1e7)
    assert sum(group.distinct for group in free) == pytest.approx(1e6, rel=0.01)
    assert sum(group.distinct for group in tied) == pytest.approx(30_000)


def test_columns_are_together_as_distinct_as_the_most_distinct_of_them() -> None:
    serial, low = [Group(1, 1000)], [Group(1, 20)]
    for pairs in (1.0, 0.001):
        groups = combined_groups([low, serial], [pairs], 1000)
        assert sum(group.distinct for group in groups) >= 1000


def test_three_columns_of_many_common_values_stay_few_groups() -> None:
    hundred = column_groups(column(5000, 0.0, *(0.005,) * 100), 1e6)
    assert len(combined_groups([hundred] * 3, INDEPENDENT, 1e6)) <= 201


def test_a_table_of_one_integer_takes_what_postgres_says() -> None:
    # `create table t as select generate_series(1, 10000000)`: 44,248 pages.
    assert heap_pages(1e7, [INTEGER]) == pytest.approx(44_248, rel=0.01)
