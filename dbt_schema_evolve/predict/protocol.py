"""What makes forecasts: one protocol for projections, trees and networks."""

from collections.abc import Sequence
from typing import Protocol

from dbt_schema_evolve.records.forecasts import Case, Course, Forecast
from dbt_schema_evolve.records.workload import Skip


class Predictor(Protocol):
    """Looks ahead for many subjects at once, because that is how learned ones are fast."""

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return one answer a case, in their order; a Skip says why there is no forecast.

        It never raises, whatever the numbers are.
        """
        ...

    def courses(
        self, cases: Sequence[Case], horizons_days: Sequence[float]
    ) -> tuple[Course | Skip, ...]:
        """Return the times that `predict` says at several horizons, likewise.

        Who can do that without looking for causes does it better than this.
        """
        answers = [self.predict(cases, days) for days in horizons_days]
        return tuple(course(of_case) for of_case in zip(*answers, strict=True))


def course(answers: Sequence[Forecast | Skip]) -> Course | Skip:
    """Return the times of one subject's answers, horizon by horizon; its first Skip if any."""
    forecasts = []
    for answer in answers:
        if isinstance(answer, Skip):
            return answer
        forecasts.append(answer)
    return Course(
        forecasts[0].subject,
        forecasts[0].made_at,
        forecasts[0].measured_us,
        tuple(each.predicted_us for each in forecasts),
        tuple(each.predicted_low_us for each in forecasts),
        tuple(each.predicted_high_us for each in forecasts),
    )
