"""Names a query by what it does, so that its calls add up whatever the literals were.

The rules follow pg_stat_statements: what it turns into `$n` we drop as well, so that a text from
a log and the same text from pg_stat_statements get one name.
"""

import hashlib
import itertools
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dbt_schema_evolve.ingest.lexer import Token, TokenKind, comments, tokens

LITERAL = "?"

_TEMPORARY = re.compile(r"(__dbt_(?:tmp|backup))\d+")
# dbt-postgres names each index by an md5 of its columns and the time: new at each build.
_SALTED = re.compile(r'"?[0-9a-f]{32}"?\Z')
_OUR_NAME = "schema_evolve"

# A minus sign after one of these belongs to the number behind it.
_VALUE_ENDS = frozenset({")", "]", LITERAL})
_OPENS_VALUE = frozenset(
    {
        "select", "where", "and", "or", "not", "in", "like", "ilike", "between", "then", "else",
        "when", "case", "having", "by", "on", "limit", "offset", "return", "returning", "values",
        "set", "from", "to", "is", "using", "any", "all", "some", "distinct", "over", "as", "for"
    }
)  # fmt: skip
_IN_QUERIES = frozenset({"select", "union", "except", "intersect"})
_ENDS_BY = frozenset(
    {
        "having", "limit", "offset", "fetch", "union", "except", "intersect", "window", "for"
    }
)  # fmt: skip


class Piece(NamedTuple):
    """One word of a query without literals, and the tokens `[begin:end]` that it stands for."""

    word: str
    begin: int
    end: int


@dataclass(slots=True)
class _Level:
    """One level of parentheses."""

    is_query: bool = False  # so a number in its ORDER BY is the position of a column
    in_by: bool = False


@lru_cache(maxsize=16_384)  # each capture holds the same texts again
def fingerprint(text: str) -> str:
    """Return 16 hexadecimal digits that stand for the query."""
    return hashlib.blake2b(normalised(text).encode(), digest_size=8).hexdigest()


def normalised(text: str) -> str:
    """Return the query without literals, comments, letter case and the numbers that dbt adds."""
    return " ".join(piece.word for piece in pieces(bare_tokens(text)))


def bare_tokens(text: str) -> list[Token]:
    """Return the tokens that are not comments, without semicolons at the end."""
    words = [token for token in tokens(text) if token.kind is not TokenKind.COMMENT]
    while words and words[-1].text == ";":
        words.pop()
    return words


def pieces(words: list[Token]) -> list[Piece]:
    """Return the words of a normalised query, each with the tokens that it stands for."""
    folded, begins = _without_literals(words)
    ends = [*begins[1:], len(words)]
    return _one_element_lists(folded, begins, ends)


def is_ours(text: str) -> bool:
    """Return whether this project sent the statement, so that we never learn from ourselves."""
    if _OUR_NAME not in text.lower().replace("-", "_"):  # nearly always
        return False
    if any(_names_us(comment) for comment in comments(text)):
        return True
    # Postgres 18 drops a leading comment: our tables' schema still tells.
    words = [token.text.strip('"').lower() for token in tokens(text)]
    return any(pair == (_OUR_NAME, ".") for pair in itertools.pairwise(words))


def _names_us(comment: str) -> bool:
    if comment.startswith("{"):  # dbt's own: a project may be *called* schema_evolve_something
        return f".{_OUR_NAME}." in comment
    return comment.replace("-", "_").lower().lstrip("+ ").startswith(_OUR_NAME)


def _without_literals(words: list[Token]) -> tuple[list[str], list[int]]:
    """Return the words, folded, `?` where pg_stat_statements has `$n`, and where each begins."""
    out: list[str] = []
    begins: list[int] = []
    levels = [_Level()]
    for index, (kind, text, _) in enumerate(words):
        before = out[-1] if out else ""
        word = _fold(kind, text)
        level = levels[-1]
        if kind in {TokenKind.STRING, TokenKind.PARAMETER}:
            word = LITERAL
        elif kind is TokenKind.NUMBER:
            # `order by 1` names an output column; pg_stat_statements keeps it as well.
            positional = level.in_by and level.is_query and before in {"by", ","}
            word = word if positional and word.isdigit() else LITERAL
        elif kind is TokenKind.WORD and word in {"true", "false", "null"}:
            tested = before in {"is", "not"} and (before == "is" or out[-2:-1] == ["is"])
            word = word if tested else LITERAL
        elif _is_extract_field(words, index, out):
            word = LITERAL
        elif kind is TokenKind.WORD:
            level.is_query |= word in _IN_QUERIES
            if word == "by":
                level.in_by = True
            elif word in _ENDS_BY:
                level.in_by = False
        elif word in {"(", "["}:
            levels.append(_Level())
        elif word in {")", "]"} and len(levels) > 1:
            levels.pop()
        begin = index
        while word == LITERAL and out[-1:] == ["-"] and expects_value(out[:-1]):
            out.pop()
            begin = begins.pop()
        out.append(word)
        begins.append(begin)
    return out, begins


def _fold(kind: TokenKind, text: str) -> str:
    if kind is TokenKind.WORD:
        text = text.lower()
    if kind in {TokenKind.WORD, TokenKind.QUOTED}:
        if len(text) >= 32 and _SALTED.match(text):
            return '"<md5>"'
        if "__dbt_" in text:
            return _TEMPORARY.sub(r"\1", text)
    return text


def _is_extract_field(words: list[Token], index: int, out: list[str]) -> bool:
    """`extract(year from x)` becomes `extract($1 from x)` in pg_stat_statements."""
    return (
        out[-2:] == ["extract", "("]
        and index + 1 < len(words)
        and words[index + 1].text.lower() == "from"
    )


def expects_value(out: list[str]) -> bool:
    """Whether a value comes behind these words: a minus is a sign there, and no subtraction."""
    if not out:
        return True
    last = out[-1]
    if last in _VALUE_ENDS or last.startswith('"'):
        return False
    return not (last[0].isalnum() or last[0] == "_" or last[0] > "\x7f") or last in _OPENS_VALUE


def _one_element_lists(words: list[str], begins: list[int], ends: list[int]) -> list[Piece]:
    """Return the words with every IN list and array of literals cut to one element."""
    out: list[Piece] = []
    index = 0
    while index < len(words):
        out.append(Piece(words[index], begins[index], ends[index]))
        index += 1
        opens = words[index - 1 : index + 1]
        if opens in (["in", "("], ["array", "["]):
            close = _literals_end(words, index + 1)
            if close:
                out += [
                    Piece(words[index], begins[index], ends[index]),
                    Piece(LITERAL, begins[index + 1], begins[close]),
                    Piece(words[close], begins[close], ends[close]),
                ]
                index = close + 1
    return out


def _literals_end(words: list[str], index: int) -> int:
    """Return where a list that holds only literals, cast or not, is closed; 0 if it holds more."""
    while index < len(words) and words[index] == LITERAL:
        index = _type_end(words, index + 1)
        if index < len(words) and words[index] in {")", "]"}:
            return index
        if index < len(words) and words[index] == ",":
            index += 1
    return 0


def _type_end(words: list[str], index: int) -> int:
    """Return where the casts behind a literal end."""
    depth = 0
    while words[index : index + 1] == ["::"]:
        index += 1
        while index < len(words) and (depth or words[index] not in {",", ")", "]", "::"}):
            depth += (words[index] in {"(", "["}) - (words[index] in {")", "]"})
            index += 1
    return index
