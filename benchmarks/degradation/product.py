"""What the product ships, trained as it is shipped, by whoever has not seen the tested projects."""

from collections.abc import Mapping, Sequence
from itertools import chain, starmap
from math import log, nan
from multiprocessing import get_context

import numpy as np

from benchmarks.degradation.examples import in_turns, plans_alone
from benchmarks.degradation.lean import lean_cases, lean_examples
from benchmarks.degradation.learn import taken
from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import UNSCORED, Table
from benchmarks.degradation.watch import Flags, Floats
from dbt_schema_evolve.features.causes import cause_of
from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.training import train
from dbt_schema_evolve.predict.trees.trees import NAME, part_of
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.workload import Skip

_HORIZON = 7.0  # chances do not depend on it
_PROCESSES = 2


class Product:
    """A scorer: a predictor for each split."""

    def __init__(self, lines: Table, short: Mapping[int, Table], deals: Sequence[Split]) -> None:
        """Learn from the training projects of each, two at a time; `short` is as in `Tables`."""
        self._lines = lines
        with get_context("spawn").Pool(_PROCESSES, _take, (lines, short)) as pool:
            learned = pool.map(_learned, deals, chunksize=1)
        self._predictors = {
            split: TreePredictor(bundle) for split, bundle in zip(deals, learned, strict=True)
        }

    def of(self, split: Split) -> TreePredictor:
        """Return who knows the split's training projects."""
        return self._predictors[split]

    def __call__(self, split: Split, chosen: Flags) -> Floats:
        """Return chances of lines of the table that it learned from."""
        return self.on(split, self._lines, chosen)

    def on(self, split: Split, held: Table, chosen: Flags) -> Floats:
        """Return chances of lines of any table; who says nothing warns of nothing."""
        answers = self.of(split).predict(list(lean_cases(held, chosen)), _HORIZON)
        return np.array([_chance(each) for each in answers])

    def flips(self, split: Split, chosen: Flags, horizon: int) -> Floats:
        """Return chances that plans of its own lines are others by then."""
        answers = self.of(split).predict(list(lean_cases(self._lines, chosen)), float(horizon))
        return np.array([_flip_chance(each) for each in answers])

    def ends(self, split: Split, chosen: Flags, horizon: int) -> tuple[Floats, Floats]:
        """Return intervals of its own lines, as logs of times over the level."""
        return self.ends_on(self._lines, split, chosen, horizon)

    def ends_on(
        self, held: Table, split: Split, chosen: Flags, horizon: int
    ) -> tuple[Floats, Floats]:
        """Return intervals of lines of any table."""
        answers = self.of(split).predict(list(lean_cases(held, chosen)), float(horizon))
        pairs = np.array([_ends(each) for each in answers]).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


_Taken = tuple[Table, Mapping[int, Table]]
_taken: list[_Taken] = []  # what this process learns from: handed over once, not for each split


def _take(*tables: *_Taken) -> None:
    _taken[:] = [tables]


def _learned(split: Split) -> Bundle:
    ((lines, short),) = _taken
    mine = lines.of(split.training)
    often = taken(lines, mine)
    others = mine & ~often & (lines.flipped != UNSCORED).any(axis=1)
    known = [
        (lines, often),
        *((held, held.of(split.training) & _turn(held, days)) for days, held in short.items()),
    ]
    examples = chain.from_iterable(starmap(lean_examples, known))
    flips = map(plans_alone, lean_examples(lines, others))
    trees = train(chain(examples, flips), cause_of)
    count = sum(int(chosen.sum()) for _, chosen in known)
    return Bundle({NAME: part_of(trees)}, "the fleet", count, len(split.training))


def _turn(held: Table, days: int) -> Flags:
    """Return the lines that training takes of projects that were seen for so many days."""
    places = zip(held.project.tolist(), held.day.tolist(), strict=True)
    return np.array([in_turns(project)(day) == days for project, day in places], bool)


def _chance(answer: Forecast | Skip) -> float:
    return (isinstance(answer, Forecast) and answer.predicted_probability) or 0.0


def _flip_chance(answer: Forecast | Skip) -> float:
    return (isinstance(answer, Forecast) and answer.flip_probability) or 0.0


def _ends(answer: Forecast | Skip) -> tuple[float, float]:
    if isinstance(answer, Skip):
        return nan, nan
    return (
        log(answer.predicted_low_us / answer.measured_us),
        log(answer.predicted_high_us / answer.measured_us),
    )
