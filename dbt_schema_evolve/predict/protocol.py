"""What makes forecasts: one protocol for projections, trees and networks."""

from collections.abc import Sequence
from typing import Protocol

from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip


class Predictor(Protocol):
    """Looks ahead for many subjects at once, because that is how learned ones are fast."""

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return one answer a case, in their order; a Skip says why there is no forecast.

        It never raises, whatever the numbers are.
        """
        ...
