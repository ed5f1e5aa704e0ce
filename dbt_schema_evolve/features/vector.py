"""Named numbers about one subject, for predictors that learn."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite, log, log1p
from statistics import median

from dbt_schema_evolve.features.lines import theil_sen
from dbt_schema_evolve.records.forecasts import Driver, FeatureVector, Observation

RECENT = 7  # windows that make today's level: a week of daily ones

_DAY = timedelta(days=1)
_COUNTED: Mapping[str, Callable[[Observation], float | None]] = {
    "log_blocks": lambda o: o.blocks_per_call,
    "log_temp_blocks": lambda o: o.temp_blocks_per_call,
    "log_rows": lambda o: o.rows_per_call,
}


def feature_vector(
    subject: str,
    cutoff: datetime,
    observations: Sequence[Observation],
    driver: Driver | None,
    relations_read: int,
    flow: Mapping[str, float],
) -> FeatureVector:
    """Return what is known; a number that is not known is left out, not made up.

    `flow` says what changed in the flow of data (`flow_changes`).
    """
    values: dict[str, float] = {"relations_read": float(relations_read), **flow}
    times = [
        (_days(o.at, cutoff), log(o.mean_us))
        for o in observations
        if isfinite(o.mean_us) and o.mean_us > 0
    ]
    if times:
        values |= _series("log_us", times)
        first = times[0][0]
        calls = sum(o.calls for o in observations)
        values |= {
            "windows": float(len(times)),
            "days": -first,
            "days_since_last": -times[-1][0],
            "log_calls_per_day": log1p(calls / max(-first, 1.0)),
        }
    for name, read in _COUNTED.items():
        counted = [(_days(o.at, cutoff), read(o)) for o in observations]
        points = [(x, log1p(y)) for x, y in counted if y is not None and isfinite(y) and y >= 0]
        if points:
            values |= _series(name, points)
    if driver is not None:
        values |= {
            "driver_log_rows": log1p(max(driver.growth.rows, 0)),
            "driver_growth_ratio_per_day": driver.growth.ratio_per_day,
            "driver_growth_stderr_ratio_per_day": (
                driver.growth.stderr_rows_per_day / max(driver.growth.rows, 1)
            ),
            "driver_days": driver.growth.days,
            "exponent": driver.elasticity.exponent,
            "exponent_stderr": driver.elasticity.stderr,
            "residual_ratio": driver.elasticity.residual_ratio,
        }
    finite = {name: value for name, value in values.items() if isfinite(value)}
    return FeatureVector(subject, cutoff, tuple(sorted(finite.items())))


def _days(at: datetime, cutoff: datetime) -> float:
    return (at - cutoff) / _DAY


def _series(name: str, points: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Level, slope, scatter around the line, and the last value against the level."""
    slope, _ = theil_sen(points)
    level = median(y for _, y in points[-RECENT:])
    rest = [y - slope * x for x, y in points]
    middle = median(rest)
    return {
        f"{name}_level": level,
        f"{name}_slope_per_day": slope,
        f"{name}_volatility": median(abs(value - middle) for value in rest),
        f"{name}_last_over_level": points[-1][1] - level,
    }
