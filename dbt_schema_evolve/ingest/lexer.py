"""Cuts SQL text into tokens: enough to tell a literal from a name, and no more."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class TokenKind(StrEnum):
    """What a token is, as Postgres' own scanner would say."""

    COMMENT = "comment"
    STRING = "string"
    NUMBER = "number"
    PARAMETER = "parameter"  # `$1`
    QUOTED = "quoted"  # "a name in double quotes"
    WORD = "word"
    SYMBOL = "symbol"


class Token(NamedTuple):
    """A piece of the text; white space is in none."""

    kind: TokenKind
    text: str
    begin: int  # where in the statement


# The order matters: a string's prefix would otherwise be read as a word, `$1` as a dollar quote.
# A string, comment or name that the text ends in the middle of runs to the end.
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<comment>--[^\n]*|/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
    | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z))
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
    | (?P<parameter>\$\d+)
    | (?P<dollar>\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][\w]*)?)\$)
    | (?P<word>[A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)
    | (?P<number>0[xXoObB][0-9A-Fa-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)
    | (?P<symbol>::|\|\||[<>!=]=?|\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_KINDS = {kind.value: kind for kind in TokenKind} | {"escaped": TokenKind.STRING}
_COMMENT_EDGE = re.compile(r"/\*|\*/")


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens in order; whatever the text, nothing is lost but white space."""
    at = 0
    while match := _TOKEN.match(text, at):
        at = match.end()
        group = match.lastgroup
        begin = match.start(group)  # type: ignore[arg-type]  # each alternative is named
        if group == "comment" and text[begin] == "/":
            at = _comment_end(text, at)
            yield Token(TokenKind.COMMENT, text[begin:at], begin)
        elif group == "dollar":
            end = text.find(match["dollar"], at)
            at = len(text) if end < 0 else end + len(match["dollar"])
            yield Token(TokenKind.STRING, text[begin:at], begin)
        else:
            yield Token(_KINDS[group], match[group], begin)  # type: ignore[index]


def is_closed(token: Token) -> bool:
    """Return whether a string, name or comment ends before the text does."""
    text = token.text
    if token.kind is TokenKind.COMMENT:
        return text.startswith("--") or (len(text) >= 4 and text.endswith("*/"))
    if token.kind is TokenKind.QUOTED or (token.kind is TokenKind.STRING and text[0] != "$"):
        body = text.lstrip("eEbBxXnNuU&")
        return len(body) > 1 and body[-1] == body[0]
    if token.kind is TokenKind.STRING:
        mark = text[: text.index("$", 1) + 1]
        return len(text) >= 2 * len(mark) and text.endswith(mark)
    return True


def comments(text: str) -> Iterator[str]:
    """Yield what stands in each comment, without its marks."""
    if "--" not in text and "/*" not in text:
        return
    for token in tokens(text):
        if token.kind is TokenKind.COMMENT:
            body = token.text[2:]
            yield (body[:-2] if token.text.startswith("/*") else body).strip()


def _comment_end(text: str, at: int) -> int:
    """Return where a block comment ends; in Postgres they nest."""
    depth = 1
    for edge in _COMMENT_EDGE.finditer(text, at):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)
