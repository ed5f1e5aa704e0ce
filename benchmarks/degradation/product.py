"""What the product ships, trained as it is shipped, on some of the projects."""

from collections.abc import Iterable

import numpy as np

from benchmarks.degradation.lean import lean_cases, lean_examples
from benchmarks.degradation.learn import taken
from benchmarks.degradation.table import Table
from benchmarks.degradation.watch import Flags, Floats
from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.training import CauseOf, train
from dbt_schema_evolve.predict.trees.trees import NAME, part_of
from dbt_schema_evolve.records.forecasts import Forecast


def product(held: Table, projects: Iterable[str], cause_of: CauseOf) -> TreePredictor:
    """Return a predictor that knows some projects."""
    trees = train(lean_examples(held, taken(held, held.of(projects))), cause_of)
    return TreePredictor(Bundle({NAME: part_of(trees)}, "projects of the fleet", 0, 0))


def foretold(
    predictor: TreePredictor, held: Table, chosen: Flags, horizon_days: int
) -> tuple[Floats, Floats, Floats]:
    """Return chances, and the ends of intervals as log ratios, of chosen lines."""
    answers = predictor.predict(list(lean_cases(held, chosen)), float(horizon_days))
    found = np.full((len(answers), 3), np.nan)
    for number, each in enumerate(answers):
        if isinstance(each, Forecast):
            found[number] = (
                each.predicted_probability or 0.0,
                np.log(each.predicted_low_us / each.measured_us),
                np.log(each.predicted_high_us / each.measured_us),
            )
    return found[:, 0], found[:, 1], found[:, 2]
