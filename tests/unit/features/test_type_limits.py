"""What types hold, and which smaller one would do."""

import pytest

from dbt_schema_evolve.features.type_limits import (
    greatest_length,
    greatest_number,
    greatest_of,
    narrower_integers,
)


@pytest.mark.parametrize(
    ("type_name", "limit"),
    [
        ("smallint", 32_767),
        ("integer", 2_147_483_647),
        ("bigint", 9_223_372_036_854_775_807),
        ("numeric(5,0)", 99_999),
        ("numeric(12,2)", 9_999_999_999),
        ("numeric(3,-2)", 99_999),
        ("numeric", None),
        ("numeric(2,2)", None),
        ("numeric(3,5)", None),
        ("text", None),
        ("integer[]", None),
        ("character varying(5)", None),
        ("", None),
    ],
)
def test_a_type_holds_whole_numbers_up_to_its_limit(type_name: str, limit: int | None) -> None:
    assert greatest_number(type_name) == limit


@pytest.mark.parametrize(
    ("type_name", "limit"),
    [("character varying(20)", 20), ("character varying", None), ("text", None), ("integer", None)],
)
def test_a_text_holds_as_many_characters_as_its_type_says(type_name: str, limit: int) -> None:
    assert greatest_length(type_name) == limit


@pytest.mark.parametrize(
    ("type_name", "bits", "name"),
    [
        ("bigint", 15, "smallint"),
        ("bigint", 16, "integer"),
        ("bigint", 31, "integer"),
        ("bigint", 32, None),
        ("integer", 15, "smallint"),
        ("integer", 16, None),
        ("smallint", 3, None),
        ("numeric(18,0)", 34, "bigint"),
        ("numeric(18,0)", 64, None),
        ("numeric(18,2)", 3, None),  # may hold fractions
        ("numeric", 3, None),
        ("text", 3, None),
    ],
)
def test_the_smallest_integer_type_that_would_do(
    type_name: str, bits: int, name: str | None
) -> None:
    found = list(narrower_integers(type_name, bits))
    assert (found[0][0] if found else None) == name
    for narrower, held_bits in found:
        assert greatest_of(held_bits) == greatest_number(narrower)
