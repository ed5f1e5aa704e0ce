"""Whether a subject's past is enough to speak of its future, and what it takes now."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from math import exp, isfinite, log
from statistics import median

from dbt_schema_evolve.records.forecasts import Case, Observation
from dbt_schema_evolve.records.workload import Skip

RECENT = 7  # windows that make today's level: a week of daily ones
MIN_WINDOWS = 4  # with three, one slow window is a third of the evidence
MIN_DAYS = 3.0  # less is one weekend
MAX_SILENCE = 0.5  # of the history's length: what has not run for longer may not run again
MIN_SILENCE_DAYS = 8.0  # a weekly report is not silent
SHORTEST_US = 0.001  # less, and a broken counter is likelier than such a call
LONGEST_US = 1e15  # 31 years, likewise

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Level:
    """What a typical call takes now, and the windows that say so."""

    recent: tuple[Observation, ...]
    log_us: float  # median

    @property
    def us(self) -> float:
        """The same in microseconds."""
        return exp(self.log_us)


def timed(case: Case) -> tuple[Observation, ...]:
    """Return the windows whose time can be that of a call."""
    return tuple(filter(_is_timed, case.observations))


def _is_timed(window: Observation) -> bool:
    return SHORTEST_US <= window.mean_us <= LONGEST_US and window.calls > 0


def level(case: Case, horizon_days: float) -> Level | Skip:
    """Return today's level, or why the history does not carry a forecast to that horizon."""
    found = latest(case, horizon_days)
    if isinstance(found, Skip):
        return found
    windows = timed(case)
    if len(windows) < MIN_WINDOWS:
        seen = "one window" if len(windows) == 1 else f"{len(windows)} windows"
        return Skip(case.subject, f"seen in {seen} only; a forecast needs {MIN_WINDOWS}")
    days = (windows[-1].at - windows[0].at) / _DAY
    if days < MIN_DAYS:
        return Skip(case.subject, f"seen for {days:.1f} days only; a forecast needs {MIN_DAYS:.0f}")
    return found


def latest(case: Case, horizon_days: float) -> Level | Skip:
    """Return today's level however short the history is, or why there is none to start from."""
    if not (isfinite(horizon_days) and horizon_days > 0):
        return Skip(case.subject, f"a horizon of {horizon_days} days is not in the future")
    # From both ends: of a long history most windows need not be looked at.
    newest = tuple(islice(filter(_is_timed, reversed(case.observations)), RECENT))
    if case.observations and not newest:
        return Skip(case.subject, "none of its windows holds a time that a call can take")
    if not newest:
        return Skip(case.subject, "never seen to run")
    first, last = next(filter(_is_timed, case.observations)), newest[0]
    silent = (case.cutoff - last.at) / _DAY
    days = (last.at - first.at) / _DAY
    if silent > max(MIN_SILENCE_DAYS, MAX_SILENCE * days):
        return Skip(case.subject, f"not seen for {silent:.0f} days")
    return Level(newest[::-1], median(log(o.mean_us) for o in newest))
