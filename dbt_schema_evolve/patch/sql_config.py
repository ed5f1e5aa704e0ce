"""The `{{ config(...) }}` call of a model's SQL file, edited in place."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
from jinja2 import nodes

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.config_text import COMPUTED
from dbt_schema_evolve.patch.literals import jinja_argument, jinja_literal
from dbt_schema_evolve.patch.source_text import (
    Span,
    Unfolded,
    cut_element,
    insert_element,
    line_start,
    newline_of,
)

_JINJA = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - it renders nothing
_LONG = 60  # characters of one argument, from where a line of its own reads better
_BY_HAND = "write the config by hand, or as one `{{ config(key=value) }}` call at the top level"


@dataclass(frozen=True, slots=True)
class SqlConfig:
    """A SQL text with exactly one config call, of keyword arguments only."""

    text: str
    path: str

    @property
    def values(self) -> Mapping[str, Any]:
        """The call's arguments."""
        keywords = _keywords(self.text, self.path)
        return {key: _literal(value) for key, value in keywords.items()}

    def put(self, key: str, value: Any) -> str:
        """Replace an argument's value, or add the argument behind the last."""
        call = _locate(self.text)
        position = call.position(key)
        newline = newline_of(self.text)
        if position is not None:
            old = call.arguments[position]
            written = jinja_argument(key, value, call.quote, old.indent(self.text), newline)
            new = self.text[: old.span.start] + written + self.text[old.span.end :]
        else:
            spans = [argument.span for argument in call.arguments]
            indent = call.arguments[-1].indent(self.text) if spans else None
            written = jinja_argument(key, value, call.quote, indent, newline)
            column = call.opened - line_start(self.text, call.opened)
            between = " "
            if indent is None and spans and column + len(written) > _LONG:
                indent = " " * column  # below the first argument
                written = jinja_argument(key, value, call.quote, indent, newline)
                between = newline + indent
            new = insert_element(self.text, spans, call.opened, written, between=between)
        return self._checked(new, {key: value})

    def append(self, key: str, item: Any) -> str:
        """Append to a list argument; a string or a dict becomes a list first."""
        call = _locate(self.text)
        argument = call.arguments[call.required(key, self.path)]
        written = jinja_literal(item, call.quote)
        old = self.values[key]
        if argument.items is not None:
            new = insert_element(self.text, argument.items, argument.value.start + 1, written)
        elif isinstance(old, str | Mapping):
            value = self.text[argument.value.start : argument.value.end]
            new = (
                f"{self.text[: argument.value.start]}[{value}, {written}]"
                f"{self.text[argument.value.end :]}"
            )
        else:
            raise PatchError(
                f"`{key}` is computed by Jinja", at=self.path, remedy="add the item by hand"
            )
        return self._checked(new, {key: [*old, item] if isinstance(old, list) else [old, item]})

    def remove(self, key: str, position: int, *, keep_empty: bool) -> str:
        """Take an item out of a list argument."""
        call = _locate(self.text)
        number = call.required(key, self.path)
        items = call.arguments[number].items
        old = self.values[key]
        if items is None or not isinstance(old, list):
            raise PatchError(
                f"`{key}` is computed by Jinja", at=self.path, remedy="remove the item by hand"
            )
        left = [item for at, item in enumerate(old) if at != position]
        if left or keep_empty:
            return self._checked(cut_element(self.text, items, position), {key: left})
        spans = [argument.span for argument in call.arguments]
        return self._checked(cut_element(self.text, spans, number), {key: None})

    def _checked(self, new: str, changed: Mapping[str, Any]) -> str:
        """Parse the new text and see that only the changed keys differ; None means removed."""
        before, after = (_keywords(text, self.path) for text in (self.text, new))
        for key, wanted in changed.items():
            before.pop(key, None)
            found = after.pop(key, None)
            if (found and _literal(found)) != wanted:
                raise PatchError(
                    f"the edit of `{key}` did not come out right", at=self.path, remedy=_BY_HAND
                )
        if before != after or list(before) != list(after):
            raise PatchError(
                "the edit would change another config key", at=self.path, remedy=_BY_HAND
            )
        return new


def find_config(text: str, path: str) -> SqlConfig | None:
    """Return the file's config call; None where there is none.

    Raises PatchError where the config is more than one plain call of keyword arguments.
    """
    tree = _parse(text, path)
    calls = _calls(tree)
    if not calls:
        return None
    top = [
        child for output in tree.body if isinstance(output, nodes.Output) for child in output.nodes
    ]
    reason = ""
    if len(calls) > 1:
        reason = f"the file calls config() {len(calls)} times"
    elif not any(child is calls[0] for child in top):
        reason = "the config() call stands inside another block or expression"
    elif calls[0].args or calls[0].dyn_args or calls[0].dyn_kwargs:
        reason = "config() takes a dict or `**` argument"
    if reason:
        raise PatchError(reason, at=path, remedy=_BY_HAND)
    return SqlConfig(text, path)


def prepend_config(text: str, path: str, key: str, value: Any) -> str:
    """Begin a file that has no config with a call of its own."""
    newline = newline_of(text)
    written = jinja_argument(key, value, "'", "    ", newline)
    if newline in written:
        call = f"{{{{ config({newline}    {written}{newline}) }}}}"
    else:
        call = f"{{{{ config({written}) }}}}"
    new = f"{call}{newline}{newline}{text}" if text else call + newline
    config = find_config(new, path)
    if config is None or config.values != {key: value}:
        raise PatchError(f"`{key}` did not come out right", at=path, remedy=_BY_HAND)
    return new


@dataclass(frozen=True, slots=True)
class _Argument:
    key: str
    span: Span  # key, `=` and value
    value: Span
    items: tuple[Span, ...] | None  # of a list

    def indent(self, text: str) -> str | None:
        """Return what stands before it on its line, if that is only space."""
        before = text[line_start(text, self.span.start) : self.span.start]
        return before if not before.strip() else None


@dataclass(frozen=True, slots=True)
class _Call:
    opened: int  # just behind the parenthesis
    arguments: tuple[_Argument, ...]
    quote: str  # the kind that the call uses first

    def position(self, key: str) -> int | None:
        keys = [argument.key for argument in self.arguments]
        return keys.index(key) if key in keys else None

    def required(self, key: str, path: str) -> int:
        position = self.position(key)
        if position is None:
            raise PatchError(f"config() has no `{key}`", at=path, remedy=_BY_HAND)
        return position


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    span: Span


def _locate(text: str) -> _Call:
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
    return _Call(block[1].span.end, arguments, quote)


def _argument(tokens: list[_Token]) -> _Argument:
    value = tokens[2:]
    span = Span(value[0].span.start, value[-1].span.end)
    items = None
    if value[0].text == "[" and _closing(value) == len(value) - 1:
        parts = _split(value[1:-1])
        items = tuple(Span(part[0].span.start, part[-1].span.end) for part in parts)
    return _Argument(tokens[0].text, Span(tokens[0].span.start, span.end), span, items)


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
    for _, kind, value in _JINJA.lexer.tokeniter(unfolded.text, None):
        while not unfolded.text.startswith(value, position):
            position += 1
        end = position + len(value)
        span = Span(unfolded.original(position), unfolded.original(end))
        yield _Token(kind, value, span)
        position = end


def _calls(tree: nodes.Template) -> list[nodes.Call]:
    return [
        call
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "config"
    ]


def _keywords(text: str, path: str) -> dict[str, nodes.Expr]:
    (call,) = _calls(_parse(text, path))
    return {argument.key: argument.value for argument in call.kwargs}


def _literal(expression: nodes.Expr) -> Any:
    if isinstance(expression, nodes.List):
        return [_literal(item) for item in expression.items]
    try:
        return expression.as_const()
    except nodes.Impossible:
        return COMPUTED


@functools.lru_cache(maxsize=64)
def _parse(text: str, path: str) -> nodes.Template:
    try:
        return _JINJA.parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise PatchError(
            f"the Jinja cannot be read: {error.message}",
            at=f"{path}:{error.lineno}",
            remedy="see that `dbt parse` takes the project",
        ) from error
