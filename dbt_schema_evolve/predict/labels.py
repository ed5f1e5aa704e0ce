"""What counts as a degradation worth foretelling, and what came of each moment one might have.

A run is degraded against the level at a cut-off where it is *slower* than the median of the seven
runs before, slow enough for somebody to notice, and did *more work*: a noisy neighbour makes a
query slow, but does not make it read more. A cut-off is degraded where that lasts. Where the answer
hangs by a thread it is left unscored, so that no predictor is judged by a coin. Figures for each
choice are in docs/forecast_label.md.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf, log
from statistics import median

from dbt_schema_evolve.predict.history import LONGEST_US, RECENT, SHORTEST_US
from dbt_schema_evolve.records.examples import Outcome

SLOWER = 1.5
"""Times the level: beyond the repeats' scatter, and half as slow again is what people report."""
MORE_WORK = 1.25
"""Times the level's work: growth that costs 1.5 in time costs 1.3 and more in work, as cached rows
are cheaper than spilled ones; work that is measured twice differs by less than 1 %."""
NOTICED_US = 1_000.0
"""Below a millisecond the way to the server and back is most of what anybody waits for."""
NEXT_RUNS = 7
"""A week of daily runs: as far ahead as the level looks back."""
SUSTAINED = 2
"""Degraded runs among those: one alone may be a checkpoint, a lock or a cold cache."""
NEAR = 0.9
"""Within 10 % of every threshold a second measurement of the same run may fall on either side."""
FARTHEST_DAYS = 30

_DAY = timedelta(days=1)


def outcomes(
    times_us: Sequence[float], works: Sequence[float | None], at: Sequence[datetime]
) -> tuple[Outcome, ...]:
    """Return what came of each cut-off, right after each run; runs are given oldest first.

    `works` are in one unit, whichever (blocks a call); None: nobody counted, and time decides
    alone. A run whose time cannot be one is neither past nor future, and its cut-off is unscored.
    """
    whole = [n for n, us in enumerate(times_us) if SHORTEST_US <= us <= LONGEST_US]
    runs = [_Run(times_us[n], _counted(works[n]), at[n], log(times_us[n])) for n in whole]
    found = [_UNKNOWN] * len(times_us)
    for index, n in enumerate(whole):
        found[n] = _outcome(runs, index)
    return tuple(found)


_UNKNOWN = Outcome(None, None, {})


def _counted(work: float | None) -> float | None:
    return work if work is not None and 0 <= work < inf else None


class _Run:
    """A plain class with slots: a fleet has a million of them."""

    __slots__ = ("at", "log_us", "us", "work")

    def __init__(self, us: float, work: float | None, at: datetime, log_us: float) -> None:
        self.us, self.work, self.at, self.log_us = us, work, at, log_us


def _outcome(runs: Sequence[_Run], index: int) -> Outcome:
    past = runs[max(index + 1 - RECENT, 0) : index + 1]
    if len(past) < RECENT:
        return _UNKNOWN
    level_us, work = median(run.us for run in past), _level_work(past)
    now, future = runs[index], runs[index + 1 :]
    first = next(
        (n for n, run in enumerate(future, 1) if _strength(run, level_us, work) >= 1), None
    )
    return Outcome(
        _verdict(now, future[:NEXT_RUNS], level_us, work), first, _log_ratios(now, future, level_us)
    )


def _level_work(past: Sequence[_Run]) -> float | None:
    counted = [run.work for run in past if run.work is not None]
    return median(counted) if len(counted) == len(past) else None


def _strength(run: _Run, level_us: float, level_work: float | None) -> float:
    """Return how far a run is along the way to its nearest obstacle; from 1 on it is degraded."""
    more = inf  # where nobody counted, work objects to nothing
    if run.work is not None and level_work is not None:
        # Less than a block is none: from nothing to nothing is not more.
        more = run.work / (MORE_WORK * max(level_work, 1.0))
    return min(run.us / (SLOWER * level_us), run.us / NOTICED_US, more)


def _verdict(
    now: _Run, following: Sequence[_Run], level_us: float, level_work: float | None
) -> bool | None:
    if _strength(now, level_us, level_work) >= 1:
        return None  # it has happened: there is nothing left to foretell
    if len(following) < NEXT_RUNS:
        # Two slow runs would settle it, quick ones do not: the end of every history, and all that
        # runs once a week, would seem to hold bad news only.
        return None
    strengths = [_strength(run, level_us, level_work) for run in following]
    degraded = sum(strength >= 1 for strength in strengths)
    if degraded >= SUSTAINED:
        return True
    if degraded or sum(each >= NEAR for each in strengths) > 1:
        return None
    return False


def _log_ratios(now: _Run, future: Sequence[_Run], level_us: float) -> dict[int, float]:
    """Return log(time over level) by whole days ahead; of two runs the one nearer to the hour."""
    log_level = log(level_us)
    best: dict[int, tuple[float, float]] = {}
    for run in future:
        days = (run.at - now.at) / _DAY
        day = round(days)
        if day > FARTHEST_DAYS:
            break
        off = abs(days - day)
        if day >= 1 and (day not in best or off < best[day][0]):
            best[day] = (off, run.log_us - log_level)
    return {day: ratio for day, (_, ratio) in best.items()}
