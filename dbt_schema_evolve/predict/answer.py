"""From an interval that can be had at any horizon to a forecast, its probability included."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from math import log
from statistics import NormalDist, median

from dbt_schema_evolve.predict.history import Level
from dbt_schema_evolve.predict.intervals import COVERAGE, Interval, Z
from dbt_schema_evolve.predict.labels import NEXT_RUNS, SLOWER
from dbt_schema_evolve.records.forecasts import Case, Forecast

_DAY = timedelta(days=1)


def answer(
    case: Case,
    now: Level,
    horizon_days: float,
    at: Callable[[float], Interval],
    *,
    reason: str,
    cause_id: str = "",
) -> Forecast:
    """Return the forecast at the horizon; its probability is of the label's, a week of runs off."""
    found = at(horizon_days)
    return Forecast(
        subject=case.subject,
        made_at=case.cutoff,
        horizon_days=horizon_days,
        measured_us=now.us,
        predicted_us=found.middle_us,
        predicted_low_us=found.low_us,
        predicted_high_us=found.high_us,
        coverage=COVERAGE,
        cause_id=cause_id,
        reason=reason,
        predicted_probability=slower_chance(at(label_days(case)), now.us),
    )


def label_days(case: Case) -> float:
    """Return how many days ahead the last run is that the label looks at."""
    gaps = [(later.at - earlier.at) / _DAY for earlier, later in pairwise(case.observations)]
    return NEXT_RUNS * median(gaps)


def slower_chance(found: Interval, level_us: float) -> float:
    """Return the chance that a time from an interval is slow by the label, against today's level.

    The interval is taken for a normal one of the logarithm. Of a time that follows a line and is
    slow at the last of seven runs, more runs were: that it lasts is what the label asks.
    """
    reach = log(found.high_us / found.low_us) / 2
    distance = log(SLOWER * level_us / found.middle_us)
    if reach == 0:
        return float(distance <= 0)
    return 1 - NormalDist().cdf(Z * distance / reach)
