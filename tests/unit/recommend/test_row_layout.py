"""How rows lie, by hand where that is possible: headers, boundaries, nulls."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.recommend.row_width import (
    Field,
    btree_bytes,
    entry_bytes,
    field,
    row_bytes,
    table_bytes,
)


def parts(*kinds: str, width: int = 9, nulls: float | None = 0.0) -> list[Field]:
    found = [field(kind, width, nulls) for kind in kinds]
    return [each for each in found if each is not None]


@pytest.mark.parametrize(
    ("kinds", "length"),
    [
        ([], 24),
        (["boolean"], 32),
        (["bigint", "bigint"], 40),
        (["integer", "bigint"], 40),  # four bytes of padding
        (["integer", "integer", "bigint"], 40),
        (["smallint", "integer", "smallint"], 40),  # 2 + 2 of padding + 4 + 2
        (["smallint", "smallint", "integer"], 32),
        (["boolean", "uuid", "boolean"], 48),  # a uuid may begin anywhere
        (["timestamp(3) without time zone", "date", "real"], 40),
        (["integer"] * 9, 64),  # nine columns and no null: no bitmap
    ],
)
def test_a_row_is_as_long_as_the_manual_says(kinds: list[str], length: int) -> None:
    assert row_bytes(parts(*kinds)) == length


def test_a_null_takes_nothing_but_its_bit() -> None:
    assert row_bytes(parts("bigint", nulls=1.0)) == 24
    assert row_bytes(parts(*["bigint"] * 9, nulls=1.0)) == 32
    assert row_bytes(parts("bigint", nulls=0.5)) == 28


def test_an_enum_is_four_bytes_and_an_unknown_type_as_long_as_its_values() -> None:
    assert field("shop.status", 4, 0.0) == Field(((4, 1.0),), 4)
    wide = field("shop.geometry", 32, 0.0)
    assert wide is not None
    assert wide.boundary == 1
    assert field("shop.geometry", None, 0.0) is None
    assert field("integer", None, None) == Field(((4, 1.0),), 4)


@pytest.mark.parametrize("nulls", [nan, -1.0, 7.0, None])
def test_a_share_of_nulls_that_is_none_counts_as_no_nulls(nulls: float | None) -> None:
    assert row_bytes(parts("bigint", nulls=nulls)) == 32


def test_entries_of_one_or_two_integers_are_sixteen_bytes() -> None:
    assert entry_bytes(parts("smallint")) == entry_bytes(parts("bigint")) == 16
    assert entry_bytes(parts("integer", "integer")) == 16
    assert entry_bytes(parts("bigint", "integer")) == 24


def test_no_rows_take_no_pages_and_a_row_wider_than_a_page_takes_one() -> None:
    assert (table_bytes(0, 32), btree_bytes(0, 16)) == (0, 0)
    assert table_bytes(3, 9_000) == 3 * 8192


kinds = st.sampled_from(["boolean", "smallint", "integer", "bigint", "uuid", "text", "numeric"])
shapes = st.lists(st.builds(field, kinds, st.integers(0, 300), st.floats(0, 1)), max_size=12)


@given(shapes)
def test_a_row_is_at_least_its_values_and_at_most_seven_bytes_more_for_each(
    found: list[Field],
) -> None:
    values = sum(
        (1 - each.null_ratio) * sum(width * often for width, often in each.widths) for each in found
    )
    length = row_bytes(found)
    assert 24 + values - 1e-6 <= length <= 32 + values + 7 * (len(found) + 1) + 1e-6


@given(shapes, st.integers(0, 10**9), st.integers(0, 10**9))
def test_more_rows_never_take_fewer_pages(found: list[Field], some: int, more: int) -> None:
    length = row_bytes(found)
    assert table_bytes(some, length) <= table_bytes(some + more, length)
