"""Projects the rows of the relation that drives a query, and lets its time follow.

With L = log(rows at the horizon / rows now), exponent e, residual noise s, n recent windows, each
with its time and its rows:

    log predicted = median of log(time) + e * log(rows at the horizon / rows)
    variance      = (e^2 + se_e^2) * se_L^2 + se_e^2 * L^2 + s^2 * (1 + pi / (2 n))
    se_L^2        = (h * se_growth / rows at the horizon)^2 * (1 + h / days) + (bend * L)^2
    bend          = 0.4 * h / (h + days)

The first part of se_L is the growth's error, which counts for more the further the line is drawn
beyond its history. `bend` is for growth that is no line: 2 % a day compounded, read as a line over
14 days, is off by 0.17 in L after 30, and the interval holds that. The last term of the variance is
the scatter of the outcome itself and of the median that it starts from.
"""

from collections.abc import Sequence
from math import hypot, isfinite, log, pi, sqrt
from statistics import median

from dbt_schema_evolve.predict.answer import answer, label_days
from dbt_schema_evolve.predict.history import Level, level
from dbt_schema_evolve.predict.intervals import Interval, interval
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Driver, Forecast
from dbt_schema_evolve.records.workload import Skip

_BEND = 0.4
_STILL = 0.0005  # growth a day below which a relation counts as standing still: 1.5 % a month


class ElasticityProjection(Predictor):
    """Makes a forecast from a relation's growth and how time follows its rows."""

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return the projection, or why the history does not carry one."""
        return tuple(_projected(case, horizon_days) for case in cases)


def _projected(case: Case, horizon_days: float) -> Forecast | Skip:
    now = level(case, horizon_days)
    if isinstance(now, Skip):
        return now
    if case.driver is None:
        return Skip(case.subject, _no_driver(case))
    driver = case.driver
    for days in (horizon_days, label_days(case)):
        if not all(map(isfinite, _log_time(case, now, driver, days))):
            return Skip(case.subject, "its history holds numbers that are none")

    def at(days_ahead: float) -> Interval:
        return interval(*_log_time(case, now, driver, days_ahead), driver.elasticity.points)

    return answer(
        case,
        now,
        horizon_days,
        at,
        reason=_reason(driver),
        cause_id=driver.growth.relation_id,
    )


def _log_time(case: Case, now: Level, driver: Driver, horizon_days: float) -> tuple[float, float]:
    """Return the logarithm of the time at the horizon, and its standard error."""
    growth, exponent = driver.growth, driver.elasticity.exponent
    rows_now = float(max(growth.rows, 1))
    rows_then = max(rows_now + growth.rows_per_day * horizon_days, 1.0)
    log_ratio = log(rows_then) - log(rows_now)
    rows_at = {o.at: rows for o, rows in zip(case.observations, driver.rows, strict=True)}
    log_us = median(
        log(o.mean_us) + exponent * (log(rows_then) - log(max(rows_at[o.at], 1.0)))
        for o in now.recent
    )
    days = max(growth.days, 1.0)
    drift = horizon_days * growth.stderr_rows_per_day / rows_then
    bend = _BEND * log_ratio * horizon_days / (horizon_days + days)
    log_ratio_error = hypot(drift * sqrt(1 + horizon_days / days), bend)
    exponent_error = driver.elasticity.stderr
    # hypot, because a square of a strange number raises where this gives infinity.
    return log_us, hypot(
        exponent * log_ratio_error,
        exponent_error * log_ratio_error,
        exponent_error * log_ratio,
        driver.elasticity.residual_ratio * sqrt(1 + pi / (2 * len(now.recent))),
    )


def _no_driver(case: Case) -> str:
    if not case.relations:
        return "lineage knows no stored relation that it reads"
    names = ", ".join(f"`{relation}`" for relation in case.relations[:3])
    return f"too few row counts of what it reads: {names}"


def _reason(driver: Driver) -> str:
    ratio, elasticity = driver.growth.ratio_per_day, driver.elasticity
    if abs(ratio) < _STILL:
        return f"because `{driver.relation}`, which drives it, keeps its size"
    verb = "grows" if ratio > 0 else "shrinks"
    return (
        f"because `{driver.relation}` {verb} {100 * abs(ratio):.1f} % a day;"
        f" time follows its rows with exponent"
        f" {elasticity.exponent:.1f} ± {elasticity.stderr:.1f}"
    )
