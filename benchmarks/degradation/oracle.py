"""What somebody would know who knew every table's size a week ahead, and nothing else.

The oracle is no predictor: it is the same trees as ours, given in addition how many rows and bytes
the relations on the way to a subject *will* have on each of the next seven days. It is told no
future time, no plan, no statistics and no deployment. How well it does says how much of the label
follows from growth at all, and so how much any forecast of growth could reach.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import log
from statistics import median

from benchmarks.fleet.records import FleetProject
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.sizes import row_series
from dbt_schema_evolve.predict.history import RECENT
from dbt_schema_evolve.predict.labels import NEXT_RUNS
from dbt_schema_evolve.records.forecasts import Case
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.relations import RelationName

PREFIX = "oracle_"
_AHEAD = tuple(range(1, NEXT_RUNS + 1))
_WINDOWS = (1, 3, 7, 14, 30)  # days: what queries of "the last n days" read
_DAY = timedelta(days=1)

_Series = tuple[list[datetime], list[float]]


class Oracle:
    """Knows one project's sizes of all times."""

    def __init__(self, project: FleetProject) -> None:
        """Put the sizes in order."""
        facts = project.facts
        self._rows, self._bytes = _rows(facts), _bytes(facts)
        self._above = _ancestors(facts.graph)
        self._ids = facts.ids
        self._relations = {node: relation for relation, node in facts.ids.items()}

    def features(self, case: Case) -> dict[str, float]:
        """Return how sizes will change around a subject, against those of its last seven days."""
        read = [relation for relation in case.relations if relation in self._rows]
        above = {
            self._relations[node]
            for relation in read
            for node in self._above.get(self._ids.get(relation, ""), ())
            if self._relations.get(node) in self._rows
        }
        found = {}
        if read:
            largest = self._driver(case, read)
            found |= _named("driver_rows", _changes(self._rows[largest], case.cutoff))
            found |= _named("driver_bytes", _changes(self._bytes[largest], case.cutoff))
            found |= _named("read_rows", self._most(read, self._rows, case.cutoff))
            found |= _named("read_bytes", self._most(read, self._bytes, case.cutoff))
            found |= _arrivals(self._rows[largest], case.cutoff)
        if above:
            found |= _named("above_rows", self._most(sorted(above), self._rows, case.cutoff))
        return {PREFIX + name: value for name, value in found.items()}

    def _driver(self, case: Case, read: Sequence[RelationName]) -> RelationName:
        if case.driver is not None and case.driver.relation in read:
            return case.driver.relation
        return read[0]  # the largest

    @staticmethod
    def _most(
        relations: Iterable[RelationName],
        series: Mapping[RelationName, _Series],
        cutoff: datetime,
    ) -> list[float]:
        changes = [_changes(series[relation], cutoff) for relation in relations]
        return [max(each) for each in zip(*changes, strict=True)]


def _rows(facts: Facts) -> dict[RelationName, _Series]:
    return {
        relation: ([at for at, _ in series], [float(max(rows, 1)) for _, rows in series])
        for relation, series in row_series(facts.relations).items()
    }


def _bytes(facts: Facts) -> dict[RelationName, _Series]:
    held: dict[RelationName, dict[datetime, float]] = defaultdict(dict)
    for profile in facts.relations:
        if profile.kind.stores_rows:
            held[profile.relation][profile.captured_at] = float(max(profile.table_bytes or 1, 1))
    return {
        relation: (sorted(by_time), [by_time[at] for at in sorted(by_time)])
        for relation, by_time in held.items()
    }


def _at(series: _Series, when: datetime) -> float:
    times, sizes = series
    return sizes[max(bisect_right(times, when) - 1, 0)]


def _changes(series: _Series, cutoff: datetime) -> list[float]:
    level = median(_at(series, cutoff - back * _DAY) for back in range(RECENT))
    return [log(_at(series, cutoff + ahead * _DAY) / level) for ahead in _AHEAD]


def _named(name: str, changes: Sequence[float]) -> dict[str, float]:
    """Each day's change, and the second largest: the label asks for two runs."""
    found = {f"{name}_{ahead}": change for ahead, change in zip(_AHEAD, changes, strict=True)}
    return {**found, f"{name}_lasting": sorted(changes)[-2]}


def _arrivals(series: _Series, cutoff: datetime) -> dict[str, float]:
    """How the rows of the last n days will change: what a filter on dates lets through."""
    found = {}
    for days in _WINDOWS:

        def arrived(when: datetime, days: int = days) -> float:
            return max(_at(series, when) - _at(series, when - days * _DAY), 1.0)

        level = median(arrived(cutoff - back * _DAY) for back in range(RECENT))
        changes = [log(arrived(cutoff + ahead * _DAY) / level) for ahead in _AHEAD]
        found[f"arrived_{days}_last"] = changes[-1]
        found[f"arrived_{days}_lasting"] = sorted(changes)[-2]
    return found


def _ancestors(graph: LineageGraph) -> Mapping[str, frozenset[str]]:
    above: dict[str, set[str]] = defaultdict(set)
    for edge in graph.relation_edges:
        above[edge.target].add(edge.source)

    def walk(node: str) -> frozenset[str]:
        found: set[str] = set()
        waiting = list(above[node]) if node in above else []
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += above.get(each, ())
        return frozenset(found)

    return {node: walk(node) for node in list(above)}
