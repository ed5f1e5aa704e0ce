"""What became of a changed plan once it ran: the estimate's counterpart, measured."""

from dataclasses import dataclass
from enum import StrEnum

from dbt_schema_evolve.records.plans import PlanNode

Plan = tuple[PlanNode, ...]

FASTER, SLOWER = 0.9, 1.1  # as validation has it: a tenth is what a person may notice


class Label(StrEnum):
    """What a change did to one query."""

    GAIN = "gain"
    NEUTRAL = "neutral"
    REGRESSION = "regression"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One query under two plans, both measured in pairs; ratios are second over first."""

    query: str  # a fingerprint: outcomes of one query are not independent
    before: Plan
    after: Plan
    measured_ratio: float
    ratio_low: float  # surely not below, in spite of the machine's noise
    ratio_high: float

    @property
    def label(self) -> Label:
        """A gain or a regression is more than a tenth, and certainly on that side of one."""
        if self.measured_ratio > SLOWER and self.ratio_low > 1.0:
            return Label.REGRESSION
        if self.measured_ratio < FASTER and self.ratio_high < 1.0:
            return Label.GAIN
        return Label.NEUTRAL
