"""Lines of a table as the cases and examples that the product's predictors are given.

A table keeps features and not the windows that they were made from, so a lean case has equal
windows, a week of them or as many as there were: times are then read as ratios, which is all that
is asked of an interval here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isnan

import numpy as np

from benchmarks.degradation.ablations import feature
from benchmarks.degradation.examples import KEPT
from benchmarks.degradation.table import UNSCORED, Table
from benchmarks.degradation.watch import Flags
from dbt_schema_evolve.features.plans import HORIZONS
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.records.examples import Example, Outcome
from dbt_schema_evolve.records.forecasts import (
    Case,
    Driver,
    Elasticity,
    FeatureVector,
    Observation,
    RelationGrowth,
)
from dbt_schema_evolve.records.relations import RelationName

_START = datetime(2026, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_US = 10_000.0


def lean_cases(held: Table, chosen: Flags) -> Iterator[Case]:
    """Yield chosen lines, in their order."""
    columns = held.columns(feature)
    names = [held.names[column] for column in columns]
    growth, exponent = held.column(f"{KEPT}growth_ratio"), held.column(f"{KEPT}exponent")
    windows = np.clip(held.column("windows"), 1, RECENT).astype(int)
    for row in np.flatnonzero(chosen):
        count = int(windows[row])
        cutoff = _START + int(held.day[row]) * _DAY
        subject = held.subjects[held.subject[row]]
        values = zip(names, held.values[row, columns].tolist(), strict=True)
        yield Case(
            subject=subject,
            cutoff=cutoff,
            observations=tuple(
                Observation(cutoff - back * _DAY, 1, _US) for back in reversed(range(count))
            ),
            driver=_driver(subject, growth[row], exponent[row]),
            features=FeatureVector(
                subject, cutoff, tuple((name, value) for name, value in values if not isnan(value))
            ),
        )


def lean_examples(held: Table, chosen: Flags) -> Iterator[Example]:
    """Yield chosen lines with what came of them."""
    rows = np.flatnonzero(chosen)
    for row, case in zip(rows, lean_cases(held, chosen), strict=True):
        ratios = held.log_ratios[row].tolist()
        label, flips = held.degraded[row], held.flipped[row].tolist()
        yield Example(
            held.projects[held.project[row]],
            case,
            Outcome(
                None if label == UNSCORED else bool(label),
                int(held.runs_until[row]) or None,
                {ahead: ratio for ahead, ratio in enumerate(ratios, 1) if not isnan(ratio)},
                {
                    ahead: bool(came)
                    for ahead, came in zip(HORIZONS, flips, strict=True)
                    if came != UNSCORED
                },
            ),
        )


def _driver(subject: str, growth_ratio: float, exponent: float) -> Driver | None:
    if isnan(growth_ratio):
        return None
    return Driver(
        RelationName("", "driver"),
        RelationGrowth("driver", 1, growth_ratio, 0.0, 0.0, RECENT),
        Elasticity(subject, "driver", exponent, 0.0, 0.0, RECENT),
        (1.0,) * RECENT,
    )
