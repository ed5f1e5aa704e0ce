"""Tomorrow is like today: the baseline that every predictor has to beat."""

from collections.abc import Sequence
from math import log, sqrt
from statistics import median

from dbt_schema_evolve.predict.answer import answer
from dbt_schema_evolve.predict.history import level, timed
from dbt_schema_evolve.predict.intervals import MAD_TO_SIGMA, Interval, interval
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip


class Persistence(Predictor):
    """Says that a subject will take what its last seven windows took."""

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return the level; the interval grows with the square root of time, as a walk does."""
        return tuple(_persisted(case, horizon_days) for case in cases)


def _persisted(case: Case, horizon_days: float) -> Forecast | Skip:
    now = level(case, horizon_days)
    if isinstance(now, Skip):
        return now
    times = [log(o.mean_us) for o in timed(case)]
    middle = median(times)
    noise = MAD_TO_SIGMA * median(abs(time - middle) for time in times)
    days = (case.observations[-1].at - case.observations[0].at).total_seconds() / 86_400

    def at(days_ahead: float) -> Interval:
        stderr = noise * sqrt(1 + 1 / len(now.recent) + days_ahead / days)
        return interval(now.log_us, stderr, len(times))

    reason = f"it took this long in its last {len(now.recent)} windows"
    return answer(case, now, horizon_days, at, reason=reason)
