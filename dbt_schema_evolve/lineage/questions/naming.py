"""Finds the node or column that a user's words name."""

import difflib
from collections.abc import Iterable

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal, Vertex
from dbt_schema_evolve.records.lineage import LineageNode
from dbt_schema_evolve.records.relations import quoted


def named(traversal: Traversal, name: str) -> Vertex:
    """Find MODEL or MODEL.COLUMN by dbt's name, unique id or schema.relation.

    Raises ProjectError where nothing, or more than one thing, has this name.
    """
    found = candidates(traversal, name)
    if len(found) == 1:
        return found[0]
    if found:
        ids = [node if column == ROWS else f"{node}.{column}" for node, column in found]
        raise ProjectError(
            f"{name!r} is the name of {len(found)} {'nodes' if found[0][1] == ROWS else 'columns'}",
            remedy=f"use the unique id: {', '.join(ids)}",
        )
    raise ProjectError(f"there is no model or column named {name!r}", remedy=_near(traversal, name))


def candidates(traversal: Traversal, name: str) -> list[Vertex]:
    """Return everything that has this name: the whole is tried first, as it may hold dots."""
    whole = [(node.id, ROWS) for node in traversal.graph.nodes if name in _names(node)]
    if whole:
        return sorted(whole)
    found = set()
    for node in traversal.graph.nodes:
        for own in _names(node):
            if name.startswith(f"{own}."):
                column = name[len(own) + 1 :]
                known = traversal.columns_of(node.id)
                found |= {(node.id, each) for each in known if column in {each, quoted(each)}}
    return sorted(found)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what to try instead of a name that nothing has."""
    close = difflib.get_close_matches(name, sorted(set(known)), 3)
    return f"did you mean {' or '.join(close)}?" if close else "see `dbt ls`"


def _near(traversal: Traversal, name: str) -> str:
    """Look among the columns of a node that the name begins with, then among the nodes."""
    for node in traversal.graph.nodes:
        for own in sorted(_names(node)):
            if name.startswith(f"{own}."):
                columns = sorted(traversal.columns_of(node.id))
                close = difflib.get_close_matches(name[len(own) + 1 :], columns, 3)
                if close:
                    return f"did you mean {' or '.join(f'{own}.{each}' for each in close)}?"
                return f"see `schema-evolve lineage show {own}`"
    known = (each.name for each in traversal.graph.nodes)
    return did_you_mean(name.split(".", maxsplit=1)[0], known)


def _names(node: LineageNode) -> set[str]:
    return {node.id, node.name} | ({str(node.relation)} if node.relation else set())
