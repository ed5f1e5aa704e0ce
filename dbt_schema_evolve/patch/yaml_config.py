"""The config of one node in a YAML file: a properties file or `dbt_project.yml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.config_text import COMPUTED
from dbt_schema_evolve.patch.literals import yaml_flow, yaml_item, yaml_pair, yaml_scalar
from dbt_schema_evolve.patch.source_text import (
    Span,
    cut_element,
    insert_element,
    insert_lines,
    line_end,
    line_start,
)
from dbt_schema_evolve.patch.yaml_compare import bare_key, beside
from dbt_schema_evolve.patch.yaml_tree import (
    Named,
    Place,
    Step,
    compose,
    content_end,
    is_null,
    pair,
    pairs_below,
    plain,
    span,
    walk,
)

_INTRODUCTION = frozenset({"name", "description"})  # a new `config:` goes behind these


@dataclass(frozen=True, slots=True)
class YamlConfig:
    """The mapping at the end of `steps`, which may be missing in part."""

    text: str
    path: str
    steps: tuple[Step, ...]
    plus: str = ""  # `+` in dbt_project.yml, where it tells a key from a folder

    @property
    def values(self) -> Mapping[str, Any]:
        """The keys as written, without `+`, hooks spelled with `_`."""
        places, missing = walk(self.text, self.path, self.steps)
        if missing or not isinstance(places[-1].node, MappingNode):
            return {}
        return {
            bare_key(key.value): _value(value)
            for key, value in places[-1].node.value
            if not (self.plus and isinstance(value, MappingNode) and not key.value.startswith("+"))
        }

    def put(self, key: str, value: Any) -> str:
        """Set a key that is there, or add it with whatever is missing on the way to it."""
        places, missing = walk(self.text, self.path, self.steps)
        found = None if missing or is_null(places[-1].node) else self._pair(places[-1].node, key)
        if found is not None:
            if not isinstance(found.node, ScalarNode) or isinstance(value, list | dict):
                raise self._refusal(f"`{key}` has another shape than a single value", found.node)
            written = yaml_scalar(value, quote=found.node.style or "")
            where = span(found.node)
            new = self.text[: where.start] + written + self.text[where.end :]
            return self._checked(new, key, value)
        nested: dict[str, Any] = {self._spelled(key): value}
        for step in reversed(missing):
            if isinstance(step, Named):
                raise self._refusal(f"there is no entry for {step.name}", places[-1].node)
            nested = {step: nested}
        ((outer, inner),) = nested.items()
        return self._checked(self._insert(places, outer, inner), key, value)

    def append(self, key: str, item: Any) -> str:
        """Append to a list in the style of its last item; a single value becomes a list."""
        found = self._required(key)
        node, text = found.node, self.text
        old = plain(node)
        where = span(node)
        if is_null(node):
            at = found.key.end_mark.index + 1 if found.key is not None else where.end
            new, old = f"{text[:at]} {yaml_flow([item])}{text[at:]}", []
        elif isinstance(node, SequenceNode) and node.flow_style:
            new = insert_element(
                text, [span(part) for part in node.value], where.start + 1, yaml_flow(item)
            )
        elif isinstance(node, SequenceNode):
            last = node.value[-1]
            at = line_end(text, content_end(text, None, last))
            new = insert_lines(text, at, _like(last, node.start_mark.column, item))
        elif getattr(node, "style", "") in {"|", ">"} or (
            isinstance(node, MappingNode) and not node.flow_style
        ):
            raise self._refusal(f"`{key}` is one value over several lines", node)
        else:
            kept = text[where.start : where.end]
            kept = yaml_flow(old) if isinstance(node, ScalarNode) and not node.style else kept
            new = f"{text[: where.start]}[{kept}, {yaml_flow(item)}]{text[where.end :]}"
            old = [old]
        return self._checked(new, key, [*old, item])

    def remove(self, key: str, position: int, *, keep_empty: bool) -> str:
        """Take an item out of a list; with the last one go the key and what held only it."""
        found = self._required(key)
        node, text = found.node, self.text
        if not isinstance(node, SequenceNode) or found.key is None:
            raise self._refusal(f"`{key}` is no list", node)
        left = [plain(item) for at, item in enumerate(node.value) if at != position]
        if not left and not keep_empty:
            return self._checked(self._without(key), key, None)
        if node.flow_style:
            new = cut_element(text, [span(part) for part in node.value], position)
        elif left:
            item = node.value[position]
            dash = text.rfind("-", node.start_mark.index, item.start_mark.index)
            new = _cut_lines(text, dash, content_end(text, None, item))
        else:
            end = content_end(text, found.key, node)
            new = f"{text[: found.key.end_mark.index]}: []{text[end:]}"
        return self._checked(new, key, left)

    def _insert(self, places: list[Place], key: str, value: Any) -> str:
        """Add a pair to the last of the places, in the file's own indentation."""
        here, text = places[-1], self.text
        node = here.node
        if isinstance(node, MappingNode) and node.flow_style:
            pairs = [Span(span(name).start, span(part).end) for name, part in node.value]
            written = f"{yaml_scalar(key)}: {yaml_flow(value)}"
            return insert_element(text, pairs, node.start_mark.index + 1, written)
        step, dash = self._indentation(node)
        if is_null(node) and here.key is not None:
            indent = here.key.start_mark.column + step
            at = line_end(text, here.key.end_mark.index)
        elif isinstance(node, MappingNode):
            indent = node.start_mark.column
            name, last = _introduced(node) if key == "config" else node.value[-1]
            at = line_end(text, content_end(text, name, last))
        else:
            raise self._refusal(f"there is no mapping to put `{key}` into", node)
        return insert_lines(text, at, yaml_pair(key, value, indent, step, dash))

    def _without(self, key: str) -> str:
        """Remove a pair, and every mapping above it that would be left empty."""
        places, _ = walk(self.text, self.path, self.steps)
        gone = self._required(key)
        while len(places) > 1 and len(places[-1].node.value) == 1 and places[-1].key is not None:
            gone = places.pop()
        holder = places[-1].node
        assert isinstance(holder, MappingNode)  # noqa: S101 - a pair was found in it
        assert gone.key is not None  # noqa: S101 - list items have no key and are never popped
        if holder.flow_style:
            pairs = [Span(span(name).start, span(part).end) for name, part in holder.value]
            names = [name.start_mark.index for name, _ in holder.value]
            return cut_element(self.text, pairs, names.index(gone.key.start_mark.index))
        start = gone.key.start_mark.index
        if self.text[line_start(self.text, start) : start].strip():
            raise self._refusal(f"`{key}` does not stand on a line of its own", gone.key)
        return _cut_lines(self.text, start, content_end(self.text, gone.key, gone.node))

    def _indentation(self, near: Node) -> tuple[int, int]:
        """Return how far the file indents a mapping and a list below their keys."""
        step, dash = None, None
        for root in (near, compose(self.text, self.path)):
            for key, value in pairs_below(root):
                if getattr(value, "flow_style", True) or value.start_mark.line == key.end_mark.line:
                    continue
                by = value.start_mark.column - key.start_mark.column
                if isinstance(value, MappingNode) and step is None and by > 0:
                    step = by
                if isinstance(value, SequenceNode) and dash is None and by >= 0:
                    dash = by
        return step or dash or 2, 2 if dash is None else dash

    def _spelled(self, key: str) -> str:
        return self.plus + (key.replace("_", "-") if self.plus and key == "post_hook" else key)

    def _pair(self, node: Node, key: str) -> Place | None:
        spellings = {key, key.replace("_", "-"), f"+{key}", f"+{key.replace('_', '-')}"}
        found = pair(node, key, self.path, aliases=sorted(spellings))
        if found is not None and found.key is not None:
            start = found.node.start_mark.index
            if start < found.key.end_mark.index or self.text[start : start + 1] in {"&", "!"}:
                raise self._refusal(f"`{key}` is a YAML anchor, alias or tag", found.key)
        return found

    def _required(self, key: str) -> Place:
        places, missing = walk(self.text, self.path, self.steps)
        found = None if missing or is_null(places[-1].node) else self._pair(places[-1].node, key)
        if found is None:
            raise self._refusal(f"there is no `{key}`", places[-1].node)
        return found

    def _refusal(self, problem: str, node: Node) -> PatchError:
        at = f"{self.path}:{node.start_mark.line + 1}"
        return PatchError(problem, at=at, remedy="write the config by hand")

    def _checked(self, new: str, key: str, wanted: Any) -> str:
        """Parse the new text and see that only this key differs; None means removed."""
        after = YamlConfig(new, self.path, self.steps, self.plus)
        if after.values.get(key) != wanted:
            raise self._refusal(f"the edit of `{key}` did not come out right", after._root)
        if beside(self._root, self.steps, key) != beside(after._root, self.steps, key):
            raise self._refusal(f"the edit of `{key}` would change something else", after._root)
        return new

    @property
    def _root(self) -> Node:
        return compose(self.text, self.path)


def _value(node: Node) -> Any:
    """Return the value; strings with Jinja stay text inside hooks, so only whole ones count."""
    value = plain(node)
    computed = isinstance(value, str) and value.lstrip().startswith("{{")
    return COMPUTED if computed else value


def _introduced(node: MappingNode) -> tuple[Node, Node]:
    """Return the last pair of the entry's opening `name` and `description`."""
    chosen = node.value[0]
    for name, value in node.value:
        if name.value not in _INTRODUCTION:
            break
        chosen = (name, value)
    return chosen[0], chosen[1]


def _like(last: Node, column: int, item: Any) -> list[str]:
    """Write a list item the way the last one is written."""
    gap = last.start_mark.column - column - 1
    same_line = gap > 0
    if isinstance(last, MappingNode) and last.flow_style:
        return [f"{' ' * column}-{' ' * (gap if same_line else 1)}{yaml_flow(item)}"]
    block_columns = isinstance(last, MappingNode) and any(
        isinstance(value, SequenceNode) and not value.flow_style for _, value in last.value
    )
    return yaml_item(item, column, gap=gap if same_line else 1, block_columns=block_columns)


def _cut_lines(text: str, start: int, end: int) -> str:
    """Remove the lines from `start` to `end`; a file without a final newline stays so."""
    rest = text[line_end(text, end) :]
    head = text[: line_start(text, start)]
    if not rest and not text.endswith("\n"):
        return head.removesuffix("\n").removesuffix("\r")
    return head + rest
