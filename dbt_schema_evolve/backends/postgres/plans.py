"""Turns EXPLAIN's JSON into an Estimate that compares equal between databases."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.relations import RelationName

Plan = Mapping[str, Any]
IndexUse = tuple[RelationName, str]
"""The relation that is scanned, and the name of the index."""


def index_uses(plan: Plan) -> frozenset[IndexUse]:
    """Every index that the plan scans."""
    return frozenset(
        (relation, node["Index Name"])
        for node, relation in _nodes(plan)
        if relation is not None and "Index Name" in node
    )


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
    return Estimate(
        cost=plan["Total Cost"],
        rows=plan["Plan Rows"],
        width_bytes=plan["Plan Width"],
        plan=tuple(_words(node, relation, structures, original) for node, relation in _nodes(plan)),
        used=frozenset(spec for use, spec in (requested or {}).items() if use in index_uses(plan)),
    )


def _nodes(
    plan: Plan, scanned: RelationName | None = None
) -> Iterator[tuple[Plan, RelationName | None]]:
    """Nodes depth first, each with the relation that it works on.

    A bitmap index scan names no relation: its relation is that of the heap scan above it.
    """
    if "Relation Name" in plan:
        scanned = RelationName(plan["Schema"], plan["Relation Name"])
    yield plan, scanned
    below = scanned if plan["Node Type"].startswith("Bitmap") else None
    for child in plan.get("Plans", ()):
        yield from _nodes(child, below)


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
