"""Tokens for text: digits that keep the order in any collation, filled up to the word's length."""

from collections.abc import Callable, Collection, Mapping, Sequence

InOrder = Callable[[Sequence[str]], Sequence[str]]
"""Values as the warehouse orders them in their collation."""

_DIGITS, _LETTERS = "0123456789", "0123456789abcdefghijklmnopqrstuvwxyz"
_FILLING = "x"


def word_tokens(
    values: Collection[str], longest: int | None, in_order: InOrder
) -> Mapping[str, str] | None:
    """Return a token for each value; None where so many do not fit into `longest` characters.

    No token is a value.
    """
    ordered = list(in_order(sorted(values)))
    for alphabet in (_DIGITS, _LETTERS):
        # Each value can take at most one code away.
        length = _length(2 * len(ordered), len(alphabet))
        if longest is not None and length > longest:
            continue
        found = _tokens(ordered, alphabet, length)
        chosen = list(found.values())
        # Some languages order letters otherwise, or two of them as one.
        if list(in_order(sorted(chosen))) == chosen:
            return found
    return None


def _length(count: int, letters: int) -> int:
    length = 1
    while letters**length < count:
        length += 1
    return length


def _tokens(ordered: Sequence[str], alphabet: str, length: int) -> dict[str, str]:
    found: dict[str, str] = {}
    taken, number = frozenset(ordered), 0
    for value in ordered:
        while True:
            token = _code(number, alphabet, length).ljust(len(value), _FILLING)
            number += 1
            if token not in taken:
                break
        found[value] = token
    return found


def _code(number: int, alphabet: str, length: int) -> str:
    code = ""
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        code = alphabet[digit] + code
    return code
