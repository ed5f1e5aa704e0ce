"""How many rows a relation will have: the pace of its last steps, in rows or in shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import fmean, median, pstdev

from dbt_schema_evolve.features.timeline import Floats, known

STEPS = 7  # a week of daily builds, so that each day of the week counts once
LAW_STEPS = 14  # what tells a share from a number must have grown by more than its scatter
MIN_STEPS = 3
MAX_DAYS = 35.0  # five weekly builds; older steps say little of the next month
_OVERDUE = 2.5  # times the usual distance of two steps: the next is not only late
_CLEARLY = 0.8  # of the scatter of numbers, that of shares: less may be chance
_MOST = 3.0  # of a logarithm: twenty times its rows is more than a month brings


@dataclass(frozen=True, slots=True)
class Pace:
    """What a day adds to a relation from the cut-off on."""

    rows: float  # at the cut-off
    per_day: float  # rows; or where growth compounds, the share of what is there
    stderr: float
    compounds: bool

    def ratio(self, days: float, errors: float = 0.0) -> float:
        """Return how many times its rows it will have, the pace so many standard errors off."""
        grown = (self.per_day + errors * self.stderr) * days
        if not self.compounds:
            grown = log(max(1 + grown / self.rows, exp(-_MOST)))
        return exp(min(max(grown, -_MOST), _MOST))


def pace(days: Floats, rows: Floats, cutoff: float) -> Pace | None:
    """Return the pace of one relation up to the cut-off; None where its history is too short.

    A step is a change of the row count: a weekly build counts once, and not as six days of rest
    too. The pace is the mean of the last steps without the smallest and the largest, so that one
    backfill among them changes nothing; it is zero where the next step is long overdue. `days` are
    since 1970 like the cut-off, and sorted.
    """
    since, until = int(days.searchsorted(cutoff - MAX_DAYS)), known(days, cutoff)
    points = [
        (float(day - cutoff), float(count))
        for day, count in zip(days[since:until], rows[since:until], strict=True)
        if count >= 1
    ]
    if len(points) <= MIN_STEPS:
        return None
    count = points[-1][1]
    steps = _steps(points)
    if len(steps) < MIN_STEPS:
        # It moved once or twice in a month, or never.
        return Pace(count, 0.0, 0.0, compounds=False)
    if _silence(points) > _OVERDUE * median(step.days for step in steps):
        return Pace(count, 0.0, 0.0, compounds=False)
    law = steps[-LAW_STEPS:]
    compounds = _scatter([s.share_per_day for s in law]) < _CLEARLY * _scatter(
        [s.rows_per_day for s in law]
    )
    rates = [s.share_per_day if compounds else s.rows_per_day for s in steps[-STEPS:]]
    kept = _without_ends(rates)
    return Pace(count, fmean(kept), pstdev(kept) / sqrt(len(kept)), compounds)


@dataclass(frozen=True, slots=True)
class _Step:
    """One change of the row count."""

    days: float  # since the change before
    before: float
    after: float

    @property
    def rows_per_day(self) -> float:
        return (self.after - self.before) / self.days

    @property
    def share_per_day(self) -> float:
        return log(self.after / self.before) / self.days


def _steps(points: Sequence[tuple[float, float]]) -> Sequence[_Step]:
    """Return the changes; the first one's length is not known, so it is spared if it can be."""
    since, before = points[0]
    steps = []
    for day, rows in points:
        if rows != before and day > since:
            steps.append(_Step(day - since, before, rows))
            since, before = day, rows
    return steps[1:] if len(steps) > MIN_STEPS else steps


def _silence(points: Sequence[tuple[float, float]]) -> float:
    """Return for how many days before the last look nothing has changed."""
    last_day, rows = points[-1]
    return last_day - min(day for day, held in points if held == rows)


def _without_ends(rates: Sequence[float]) -> Sequence[float]:
    return sorted(rates)[1:-1]


def _scatter(rates: Sequence[float]) -> float:
    kept = _without_ends(rates)
    mean = fmean(kept)
    return pstdev(kept) / mean if mean > 0 else inf
