"""Whether two YAML texts say the same of everything but one config key."""

from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from dbt_schema_evolve.patch.yaml_tree import Named, Step, canonical, is_null


def beside(node: Node, steps: tuple[Step, ...] | None, key: str) -> Any:
    """Return the canonical tree without one key at the end of the steps.

    What is empty on the way counts as absent: putting the key there may have made it.
    """
    if steps is None or is_null(node):
        return None if steps is not None else canonical(node)
    if isinstance(node, SequenceNode):
        name = steps[0].name if steps and isinstance(steps[0], Named) else None
        return tuple(
            beside(item, steps[1:] if _is_named(item, name) else None, key) for item in node.value
        )
    pairs = []
    for label, value in node.value:
        if not steps and bare_key(label.value) == key:
            continue
        on_way = bool(steps) and label.value == steps[0]
        below = beside(value, steps[1:] if on_way else None, key)
        if not (on_way and below is None):
            pairs.append((label.value, below))
    return tuple(pairs) or None


def _is_named(node: Node, name: str | None) -> bool:
    return (
        name is not None
        and isinstance(node, MappingNode)
        and any(key.value == "name" and value.value == name for key, value in node.value)
    )


def bare_key(key: str) -> str:
    """Return a config key as dbt knows it: without `+`, hooks spelled with `_`."""
    bare = key.removeprefix("+")
    return "post_hook" if bare == "post-hook" else bare
