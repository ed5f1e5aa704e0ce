"""Sizes are read as people write them, or not at all."""

import pytest

from dbt_schema_evolve.records.sizes import bytes_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("8192", 8192), ("500MB", 500 << 20), ("1.5 gb", 3 << 29), ("7B", 7), ("2kB", 2048)],
)
def test_size_becomes_bytes(text: str, expected: int) -> None:
    assert bytes_of(text) == expected


@pytest.mark.parametrize("text", ["", "MB", "-5MB", "5 parsecs", "1.2.3MB", "²MB", "1e9"])
def test_anything_else_is_not_a_size(text: str) -> None:
    assert bytes_of(text) is None
