"""When a subject will pass a limit."""

from collections.abc import Mapping, Sequence

from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Breach, Case, Course
from dbt_schema_evolve.records.workload import Skip

LOOKED_DAYS = 365.0
# Days on which to look, as few as a straight line in between allows: learned predictors are slow.
_AT_ONCE = 1_000
_HORIZONS = (1.0, 3.0, 7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0, 150.0, 240.0, LOOKED_DAYS)


def days_until(
    predictor: Predictor, cases: Sequence[Case], limits_us: Mapping[str, float]
) -> tuple[Breach | Skip, ...]:
    """Return for each case with a limit when it will pass it, in their order."""
    limited = [case for case in cases if case.subject in limits_us]
    found: list[Breach | Skip] = []
    # A few at a time: their answers for all horizons are held at once.
    for first in range(0, len(limited), _AT_ONCE):
        courses = predictor.courses(limited[first : first + _AT_ONCE], _HORIZONS)
        found += [
            each if isinstance(each, Skip) else _breach(each, limits_us[each.subject])
            for each in courses
        ]
    return tuple(found)


def _breach(course: Course, limit_us: float) -> Breach | Skip:
    if not limit_us > 0:
        return Skip(course.subject, f"a limit of {limit_us} us cannot be passed")
    now_us = course.measured_us
    return Breach(
        subject=course.subject,
        made_at=course.made_at,
        limit_us=limit_us,
        days=_crossing(now_us, course.predicted_us, limit_us),
        earliest_days=_crossing(now_us, course.predicted_high_us, limit_us),
        latest_days=_crossing(now_us, course.predicted_low_us, limit_us),
        looked_days=LOOKED_DAYS,
    )


def _crossing(now_us: float, values_us: Sequence[float], limit_us: float) -> float | None:
    """Return the day on which a line through the values first reaches the limit."""
    day, value = 0.0, now_us
    if value >= limit_us:
        return 0.0
    for next_day, next_value in zip(_HORIZONS, values_us, strict=True):
        if next_value >= limit_us:
            return day + (next_day - day) * (limit_us - value) / (next_value - value)
        day, value = next_day, next_value
    return None
