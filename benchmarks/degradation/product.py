"""What the product ships, trained as it is shipped, by whoever has not seen the tested projects."""

from collections.abc import Sequence
from itertools import chain
from math import log, nan
from multiprocessing import get_context

import numpy as np

from benchmarks.degradation.examples import plans_alone
from benchmarks.degradation.lean import lean_cases, lean_examples
from benchmarks.degradation.learn import taken
from benchmarks.degradation.splits import Split
from benchmarks.degradation.table import UNSCORED, Table
from benchmarks.degradation.watch import Flags, Floats
from dbt_schema_evolve.features.causes import FEATURES
from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.training import train
from dbt_schema_evolve.predict.trees.trees import NAME, part_of
from dbt_schema_evolve.records.forecasts import CauseKind, Forecast
from dbt_schema_evolve.records.workload import Skip

_HORIZON = 7.0  # chances do not depend on it
_PROCESSES = 2


class Product:
    """A scorer: a predictor for each split."""

    def __init__(self, lines: Table, deals: Sequence[Split]) -> None:
        """Learn from the training projects of each, two at a time."""
        self._lines = lines
        with get_context("spawn").Pool(_PROCESSES, _take, (lines,)) as pool:
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
        answers = self.of(split).predict(list(lean_cases(self._lines, chosen)), float(horizon))
        pairs = np.array([_ends(each) for each in answers]).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


_taken: list[Table] = []  # what this process learns from: handed over once, not for each split


def _take(lines: Table) -> None:
    _taken[:] = [lines]


def _learned(split: Split) -> Bundle:
    (lines,) = _taken
    mine = lines.of(split.training)
    known = taken(lines, mine)
    others = mine & ~known & (lines.flipped != UNSCORED).any(axis=1)
    examples = chain(lean_examples(lines, known), map(plans_alone, lean_examples(lines, others)))
    trees = train(examples, _cause_of)
    return Bundle({NAME: part_of(trees)}, "the fleet", int(known.sum()), len(split.training))


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


def _cause_of(name: str) -> CauseKind | None:
    """Trees have names of their own beside those of features."""
    return FEATURES[name].cause if name in FEATURES else None
