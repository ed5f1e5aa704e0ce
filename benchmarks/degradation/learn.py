"""One plain learner for everything that is compared with something: same trees, other columns.

What the product ships is trained by `predict/trees` and measured beside it; here are the same
settings without its calibration, so that a difference between two sets of columns, or of projects,
is theirs.
"""

from collections.abc import Callable, Sequence

import lightgbm
import numpy as np

from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats
from dbt_schema_evolve.predict.trees.training import CHANCES

ROUNDS = 300
EVERY = 3  # days: the day after has nearly the same features, and the same answer


def taken(held: Table, chosen: Flags) -> Flags:
    """Return the lines to learn from: every third day, projects in turns."""
    return chosen & ((held.day + held.project) % EVERY == 0)


class Learner:
    """Scores lines by how likely they are to degrade; remembers which columns it knows."""

    def __init__(self, held: Table, chosen: Flags, columns: Sequence[int]) -> None:
        """Learn from some lines."""
        self._names = [held.names[column] for column in columns]
        used = taken(held, chosen & held.scored)
        self._booster = lightgbm.train(
            CHANCES,
            lightgbm.Dataset(
                held.values[np.ix_(used, columns)],
                (held.degraded[used] == 1).astype(float),
                params=CHANCES,
            ),
            num_boost_round=ROUNDS,
        )

    def scores(self, held: Table, chosen: Flags) -> Floats:
        """Return log-odds; a column that the table has not got is not known."""
        place = {name: number for number, name in enumerate(held.names)}
        values = np.full((int(chosen.sum()), len(self._names)), np.nan, np.float32)
        for number, name in enumerate(self._names):
            if name in place:
                values[:, number] = held.values[chosen, place[name]]
        said: Floats = np.asarray(self._booster.predict(values, raw_score=True))
        return said


class Learned:
    """A scorer: a learner for each split, made when it is first asked for."""

    def __init__(self, lines: Table, wanted: Callable[[str], bool]) -> None:
        """Take the columns that it may look at."""
        self._lines, self._columns = lines, lines.columns(wanted)
        self._learners: dict[Split, Learner] = {}

    def of(self, split: Split) -> Learner:
        """Return who knows the split's training projects."""
        if split not in self._learners:
            known = self._lines.of(split.training)
            self._learners[split] = Learner(self._lines, known, self._columns)
        return self._learners[split]

    def __call__(self, split: Split, chosen: Flags) -> Floats:
        """Score lines of the same table."""
        return self.of(split).scores(self._lines, chosen)
