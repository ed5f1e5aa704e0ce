"""How far an estimate is believed: the chance that a changed plan turns out slower, or faster."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dbt_schema_evolve.predict.outcomes.bundle import Bundle
from dbt_schema_evolve.predict.outcomes.features import pair_features
from dbt_schema_evolve.records.plans import PlanNode

if TYPE_CHECKING:
    from lightgbm import Booster


class Planned(Protocol):
    """What is known of a query that was priced."""

    @property
    def nodes(self) -> tuple[PlanNode, ...]:
        """Its plan."""
        ...


@dataclass(frozen=True, slots=True)
class Chances:
    """Of the three things that a change can do to a query; they add up to one."""

    gain: float
    neutral: float
    regression: float


UNTOUCHED = Chances(0.0, 1.0, 0.0)


class Belief:
    """A judge that learned from plans that were measured."""

    def __init__(self, bundle: Bundle) -> None:
        self._slower, self._faster = _booster(bundle.slower), _booster(bundle.faster)

    def regression_risk(self, before: Planned, after: Planned) -> float:
        """Return how likely a query is to be measured slower under the second plan: 0 to 1."""
        return self.chances(before.nodes, after.nodes).regression

    def chances(self, before: Sequence[PlanNode], after: Sequence[PlanNode]) -> Chances:
        """Weigh what a change of plan does; a plan that stays as it is can do nothing."""
        if not before or not after or tuple(before) == tuple(after):
            return UNTOUCHED
        from numpy import array  # noqa: PLC0415 -- only where lightgbm is loaded anyway

        row = array([pair_features(before, after)])
        slower = float(self._slower.predict(row, num_threads=1)[0])
        faster = float(self._faster.predict(row, num_threads=1)[0])
        # Two models that know nothing of each other may claim more than there is.
        total = max(slower + faster, 1.0)
        return Chances(faster / total, 1 - (slower + faster) / total, slower / total)


def _booster(text: str) -> "Booster":
    from lightgbm import Booster  # noqa: PLC0415 -- costs a second, and most verbs never judge

    return Booster(model_str=text)
