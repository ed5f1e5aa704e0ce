"""Forecasts for all subjects, and the reasons where there is none."""

from collections.abc import Sequence

from dbt_schema_evolve.predict.projection import ElasticityProjection
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip

HORIZON_DAYS = 30.0


def forecasts(
    cases: Sequence[Case],
    horizon_days: float = HORIZON_DAYS,
    predictor: Predictor | None = None,
) -> tuple[tuple[Forecast, ...], tuple[Skip, ...]]:
    """Return forecasts, the steepest first, and skips by subject."""
    answers = (predictor or ElasticityProjection()).predict(cases, horizon_days)
    found = [answer for answer in answers if isinstance(answer, Forecast)]
    skips = [answer for answer in answers if isinstance(answer, Skip)]
    return (
        tuple(sorted(found, key=lambda forecast: (-forecast.predicted_ratio, forecast.subject))),
        tuple(sorted(skips, key=lambda skip: (skip.subject, skip.reason))),
    )
