"""The span of a `{{ config(...) }}` call and of each of its arguments, by Jinja's own lexer."""

from collections.abc import Iterator
from dataclasses import dataclass

import jinja2

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.source_text import Span, Unfolded, line_start

JINJA = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - it renders nothing
BY_HAND = "write the config by hand, or as one `{{ config(key=value) }}` call at the top level"


@dataclass(frozen=True, slots=True)
class Argument:
    """One keyword argument of the call."""

    key: str
    span: Span  # key, `=` and value
    value: Span
    items: tuple[Span, ...] | None  # of a list

    def indent(self, text: str) -> str | None:
        """Return what stands before it on its line, if that is only space."""
        before = text[line_start(text, self.span.start) : self.span.start]
        return before if not before.strip() else None


@dataclass(frozen=True, slots=True)
class Call:
    """Where the call's parts are in the text."""

    opened: int  # just behind the parenthesis
    arguments: tuple[Argument, ...]
    quote: str  # the kind that the call uses first

    def position(self, key: str) -> int | None:
        """Return which argument has this key."""
        keys = [argument.key for argument in self.arguments]
        return keys.index(key) if key in keys else None

    def required(self, key: str, path: str) -> int:
        """Return which argument has this key; PatchError where none has."""
        position = self.position(key)
        if position is None:
            raise PatchError(f"config() has no `{key}`", at=path, remedy=BY_HAND)
        return position


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    span: Span


def locate_call(text: str) -> Call:
    """Find the call and its arguments; `find_config` has seen that there is just one."""
    block: list[_Token] = []
    for token in _tokens(text):
        if token.kind == "variable_begin":
            block = []
        elif token.kind == "variable_end":
            if [part.text for part in block[:2]] == ["config", "("]:
                break
        elif token.kind != "whitespace":
            block.append(token)
    quote = next((part.text[0] for part in block if part.kind == "string"), "'")
    arguments = tuple(_argument(part) for part in _split(block[2:-1]))
    return Call(block[1].span.end, arguments, quote)


def _argument(tokens: list[_Token]) -> Argument:
    value = tokens[2:]
    span = Span(value[0].span.start, value[-1].span.end)
    items = None
    if value[0].text == "[" and _closing(value) == len(value) - 1:
        parts = _split(value[1:-1])
        items = tuple(Span(part[0].span.start, part[-1].span.end) for part in parts)
    return Argument(tokens[0].text, Span(tokens[0].span.start, span.end), span, items)


def _closing(tokens: list[_Token]) -> int:
    depth = 0
    for position, token in enumerate(tokens):
        depth += _step(token)
        if depth == 0:
            return position
    return -1


def _split(tokens: list[_Token]) -> list[list[_Token]]:
    """Split at the commas that stand outside of every bracket."""
    parts: list[list[_Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += _step(token)
        if depth == 0 and token.text == "," and token.kind == "operator":
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _step(token: _Token) -> int:
    if token.kind != "operator":
        return 0
    return (token.text in {"(", "[", "{"}) - (token.text in {")", "]", "}"})


def _tokens(text: str) -> Iterator[_Token]:
    """Jinja's tokens with their places in the text.

    The lexer drops the space that `{{-` eats, so each token is looked up behind the one before.
    """
    unfolded = Unfolded(text)
    position = 0
    for _, kind, value in JINJA.lexer.tokeniter(unfolded.text, None):
        while not unfolded.text.startswith(value, position):
            position += 1
        end = position + len(value)
        span = Span(unfolded.original(position), unfolded.original(end))
        yield _Token(kind, value, span)
        position = end
