"""What each query and build took over time, as arrays that any cut-off can cut."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf, log, log1p, nan
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from dbt_schema_evolve.features.lines import middle
from dbt_schema_evolve.features.observations import Observations
from dbt_schema_evolve.features.series import RECENT
from dbt_schema_evolve.features.timeline import Floats, days_of
from dbt_schema_evolve.records.forecasts import Observation

RUNS_AHEAD = 6  # the last but one of the seven that a label looks at, of which two have to be slow
MOST_DAYS_AHEAD = 60.0  # no growth is drawn further ahead than its own history is looked at


class Runs(NamedTuple):
    """When a subject ran and will run, in days since 1970."""

    last: float
    level: float  # the one in the middle of those that make its level
    ahead: float


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One query or build with all of its history; NaN where an observation does not say."""

    name: str  # a fingerprint, or the unique id of a model
    is_build: bool
    observations: Observations
    days: Floats  # since 1970, sorted; the same object where subjects were observed together
    calls: Floats
    log_us: Floats
    log_blocks: Floats  # log(1 + n), like those below
    log_temp_blocks: Floats
    log_rows: Floats

    def runs(self, count: int) -> Runs:
        """Return when it ran last, at its level, and will run, as of its first so many runs."""
        days = self.days[:count]
        last = float(days[-1])
        cadence = self.cadence(count) or 1.0
        return Runs(
            last=last,
            level=float(days[-min(RECENT // 2 + 1, (count + 1) // 2)]),
            ahead=last + min((RUNS_AHEAD * cadence), MOST_DAYS_AHEAD),
        )

    def cadence(self, count: int) -> float | None:
        """Return how many days usually lie between two runs; None where it ran once."""
        gaps = np.diff(self.days[:count])[-RECENT:]
        return middle(np.sort(gaps)) if len(gaps) else None


def subjects(observations: Mapping[str, Observations], *, are_builds: bool) -> tuple[Subject, ...]:
    """Return subjects by name."""
    grids: dict[bytes, Floats] = {}

    def shared(days: Floats) -> Floats:
        return grids.setdefault(days.tobytes(), days)

    return tuple(
        Subject(
            name=name,
            is_build=are_builds,
            observations=held,
            days=shared(np.array([days_of(o.at) for o in held])),
            calls=np.array([float(o.calls) for o in held]),
            log_us=_logs(held, "mean_us", log, least=0.001),
            log_blocks=_logs(held, "blocks_per_call", log1p),
            log_temp_blocks=_logs(held, "temp_blocks_per_call", log1p),
            log_rows=_logs(held, "rows_per_call", log1p),
        )
        for name, held in sorted(observations.items())
    )


def _logs(
    held: Iterable[Observation],
    name: str,
    logarithm: Callable[[float], float],
    least: float = 0.0,
) -> Floats:
    return np.array(
        [
            logarithm(value) if value is not None and least <= value < inf else nan
            for value in map(attrgetter(name), held)
        ]
    )
