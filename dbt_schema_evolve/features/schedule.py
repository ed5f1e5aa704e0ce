"""When models were built, and when they will be if nothing changes."""

from collections.abc import Iterable, Mapping
from functools import cache
from math import floor

import numpy as np

from dbt_schema_evolve.features.lines import middle
from dbt_schema_evolve.features.timeline import Floats, known

_RECENT = 8  # builds whose distances tell how often a model is built
_LATE = 0.1  # of its cadence, within which a build counts as being on time


class Schedule:
    """Looks builds up, as far as they are known at one cut-off; instants are days since 1970."""

    def __init__(self, builds: Mapping[str, Floats], cutoff: float) -> None:
        """Take instants of successful builds by model."""
        self._builds = builds
        self._cutoff = cutoff
        self.cadence = cache(self._cadence)

    def last(self, model: str, before: float) -> float | None:
        """Return when a model was last built by then; None where nobody saw it."""
        builds = self._builds.get(model)
        count = known(builds, min(before, self._cutoff)) if builds is not None else 0
        return float(builds[count - 1]) if builds is not None and count else None

    def seen(self, models: Iterable[str], at: float) -> float | None:
        """Return of when the rows are that come through some models, the nearest one first.

        At that instant the nearest one holds what it was built from, and so on. Builds after the
        cut-off are expected at the usual distance. None where a model's builds are unknown.
        """
        for model in models:
            last = self.last(model, at)
            if last is None:
                return None
            cadence = self.cadence(model)
            if cadence is not None and at > self._cutoff:
                last += cadence * floor((at - last) / cadence + _LATE)
            at = min(last, at)
        return at

    def _cadence(self, model: str) -> float | None:
        builds = self._builds.get(model)
        if builds is None:
            return None
        gaps = np.diff(builds[: known(builds, self._cutoff)])[-_RECENT:]
        usual = middle(np.sort(gaps)) if len(gaps) else 0.0
        return usual if usual > 0 else None
