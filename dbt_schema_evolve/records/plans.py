"""What the planner means to do for one query, node by node."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbt_schema_evolve.records.relations import RelationName

if TYPE_CHECKING:  # changes hold plans, and plans hold the indexes that a change may make
    from dbt_schema_evolve.records.changes import IndexSpec


@dataclass(frozen=True, slots=True)
class PlanNode:
    """One node; costs, rows and width are of one loop, as EXPLAIN prints them."""

    depth: int  # the root's is 0; nodes are kept depth first
    kind: str  # EXPLAIN's node type
    relation: RelationName | None  # what it scans
    index: "IndexSpec | None"  # what it scans it by, where that is known
    estimated_rows: float
    width_bytes: int
    startup_cost: float
    cost: float
    estimated_loops: float = 1.0  # how often the loops above it start it
    workers: int = 0  # planned beside the leader by the Gather above it
