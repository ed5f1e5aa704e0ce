"""Says how often the twin plans as the real database does, and how far its costs are off."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.recommend.cost import CostOracle, Estimate, Unpriced


@dataclass(frozen=True, slots=True)
class Agreement:
    """The twin against a real database, both as they are, over the queries both could plan."""

    compared: int
    different: tuple[str, ...]  # queries with another plan
    cost_errors: tuple[float, ...]  # twin over real, minus one; in the order of the queries
    unpriced: tuple[tuple[str, str], ...]  # query and reason

    @property
    def same_plan_ratio(self) -> float | None:
        """The share of queries with the same plan; None where none could be compared."""
        if not self.compared:
            return None
        return 1 - len(self.different) / self.compared

    @property
    def median_cost_error(self) -> float | None:
        """The median distance between the costs, whichever is higher."""
        return median(abs(error) for error in self.cost_errors) if self.cost_errors else None


def plan_agreement(
    twin: CostOracle, connection: psycopg.Connection[Any], queries: Sequence[str]
) -> Agreement:
    """Plan each query on both sides; nothing is executed."""
    different, errors, unpriced = [], [], []
    for query, ours in zip(queries, twin.price(queries), strict=True):
        theirs = explain(connection, query)
        for answer in (ours, theirs):
            if isinstance(answer, Unpriced):
                unpriced.append((query, answer.reason))
                break
        if isinstance(ours, Estimate) and isinstance(theirs, Estimate):
            errors.append(ours.cost / theirs.cost - 1 if theirs.cost else ours.cost)
            if ours.plan != theirs.plan:
                different.append(query)
    return Agreement(len(errors), tuple(different), tuple(errors), tuple(unpriced))
