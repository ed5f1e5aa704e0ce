"""The chain of builds that decides how long a dbt run takes, however many threads it has."""

from collections.abc import Collection, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.readers import BUILT
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal
from dbt_schema_evolve.records.answers import CriticalPath, TimedNode
from dbt_schema_evolve.records.evidence import ModelRuns


def critical_path(
    traversal: Traversal, runs: Mapping[str, ModelRuns], among: Collection[str] | None = None
) -> CriticalPath:
    """Weigh each node by its median time; those not asked for, or never timed, take none.

    A node that is not asked for still keeps the order of those around it, as in `dbt run --select`.
    Raises ProjectError where nodes depend on each other in a circle.
    """
    parents = _parents(traversal)
    order = _in_order(parents)
    asked = {node for node in order if among is None or node in among}
    weight = {node: runs[node].median_us if node in asked and node in runs else 0 for node in order}
    starts: dict[str, int] = {}
    for node in order:
        starts[node] = max((starts[one] + weight[one] for one in parents[node]), default=0)
    after = _after(order, parents, weight)
    length = max((starts[node] + weight[node] for node in order), default=0)
    timed = [
        TimedNode(
            place=traversal.place((node, ROWS)),
            measured_us=weight[node] if node in runs else None,
            starts_us=starts[node],
            slack_us=length - starts[node] - weight[node] - after[node],
            is_built=not _is_ephemeral(traversal, node),
        )
        for node in asked
    ]
    longest = _longest(order, parents, starts, weight)
    return CriticalPath(
        path=tuple(traversal.place((node, ROWS)) for node in longest if node in asked),
        nodes=tuple(sorted(timed, key=lambda each: (each.starts_us, each.slack_us, each.place))),
        length_us=length,
        total_us=sum(weight.values()),
    )


def _parents(traversal: Traversal) -> dict[str, list[str]]:
    """Return what each node that dbt builds waits for."""
    built = sorted(node.id for node in traversal.graph.nodes if node.kind in BUILT)
    known = set(built)
    parents: dict[str, set[str]] = {node: set() for node in built}
    for edge in traversal.graph.relation_edges:
        if edge.target in known and edge.source in known and edge.source != edge.target:
            parents[edge.target].add(edge.source)
    return {node: sorted(found) for node, found in parents.items()}


def _in_order(parents: Mapping[str, Sequence[str]]) -> list[str]:
    try:
        return list(TopologicalSorter(parents).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise ProjectError(
            f"nodes depend on each other in a circle: {circle}",
            remedy="dbt refuses such a project; make the manifest anew with `dbt parse`",
        ) from error


def _after(
    order: Sequence[str], parents: Mapping[str, Sequence[str]], weight: Mapping[str, int]
) -> dict[str, int]:
    """Return how long the longest chain behind each node takes."""
    after = dict.fromkeys(order, 0)
    for node in reversed(order):
        for one in parents[node]:
            after[one] = max(after[one], weight[node] + after[node])
    return after


def _longest(
    order: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    starts: Mapping[str, int],
    weight: Mapping[str, int],
) -> list[str]:
    """Walk back from the node that ends last; nodes that take no time do not begin or end it."""
    ends = [node for node in order if weight[node]]
    if not ends:
        return []
    path = [max(sorted(ends), key=lambda node: starts[node] + weight[node])]
    while starts[path[-1]]:
        here = path[-1]
        path.append(next(o for o in parents[here] if starts[o] + weight[o] == starts[here]))
    return path[::-1]


def _is_ephemeral(traversal: Traversal, node: str) -> bool:
    known = traversal.nodes[node]
    return known.kind == "model" and known.relation is None
