"""Which dbt node builds a relation, and how often: it pays for indexes and takes the patch."""

from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationName

_BUILT = {"model", "seed", "snapshot"}

# Rebuilt from nothing at each run: all their indexes are made anew each time.
REBUILT = frozenset({"table", "materialized_view", "seed"})
STORED = REBUILT | {"incremental", "snapshot"}


def owner(evidence: Evidence, relation: RelationName) -> Node | None:
    """Return the node that builds a relation; None for sources and what dbt does not know."""
    node = evidence.models.get(relation)
    return node if node is not None and node.resource_type in _BUILT else None


def by_hand(evidence: Evidence, relation: RelationName) -> str:
    """Say why a change of this relation cannot be a patch; empty where it can."""
    if owner(evidence, relation) is not None:
        return ""
    return f"dbt does not build {relation}: whoever loads it has to make this change"


def builds(evidence: Evidence, relation: RelationName) -> int:
    """Return how often dbt built a relation in the window; 0 for what it does not build."""
    node = owner(evidence, relation)
    if node is None:
        return 0
    run = evidence.runs.get(node.unique_id)
    return run.builds if run is not None else 0
