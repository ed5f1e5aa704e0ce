"""Takes the constants out of a statement, so that a text from a log may be kept.

Whatever a fingerprint drops may be somebody's data, so the rules are the fingerprint's: the result
has the fingerprint of the original and reads as pg_stat_statements would have written it.
"""

import itertools
import re
from collections.abc import Iterator
from functools import lru_cache

from dbt_schema_evolve.ingest.fingerprint import LITERAL, Piece, bare_tokens, expects_value, pieces
from dbt_schema_evolve.ingest.lexer import Token, TokenKind

# The numbers behind these are part of a type, which pg_stat_statements keeps: `varchar(10)`.
_TYPES = frozenset(
    {
        "bit", "bpchar", "char", "character", "decimal", "float", "interval", "numeric", "time",
        "timestamp", "timestamptz", "timetz", "varbit", "varchar", "varying"
    }
)  # fmt: skip
_VALUES = frozenset({TokenKind.STRING, TokenKind.NUMBER, TokenKind.PARAMETER})
_VALUE_WORDS = frozenset({"true", "false", "null"})
_TEMPORARY = re.compile(r"(__dbt_(?:tmp|backup))\d+")  # new at each run: one text is enough
# A parameter as drivers write it: JDBC `?`, Python `%s` and `%(name)s`, SQLAlchemy `:name`.
_PLACEHOLDER = re.compile(r"\?|%s|%\(\w+\)s|(?<!:):[A-Za-z_]\w*")


@lru_cache(maxsize=4_096)  # clients that bind their parameters send the same text again
def redacted(text: str) -> str:
    """Return a statement with `$n` for each constant, without comments, in one line."""
    words = bare_tokens(text)
    numbers = _unused_numbers(words)
    out: list[str] = []
    for piece, is_constant in _marked(words):
        first = words[piece.begin]
        if not is_constant or first.kind is TokenKind.PARAMETER:
            is_temporary = "__dbt_" in first.text
            written = _TEMPORARY.sub(r"\1", first.text) if is_temporary else first.text
        else:
            written = f"${next(numbers)}"
        if piece.begin and (_is_apart(words, piece.begin) or _would_join(out[-1], written)):
            out.append(" ")
        out.append(written)
    return "".join(out)


def numbered(text: str) -> str:
    """Return a statement with `$n` for the placeholders that client libraries write."""
    if "?" not in text and "%" not in text and ":" not in text:
        return text
    words = bare_tokens(text)
    numbers = _unused_numbers(words)
    out: list[str] = []
    at = 0
    before: list[str] = []
    for word in words:
        if word.kind is TokenKind.SYMBOL and word.begin >= at and word.text in {"?", "%", ":"}:
            found = _PLACEHOLDER.match(text, word.begin)
            # `a ? b` and `a % s` are operators: a parameter stands where a value is expected.
            if found and expects_value(before):
                out += [text[at : word.begin], f"${next(numbers)}"]
                at = found.end()
        before = [LITERAL if word.kind in _VALUES else word.text.lower()]
    return "".join([*out, text[at:]])


def _unused_numbers(words: list[Token]) -> Iterator[int]:
    used = (int(word.text[1:]) for word in words if word.kind is TokenKind.PARAMETER)
    return itertools.count(max(used, default=0) + 1)


def _marked(words: list[Token]) -> Iterator[tuple[Piece, bool]]:
    """Yield each piece, and whether it is a constant that pg_stat_statements would not keep."""
    before, in_type = "", False
    for piece in pieces(words):
        kind, text, _ = words[piece.begin]
        if piece.word in {"(", ")"}:
            in_type = piece.word == "(" and before in _TYPES
        is_kept = (
            (kind is TokenKind.SYMBOL and text == LITERAL)  # an operator of jsonb
            or (kind is TokenKind.NUMBER and in_type)
            or (kind is TokenKind.WORD and text.lower() not in _VALUE_WORDS)  # extract(year from
        )
        yield piece, piece.word == LITERAL and not is_kept
        before = piece.word


def _is_apart(words: list[Token], index: int) -> bool:
    before = words[index - 1]
    return words[index].begin > before.begin + len(before.text)


def _would_join(one: str, other: str) -> bool:
    """Whether two tokens, one of them a new `$n`, would be read as one: `date'x'` as `date$1`."""
    return (one[0] == "$" or other[0] == "$") and all(
        letter.isalnum() or letter in "_$" or letter > "\x7f" for letter in (one[-1], other[0])
    )
