"""A YAML text as nodes with positions: ruamel finds the place, and never writes anything."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.source_text import Span

_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True, slots=True)
class Named:
    """A step from a list to its item of this name."""

    name: str


Step = str | Named


@dataclass(frozen=True, slots=True)
class Place:
    """A node on the way down, and the key node that leads to it; None for a list's item."""

    key: Node | None
    node: Node


@functools.lru_cache(maxsize=32)
def compose(text: str, path: str) -> Node:
    """Parse as dbt does, by the rules of YAML 1.1; an empty text gives an empty scalar."""
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    try:
        root: Node | None = reader.compose(text)
    except (YAMLError, ValueError) as error:
        raise PatchError(
            f"the YAML cannot be read: {' '.join(str(error).split())[:300]}",
            at=path,
            remedy="see that `dbt parse` takes the project",
        ) from error
    if root is None:
        raise PatchError("the file is empty", at=path, remedy="add the model to it by hand")
    return root


def walk(text: str, path: str, steps: Sequence[Step]) -> tuple[list[Place], tuple[Step, ...]]:
    """Follow the steps as far as they exist; return the way and the steps that are missing.

    Raises PatchError where the way leads through an anchor, an alias, a tag or a merge key:
    an edit there would change other models too.
    """
    places = [Place(None, compose(text, path))]
    for done, step in enumerate(steps):
        here = places[-1].node
        if is_null(here):
            return places, tuple(steps[done:])
        found = _item(here, step) if isinstance(step, Named) else pair(here, step, path)
        if found is None:
            return places, tuple(steps[done:])
        _refuse_shared(text, path, here, found)
        places.append(found)
    if isinstance(places[-1].node, MappingNode):
        pair(places[-1].node, "<<", path)
    return places, ()


def pair(node: Node, key: str, path: str, *, aliases: Sequence[str] = ()) -> Place | None:
    """Return a mapping's pair by its key; PatchError where it is there twice."""
    if not isinstance(node, MappingNode):
        raise PatchError(
            f"expected a mapping around `{key}`",
            at=f"{path}:{node.start_mark.line + 1}",
            remedy="write the config by hand",
        )
    spellings = {key, *aliases}
    found = [Place(name, value) for name, value in node.value if name.value in spellings]
    shared = any(name.value == "<<" for name, _ in node.value)
    if shared or len(found) > 1:
        reason = "merge keys (`<<`) share this config" if shared else f"`{key}` is there twice"
        raise PatchError(
            reason, at=f"{path}:{node.start_mark.line + 1}", remedy="write the config by hand"
        )
    return found[0] if found else None


def plain(node: Node) -> Any:
    """Return the node as Python values; a scalar that is no bool, number or null stays text."""
    if isinstance(node, MappingNode):
        return {plain(key): plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.value]
    kind = str(node.tag).rsplit(":", 1)[-1]
    if kind == "null":
        return None
    if kind == "bool":
        return node.value.lower() in {"y", "yes", "true", "on"}
    if kind == "int" and node.value.lstrip("-").isdigit():
        return int(node.value)
    return node.value


def canonical(node: Node) -> Any:
    """Return a value that is equal for texts that mean the same, in the same order."""
    if isinstance(node, MappingNode):
        return ("map", tuple((canonical(key), canonical(value)) for key, value in node.value))
    if isinstance(node, SequenceNode):
        return ("list", tuple(canonical(item) for item in node.value))
    return (node.tag, node.value)


def is_null(node: Node) -> bool:
    """Whether the node is there without a value."""
    return isinstance(node, ScalarNode) and node.tag == _NULL


def span(node: Node) -> Span:
    """Return the node's range; for block collections it may reach past comments behind it."""
    return Span(node.start_mark.index, node.end_mark.index)


def content_end(text: str, key: Node | None, node: Node) -> int:
    """Return where the last character of a value stands, without the comments behind it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return content_end(text, *node.value[-1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return content_end(text, None, node.value[-1])
    start, end = int(node.start_mark.index), int(node.end_mark.index)
    if start == end and key is not None:  # nothing written: the mark is the next token's
        return int(key.end_mark.index)
    return start + len(text[start:end].rstrip())


def pairs_below(node: Node) -> Iterator[tuple[Node, Node]]:
    """Return every pair of the tree, outer before inner."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key, value
            yield from pairs_below(value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from pairs_below(item)


def _item(node: Node, step: Named) -> Place | None:
    if not isinstance(node, SequenceNode):
        return None
    for item in node.value:
        if isinstance(item, MappingNode) and any(
            key.value == "name" and value.value == step.name for key, value in item.value
        ):
            return Place(None, item)
    return None


def _refuse_shared(text: str, path: str, parent: Node, found: Place) -> None:
    start = found.node.start_mark.index
    after = found.key.end_mark.index if found.key is not None else parent.start_mark.index
    if start < after or text[start : start + 1] in {"&", "!"}:
        raise PatchError(
            "the config goes through a YAML anchor, alias or tag",
            at=f"{path}:{(found.key or parent).start_mark.line + 1}",
            remedy="write the config by hand: other models may share it",
        )
