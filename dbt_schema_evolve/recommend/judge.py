"""Who says what the planner's estimate is worth: the protocol of a belief in it."""

from typing import Protocol

from dbt_schema_evolve.recommend.cost import Estimate

# A change is not proposed where it is likelier than not to slow a query down.
MAX_REGRESSION_RISK = 0.5


class Judge(Protocol):
    """Believes an estimate, or does not, from plans that were measured before."""

    def regression_risk(self, before: Estimate, after: Estimate) -> float:
        """Return how likely a query is to be measured slower under the second plan: 0 to 1."""
        ...


class Trusting:
    """A judge that takes every estimate at its word."""

    def regression_risk(self, before: Estimate, after: Estimate) -> float:  # noqa: ARG002
        """Return no risk."""
        return 0.0


TRUSTING = Trusting()
