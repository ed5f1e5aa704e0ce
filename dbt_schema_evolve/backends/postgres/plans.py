"""Turns EXPLAIN's JSON into an Estimate that compares equal between databases."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.relations import RelationName

Plan = Mapping[str, Any]
IndexUse = tuple[RelationName, str]
"""The relation that is scanned, and the name of the index."""


def index_uses(plan: Plan) -> frozenset[IndexUse]:
    """Every index that the plan scans."""
    return _index_uses(_nodes(plan))


def read_plan(
    plan: Plan,
    structures: Mapping[IndexUse, IndexSpec],
    requested: Mapping[IndexUse, IndexSpec] | None = None,
    original: Callable[[RelationName], RelationName] = lambda relation: relation,
) -> Estimate:
    """Read the plan of one query.

    `structures` says what each index is, as a server prints it; `requested` says which of them
    are hypothetical, in the words of whoever asked; `original` undoes the twin's own names.
    """
    nodes = tuple(_nodes(plan))
    scanned = _index_uses(nodes) if requested else frozenset()
    return Estimate(
        cost=plan["Total Cost"],
        rows=plan["Plan Rows"],
        width_bytes=plan["Plan Width"],
        plan=tuple(_words(node, place.relation, structures, original) for node, place in nodes),
        used=frozenset(spec for use, spec in (requested or {}).items() if use in scanned),
        nodes=tuple(_figures(node, place, structures, original) for node, place in nodes),
    )


class _Place(NamedTuple):
    """Where a node stands below others."""

    relation: RelationName | None = None  # the one that it works on
    depth: int = 0
    loops: float = 1.0
    workers: int = 0


_ROOT = _Place()


def _nodes(plan: Plan, place: _Place = _ROOT) -> Iterator[tuple[Plan, _Place]]:
    """Nodes depth first, each with its place.

    A bitmap index scan names no relation: its relation is that of the heap scan above it.
    """
    if "Relation Name" in plan:
        place = place._replace(relation=RelationName(plan["Schema"], plan["Relation Name"]))
    yield plan, place
    children = plan.get("Plans")
    if not children:
        return
    kind, loops = plan["Node Type"], place.loops
    if kind == "Materialize":  # what it keeps is computed once, however often it is read
        loops = 1.0
    below = _Place(
        place.relation if kind.startswith("Bitmap") else None,
        place.depth + 1,
        loops,
        plan.get("Workers Planned", place.workers),
    )
    outer_rows = 1.0
    for child in children:
        side = child["Parent Relationship"] if kind == "Nested Loop" else ""
        if side == "Outer":
            outer_rows = max(child["Plan Rows"], 1.0)
        if side == "Inner":
            yield from _nodes(child, below._replace(loops=loops * outer_rows))
        else:
            yield from _nodes(child, below)


def _index_uses(nodes: Iterable[tuple[Plan, _Place]]) -> frozenset[IndexUse]:
    return frozenset(
        (place.relation, node["Index Name"])
        for node, place in nodes
        if place.relation is not None and "Index Name" in node
    )


def _figures(
    node: Plan,
    place: _Place,
    structures: Mapping[IndexUse, IndexSpec],
    original: Callable[[RelationName], RelationName],
) -> PlanNode:
    relation, index = place.relation, None
    if relation is not None:
        if "Index Name" in node:
            index = structures.get((relation, node["Index Name"]))
        relation = original(relation)
    return PlanNode(
        place.depth,
        node["Node Type"],
        relation,
        index,
        node["Plan Rows"],
        node["Plan Width"],
        node["Startup Cost"],
        node["Total Cost"],
        place.loops,
        place.workers,
    )


def _words(
    node: Plan,
    relation: RelationName | None,
    structures: Mapping[IndexUse, IndexSpec],
    original: Callable[[RelationName], RelationName],
) -> str:
    words = [node["Node Type"]]
    if node.get("Parallel Aware"):
        words.insert(0, "Parallel")
    if node.get("Partial Mode", "Simple") != "Simple":
        words.insert(0, node["Partial Mode"])
    for detail in ("Strategy", "Command", "Operation"):
        if detail in node:
            words.append(node[detail].lower())
    if node.get("Join Type", "Inner") != "Inner":
        words.append(node["Join Type"].lower())
    if node.get("Scan Direction") == "Backward":
        words.append("backward")
    if "CTE Name" in node:
        words.append(node["CTE Name"])
    if "Index Name" in node and relation is not None:
        spec = structures.get((relation, node["Index Name"]))
        words.append(str(spec) if spec else f"{original(relation)} {node['Index Name']}")
    elif relation is not None and "Relation Name" in node:
        words.append(str(original(relation)))
    return " ".join(words)
