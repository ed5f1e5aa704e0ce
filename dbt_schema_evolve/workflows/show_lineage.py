"""One node or column of the lineage graph, and everything it touches."""

import difflib
from dataclasses import dataclass

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.traverse import Traversal
from dbt_schema_evolve.records.lineage import ColumnEdge, Consumer, LineageGraph, LineageNode


@dataclass(frozen=True, slots=True)
class LineageView:
    """What a node or column is made from, and who reads it."""

    node: LineageNode
    column: str  # empty: the whole node
    upstream: tuple[str, ...]  # names of nodes, or of columns where a column was asked for
    downstream: tuple[str, ...]
    made_from: tuple[ColumnEdge, ...]  # the edges that end here
    consumers: tuple[Consumer, ...]


def show_lineage(graph: LineageGraph, name: str) -> LineageView:
    """Find MODEL or MODEL.COLUMN by dbt's name, unique id or schema.relation.

    Raises ProjectError where nothing, or more than one thing, has this name.
    """
    node, column = _found(graph, name)
    traversal = Traversal(graph)
    names = {each.id: each.name for each in graph.nodes}
    made_from = tuple(
        edge
        for edge in graph.column_edges
        if edge.target == node.id and column in {"", edge.target_column}
    )
    if column:
        upstream = [
            f"{names.get(n, n)}.{c}" for n, c in traversal.upstream_columns(node.id, column)
        ]
        downstream = [
            f"{names.get(n, n)}.{c}" for n, c in traversal.downstream_columns(node.id, column)
        ]
    else:
        upstream = [names.get(each, each) for each in traversal.upstream(node.id)]
        downstream = [names.get(each, each) for each in traversal.downstream(node.id)]
    return LineageView(
        node,
        column,
        tuple(upstream),
        tuple(downstream),
        made_from,
        traversal.consumers_of(node.id),
    )


def _found(graph: LineageGraph, name: str) -> tuple[LineageNode, str]:
    """Try the whole name first: it may itself hold dots."""
    whole = [node for node in graph.nodes if name in _names(node)]
    if len(whole) == 1:
        return whole[0], ""
    if whole:
        raise ProjectError(
            f"{name!r} is the name of {len(whole)} nodes",
            remedy=f"use the unique id: {', '.join(node.id for node in whole)}",
        )
    columns = {(edge.target, edge.target_column) for edge in graph.column_edges}
    columns |= {(edge.source, edge.source_column) for edge in graph.column_edges}
    owners = [
        (node, name[len(own) + 1 :])
        for node in graph.nodes
        for own in _names(node)
        if name.startswith(f"{own}.") and (node.id, name[len(own) + 1 :]) in columns
    ]
    if not owners:
        known = sorted({each.name for each in graph.nodes})
        close = difflib.get_close_matches(name.split(".", maxsplit=1)[0], known, 3)
        raise ProjectError(
            f"there is no model or column named {name!r}",
            remedy=f"did you mean {' or '.join(close)}?" if close else "see `dbt ls`",
        )
    return owners[0]


def _names(node: LineageNode) -> set[str]:
    return {node.id, node.name} | ({str(node.relation)} if node.relation else set())
