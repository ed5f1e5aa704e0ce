"""What has become slower goes on becoming slower: a line through the logarithm of the time.

Its slope is the median of those between all pairs of windows (Theil and Sen), so that a few wild
windows do not turn it. The variance at a place is that of any line: noise of the outcome itself, of
the line's height, and of its slope, which counts for more the farther from the middle one looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from math import log, sqrt
from statistics import fmean, median

from dbt_schema_evolve.predict.answer import answer
from dbt_schema_evolve.predict.history import level, timed
from dbt_schema_evolve.predict.intervals import MAD_TO_SIGMA, Interval, interval
from dbt_schema_evolve.predict.protocol import Predictor
from dbt_schema_evolve.records.forecasts import Case, Forecast
from dbt_schema_evolve.records.workload import Skip

MOST_WINDOWS = 60
"""Two months of daily ones; those make 1,770 pairs, and what is older is another story."""

_DAY = timedelta(days=1)


class LinearTrend(Predictor):
    """Prolongs a subject's own past, and asks nobody why."""

    def predict(self, cases: Sequence[Case], horizon_days: float) -> tuple[Forecast | Skip, ...]:
        """Return the line at the horizon."""
        return tuple(_prolonged(case, horizon_days) for case in cases)


def _prolonged(case: Case, horizon_days: float) -> Forecast | Skip:
    now = level(case, horizon_days)
    if isinstance(now, Skip):
        return now
    line = _line(case)
    reason = f"it changed by {100 * line.slope:+.1f} % a day over its last {line.points} windows"
    return answer(case, now, horizon_days, line.at, reason=reason)


@dataclass(frozen=True, slots=True)
class _Line:
    slope: float  # of log(time), a day
    height: float  # at the cut-off
    noise: float
    middle: float  # days; negative, as the cut-off is day 0
    spread: float  # sum of squares of days from the middle
    points: int

    def at(self, days: float) -> Interval:
        variance = 1 + 1 / self.points + (days - self.middle) ** 2 / self.spread
        return interval(self.height + self.slope * days, self.noise * sqrt(variance), self.points)


def _line(case: Case) -> _Line:
    points = [((o.at - case.cutoff) / _DAY, log(o.mean_us)) for o in timed(case)[-MOST_WINDOWS:]]
    slope = median(
        (y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1
    )
    height = median(y - slope * x for x, y in points)
    noise = MAD_TO_SIGMA * median(abs(y - height - slope * x) for x, y in points)
    middle = fmean(x for x, _ in points)
    return _Line(
        slope, height, noise, middle, sum((x - middle) ** 2 for x, _ in points), len(points)
    )
