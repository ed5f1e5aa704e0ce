"""How fast a relation grows: a robust line through its row counts."""

from math import hypot

from dbt_schema_evolve.features.lines import theil_sen
from dbt_schema_evolve.features.timeline import Floats, known
from dbt_schema_evolve.records.forecasts import RelationGrowth

MIN_POINTS = 4  # with three points one wild value decides the median slope
MIN_DAYS = 3.0  # less is one weekend: no rhythm of a week shows
MAX_DAYS = 60.0  # older growth says little about the next month
WEEK = 7.0  # a change of pace within a week may be the week's own rhythm
_CLEAR = 2.0  # standard errors between two slopes, so that one in twenty differs by chance


def relation_growth(
    relation_id: str, days: Floats, rows: Floats, cutoff: float
) -> RelationGrowth | None:
    """Return the growth of one relation up to a cut-off; None where its history is too short.

    `days` are since 1970 like the cut-off, and sorted.
    """
    since = int(days.searchsorted(cutoff - MAX_DAYS))
    until = known(days, cutoff)
    xs, ys = days[since:until] - cutoff, rows[since:until]
    if is_short(xs):
        return None
    begin, slope, stderr = of_late(xs, ys)
    return RelationGrowth(
        relation_id=relation_id,
        rows=round(ys[-1]),
        rows_per_day=slope,
        stderr_rows_per_day=stderr,
        days=_length(xs[begin:]),
        points=len(xs) - begin,
    )


def is_short(xs: Floats) -> bool:
    """Whether a history says nothing about growth; places are days."""
    return len(xs) < MIN_POINTS or _length(xs) < MIN_DAYS


def of_late(xs: Floats, ys: Floats) -> tuple[int, float, float]:
    """Return where the part of a history begins that counts, its slope and its standard error.

    Where the last half, quarter, ... of the history clearly goes another way, it alone counts: a
    backfill is over, growth has begun.
    """
    begin = 0
    slope, stderr = theil_sen(xs, ys)
    recent = _last_half(xs, begin)
    while len(xs) - recent >= MIN_POINTS and _length(xs[recent:]) >= WEEK:
        recent_slope, recent_stderr = theil_sen(xs[recent:], ys[recent:])
        if abs(recent_slope - slope) > _CLEAR * hypot(recent_stderr, stderr):
            begin, slope, stderr = recent, recent_slope, recent_stderr
        recent = _last_half(xs, recent)
    return begin, slope, stderr


def _length(xs: Floats) -> float:
    return float(xs[-1] - xs[0])


def _last_half(xs: Floats, begin: int) -> int:
    return int(xs.searchsorted((xs[begin] + xs[-1]) / 2))
