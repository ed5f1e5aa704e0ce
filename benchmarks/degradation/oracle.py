"""What somebody would know who knew every table's size a week ahead, and nothing else.

The oracle is no predictor: it is the same trees as ours, given in addition how many rows and bytes
the relations on the way to a subject *will* have on each of the next seven days. It is told no
future time, no plan, no statistics and no deployment. How well it does says how much of the label
follows from growth at all, and so how much any forecast of growth could reach.
"""

from collections.abc import Sequence

import networkx
import numpy as np

from benchmarks.degradation.watch import Floats
from benchmarks.fleet.records import FleetProject
from dbt_schema_evolve.features.sizes import Sizes, sizes
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.predict.labels import NEXT_RUNS
from dbt_schema_evolve.records.forecasts import Case

PREFIX = "oracle_"
_AHEAD = np.arange(1, NEXT_RUNS + 1)
_WINDOWS = (1, 3, 7, 14, 30)  # days: what queries of "the last n days" read


class Oracle:
    """Knows one project's sizes of all times."""

    def __init__(self, project: FleetProject) -> None:
        """Put the sizes in order."""
        facts = project.facts
        self._sizes = sizes(facts.relations)
        self._ids = facts.ids
        self._relations = {node: relation for relation, node in facts.ids.items()}
        self._flow = networkx.DiGraph((e.source, e.target) for e in facts.graph.relation_edges)

    def features(self, case: Case) -> dict[str, float]:
        """Return how sizes will change around a subject, against those of its last seven days."""
        day = days_of(case.cutoff)
        read = [self._sizes[relation] for relation in case.relations if relation in self._sizes]
        above = self._above(case)
        found = {}
        if read:
            driver = case.driver.relation if case.driver else read[0].relation  # the largest
            leading = self._sizes.get(driver, read[0])
            found |= _named("driver_rows", _rows_change(leading, day))
            found |= _named("driver_bytes", _bytes_change(leading, day))
            found |= _named("read_rows", np.max([_rows_change(s, day) for s in read], axis=0))
            found |= _named("read_bytes", np.max([_bytes_change(s, day) for s in read], axis=0))
            found |= _arrivals(leading, day)
        if above:
            found |= _named("above_rows", np.max([_rows_change(s, day) for s in above], axis=0))
        return {PREFIX + name: value for name, value in found.items()}

    def _above(self, case: Case) -> list[Sizes]:
        nodes = {self._ids.get(relation, "") for relation in case.relations} & set(self._flow)
        above = set().union(*(networkx.ancestors(self._flow, node) for node in nodes))
        relations = {self._relations[node] for node in above if node in self._relations}
        return [self._sizes[relation] for relation in sorted(relations & set(self._sizes))]


def _rows_change(held: Sizes, day: float) -> Floats:
    return _changes(held.days, held.rows, day)


def _bytes_change(held: Sizes, day: float) -> Floats:
    return _changes(held.days, held.table_bytes, day)


def _changes(days: Floats, values: Floats, day: float) -> Floats:
    level = np.median(_at(days, values, day - np.arange(RECENT)))
    return np.log(_at(days, values, day + _AHEAD) / level)


def _at(days: Floats, values: Floats, when: Floats) -> Floats:
    """Return the last known value at each time, and the first one before there is any."""
    places = np.searchsorted(days, when + 1e-6, side="right") - 1
    return np.maximum(np.nan_to_num(values, nan=1.0)[np.maximum(places, 0)], 1.0)


def _named(name: str, changes: Floats) -> dict[str, float]:
    """Each day's change, and the second largest: the label asks for two runs."""
    found = {f"{name}_{ahead}": float(c) for ahead, c in zip(_AHEAD, changes, strict=True)}
    return {**found, f"{name}_lasting": _second(changes)}


def _arrivals(held: Sizes, day: float) -> dict[str, float]:
    """How the rows of the last n days will change: what a filter on dates lets through."""
    found = {}
    for width in _WINDOWS:

        def arrived(when: Floats, width: int = width) -> Floats:
            now, then = (_at(held.days, held.rows, when - back) for back in (0, width))
            return np.maximum(now - then, 1.0)

        level = np.median(arrived(day - np.arange(RECENT)))
        changes = np.log(arrived(day + _AHEAD) / level)
        found[f"arrived_{width}_last"] = float(changes[-1])
        found[f"arrived_{width}_lasting"] = _second(changes)
    return found


def _second(changes: Sequence[float] | Floats) -> float:
    return float(np.sort(changes)[-2])
