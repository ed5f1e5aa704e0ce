"""The greatest number that a type can hold, and the smaller types that would do."""

import re
from collections.abc import Iterator

INTEGERS = (("smallint", 15), ("integer", 31), ("bigint", 63))
"""Integer types from the smallest on, with the bits that they have besides the sign."""

_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)\Z")
_VARCHAR = re.compile(r"character varying\((\d+)\)\Z")


def greatest_number(type_name: str) -> int | None:
    """Return the largest whole number of a type as `format_type` spells it; None: no such limit."""
    bits = dict(INTEGERS).get(type_name)
    if bits is not None:
        return greatest_of(bits)
    found = _NUMERIC.match(type_name)
    if found is None:
        return None
    whole_digits: int = int(found[1]) - int(found[2])
    return 10**whole_digits - 1 if whole_digits > 0 else None


def greatest_length(type_name: str) -> int | None:
    """Return how many characters a type can hold; None: any number, or it is no text."""
    found = _VARCHAR.match(type_name)
    return None if found is None else int(found[1])


def narrower_integers(type_name: str, bits: int) -> Iterator[tuple[str, int]]:
    """Yield the smaller integer types that hold numbers of so many bits, and their own bits.

    Nothing where the type is that small already, or may hold fractions.
    """
    for name, held_bits in INTEGERS:
        if name == type_name or not _is_whole(type_name):
            return
        if bits <= held_bits:
            yield name, held_bits


def greatest_of(bits: int) -> int:
    """Return the largest number that a sign and so many bits make."""
    return (1 << bits) - 1


def _is_whole(type_name: str) -> bool:
    found = _NUMERIC.match(type_name)
    return type_name in dict(INTEGERS) if found is None else int(found[2]) <= 0
