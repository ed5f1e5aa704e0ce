"""Alarms and what they were about: counted as whoever is woken up by them would.

A *query-week* is seven scored cut-offs of one query. An *alarm* opens at a scored cut-off whose
score is above the threshold and speaks for seven runs; as long as it stands, the query raises no
other. It is *false* where none of the cut-offs that are above the threshold while it stands is
degraded. A *degradation* is a stretch of degraded cut-offs, of seven runs at most: what lasts for
three weeks is three of them. It is *caught* where one of its own cut-offs is above the threshold,
which by the label's construction is ahead of its first degraded run; its *lead* is the runs until
that one.
Unscored cut-offs (the label does not say) neither raise alarms nor count.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dbt_schema_evolve.predict.labels import NEXT_RUNS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Rows:
    """Scored cut-offs, ordered by subject and run; a column each."""

    project: Ints
    subject: Ints  # unique across projects
    run: Ints  # of the subject, counted from its first
    degraded: Flags
    runs_until: Ints  # from the cut-off to the first degraded run; 0: there is none

    def __len__(self) -> int:
        return len(self.run)

    def where(self, chosen: Flags) -> "Rows":
        """Return some of the rows."""
        return Rows(
            self.project[chosen],
            self.subject[chosen],
            self.run[chosen],
            self.degraded[chosen],
            self.runs_until[chosen],
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What happened in one project under one threshold."""

    rows: int
    alarms: int
    false_alarms: int
    degradations: int
    caught: int
    degraded_rows: int
    alerted_rows: int  # of the degraded ones
    leads: tuple[int, ...]  # of what was caught


def tally(rows: Rows, alerting: Flags) -> dict[int, Tally]:
    """Count by project."""
    alarms, false_alarms = _alarms(rows, alerting)
    began, caught, leads = _degradations(rows, alerting)
    found = {}
    for project in np.unique(rows.project):
        mine = rows.project == project
        found[int(project)] = Tally(
            rows=int(mine.sum()),
            alarms=int((alarms & mine).sum()),
            false_alarms=int((false_alarms & mine).sum()),
            degradations=int((began & mine).sum()),
            caught=int((caught & mine).sum()),
            degraded_rows=int((rows.degraded & mine).sum()),
            alerted_rows=int((rows.degraded & alerting & mine).sum()),
            leads=tuple(int(lead) for lead in leads[caught & mine]),
        )
    return found


def false_alarm_count(rows: Rows, alerting: Flags) -> int:
    """Count false alarms only."""
    return int(_alarms(rows, alerting)[1].sum())


def _alarms(rows: Rows, alerting: Flags) -> tuple[Flags, Flags]:
    """Return which rows open an alarm, and which open a false one."""
    opened, false = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for first, stretch in _stretches(rows, alerting):
        opened[first] = True
        false[first] = not rows.degraded[stretch].any()
    return opened, false


def _degradations(rows: Rows, alerting: Flags) -> tuple[Flags, Flags, Ints]:
    """Return which rows begin a degradation, which of those are caught, and with what lead."""
    began, caught = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    leads = np.zeros(len(rows), np.int64)
    for first, stretch in _stretches(rows, rows.degraded):
        began[first] = True
        seen = [row for row in stretch if alerting[row]]
        if seen:
            caught[first] = True
            leads[first] = rows.runs_until[seen[0]]
    return began, caught, leads


def _stretches(rows: Rows, chosen: Flags) -> Iterator[tuple[int, list[int]]]:
    """Yield stretches of chosen rows of one subject, none longer than a week of runs."""
    stretch: list[int] = []
    subject, until = -1, -1
    for row in np.flatnonzero(chosen):
        if rows.subject[row] != subject or rows.run[row] >= until:
            if stretch:
                yield stretch[0], stretch
            stretch, subject, until = [], rows.subject[row], rows.run[row] + NEXT_RUNS
        stretch.append(int(row))
    if stretch:
        yield stretch[0], stretch
