"""Who prices a configuration: the protocol that every cost oracle keeps."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dbt_schema_evolve.records.changes import Configuration, IndexSpec, Spec
from dbt_schema_evolve.records.plans import PlanNode

AS_IT_IS: Configuration = frozenset()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the planner said of one query under one configuration."""

    cost: float  # planner units, of one execution
    rows: float  # of the result
    width_bytes: int  # of a result row
    plan: tuple[str, ...]  # node types, relations and index structures, depth first: equal
    # plans compare equal whatever their indexes are called
    used: frozenset[IndexSpec] = frozenset()  # hypothetical indexes that the plan scans
    # The same plan with its figures; two estimates are equal by what stands above.
    nodes: tuple[PlanNode, ...] = field(default=(), compare=False, repr=False)

    @property
    def plan_id(self) -> str:
        """A short name of the plan: the same for the same plan, in any process and database."""
        return hashlib.sha256("\n".join(self.plan).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A query that the planner refused, and why; it costs only itself."""

    reason: str


class CostOracle(Protocol):
    """Prices queries under configurations that need not exist.

    Pricing leaves no trace: the same question gets the same answer whatever was asked between, in
    whatever order the specs came. An index that exists already adds nothing and takes nothing. Of
    the kinds of change an oracle may know some only; it refuses the others, it never ignores them.
    `tests/contracts/test_cost_oracle.py` holds every oracle to this, `test_oracles_agree.py` beside
    it says how close their prices are.
    """

    def price(
        self, queries: Sequence[str], configuration: Configuration = AS_IT_IS
    ) -> tuple[Estimate | Unpriced, ...]:
        """Price each query, in order; one that the planner refuses costs only itself.

        Raises OracleError where the configuration itself cannot be: an unknown relation or column,
        an index both wanted and dropped, or a kind of change that this oracle does not know.
        """
        ...

    def size_bytes(self, spec: Spec) -> int:
        """Return the extra space of a spec, negative for what it frees; raises as `price` does.

        Real bytes from the twin and from indexes that were built; HypoPG's are its own, two to
        five times as many.
        """
        ...
