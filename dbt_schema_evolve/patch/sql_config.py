"""The `{{ config(...) }}` call of a model's SQL file, edited in place."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
from jinja2 import nodes

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.config_text import COMPUTED
from dbt_schema_evolve.patch.jinja_call import BY_HAND, JINJA, locate_call
from dbt_schema_evolve.patch.literals import jinja_argument, jinja_literal
from dbt_schema_evolve.patch.source_text import (
    cut_element,
    insert_element,
    line_start,
    newline_of,
)

_LONG = 60  # characters of one argument, from where a line of its own reads better


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
        call = locate_call(self.text)
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
        call = locate_call(self.text)
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
        call = locate_call(self.text)
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
                    f"the edit of `{key}` did not come out right", at=self.path, remedy=BY_HAND
                )
        if before != after or list(before) != list(after):
            raise PatchError(
                "the edit would change another config key", at=self.path, remedy=BY_HAND
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
        raise PatchError(reason, at=path, remedy=BY_HAND)
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
        raise PatchError(f"`{key}` did not come out right", at=path, remedy=BY_HAND)
    return new


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
        return JINJA.parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise PatchError(
            f"the Jinja cannot be read: {error.message}",
            at=f"{path}:{error.lineno}",
            remedy="see that `dbt parse` takes the project",
        ) from error
