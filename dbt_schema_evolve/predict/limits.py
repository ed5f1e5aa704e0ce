"""When a subject will pass a limit."""

from collections.abc import Mapping, Sequence

from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Breach, Case, Forecast
from dbt_schema_evolve.records.workload import Skip

LOOKED_DAYS = 365.0
# Days on which to look, as few as a straight line in between allows: learned predictors are slow.
_AT_ONCE = 1_000
_HORIZONS = (1, 3, 7, 14, 21, 30, 45, 60, 90, 150, 240, 365)


def days_until(
    predictor: Predictor, cases: Sequence[Case], limits_us: Mapping[str, float]
) -> tuple[Breach | Skip, ...]:
    """Return for each case with a limit when it will pass it, in their order."""
    limited = [case for case in cases if case.subject in limits_us]
    found: list[Breach | Skip] = []
    # A few at a time: their answers for all horizons are held at once.
    for first in range(0, len(limited), _AT_ONCE):
        some = limited[first : first + _AT_ONCE]
        answers = [predictor.predict(some, float(days)) for days in _HORIZONS]
        for case, *of_case in zip(some, *answers, strict=True):
            found.append(_breach(case, limits_us[case.subject], of_case))
    return tuple(found)


def _breach(case: Case, limit_us: float, answers: Sequence[Forecast | Skip]) -> Breach | Skip:
    forecasts = []
    for answer in answers:
        if isinstance(answer, Skip):
            return answer
        forecasts.append(answer)
    if not limit_us > 0:
        return Skip(case.subject, f"a limit of {limit_us} us cannot be passed")
    now_us = forecasts[0].measured_us
    passed = now_us >= limit_us
    return Breach(
        subject=case.subject,
        made_at=case.cutoff,
        limit_us=limit_us,
        days=_crossing(now_us, [f.predicted_us for f in forecasts], limit_us),
        earliest_days=0.0
        if passed
        else _crossing(now_us, [f.predicted_high_us for f in forecasts], limit_us),
        latest_days=0.0
        if passed
        else _crossing(now_us, [f.predicted_low_us for f in forecasts], limit_us),
        looked_days=LOOKED_DAYS,
        reason=forecasts[0].reason,
    )


def _crossing(now_us: float, values_us: Sequence[float], limit_us: float) -> float | None:
    """Return the day on which a line through the values first reaches the limit."""
    day, value = 0.0, now_us
    if value >= limit_us:
        return 0.0
    for next_day, next_value in zip(_HORIZONS, values_us, strict=True):
        if next_value >= limit_us:
            return float(day + (next_day - day) * (limit_us - value) / (next_value - value))
        day, value = float(next_day), next_value
    return None
