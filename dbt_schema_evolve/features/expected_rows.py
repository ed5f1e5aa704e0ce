"""How many rows each relation is expected to have: by its own pace, or by what it is made from.

What is built every week shows nothing of yesterday's growth, and its own few steps say little of
the pace. But when it is built next, and from what, is known: so its rows follow those that its
parents will have by then.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from math import exp, floor, log

import numpy as np

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.following import elasticities
from dbt_schema_evolve.features.known_rows import KnownRows, relation_id
from dbt_schema_evolve.features.pace import Pace, pace
from dbt_schema_evolve.features.sizes import sizes
from dbt_schema_evolve.features.stored_graph import StoredEdge, StoredGraph
from dbt_schema_evolve.features.timeline import Floats, days_of, known
from dbt_schema_evolve.records.relations import RelationName

_SELDOM = 2.0  # days between builds; what is built daily shows its parents' pace the same day
_OVERDUE = 2.5  # times that: it is not built any more
_CADENCE = 8  # builds whose distances tell how often there is one


class RowForecasts:
    """One warehouse's facts, put in order once, so that many cut-offs are cheap."""

    def __init__(self, facts: Facts) -> None:
        """Take facts of all times, in any order."""
        self._ids = facts.ids
        self._sizes = sizes(facts.relations)
        self._relations = {relation_id(each, facts.ids): each for each in self._sizes}
        self._graph = StoredGraph(facts.graph)
        self._builds = _builds(facts)

    def at(self, cutoff: datetime) -> "ExpectedRows":
        """Return what is to be expected as of the cut-off."""
        day = days_of(cutoff)
        rows = KnownRows(self._sizes, self._ids, day)
        builds = {
            node: days[: known(days, day)]
            for node, days in self._builds.items()
            if known(days, day)
        }
        paces = {
            relation: found
            for relation, of in self._sizes.items()
            if (found := pace(of.days, of.rows, day)) is not None
        }
        follows = elasticities(self._graph.edges, self._relations, rows, builds, day)
        seldom = {
            relation: seldom
            for node, relation in self._relations.items()
            if (seldom := _seldom(builds.get(node), self._graph.into(node), follows, day))
        }
        return ExpectedRows(paces, seldom, self._relations, rows, day)


@dataclass(frozen=True, slots=True)
class _Seldom:
    """A relation that is built every few days."""

    last: float  # when it was built, in days before the cut-off: not positive
    cadence: float
    edges: Mapping[str, float]  # percent more rows for one percent more of a node above

    def next_build(self, days: float) -> float | None:
        """Return the last build by then, in days from the cut-off; None where there is none."""
        count = floor((days - self.last) / self.cadence)
        return max(self.last + count * self.cadence, 0.0) if count else None


class ExpectedRows:
    """Row ratios at any number of days from one cut-off."""

    def __init__(
        self,
        paces: Mapping[RelationName, Pace],
        seldom: Mapping[RelationName, _Seldom],
        relations: Mapping[str, RelationName],
        rows: KnownRows,
        cutoff: float,
    ) -> None:
        """Take what was found at the cut-off; `relations` are by node id."""
        self._paces, self._seldom = paces, seldom
        self._relations, self._rows, self._cutoff = relations, rows, cutoff
        self._change = cache(self._log_change)

    @property
    def known(self) -> Collection[RelationName]:
        """The relations whose history is long enough."""
        return self._paces.keys() | self._seldom.keys()

    def ratios(self, days: float) -> Mapping[RelationName, float]:
        """Return how many times its rows each relation will have then."""
        return {relation: exp(self._change(relation, days)) for relation in sorted(self.known)}

    def _log_change(self, relation: RelationName, days: float) -> float:
        seldom = self._seldom.get(relation)
        if seldom is None:
            own = self._paces.get(relation)
            return log(own.ratio(days)) if own else 0.0
        build = seldom.next_build(days)
        if build is None:
            return 0.0
        return sum(
            elasticity * self._log_growth(self._relations[node], seldom.last, build)
            for node, elasticity in sorted(seldom.edges.items())
            if node in self._relations
        )

    def _log_growth(self, relation: RelationName, since: float, until: float) -> float:
        """Return log(rows then / rows since), of a past and a future instant."""
        before = self._rows.at(relation, np.array([self._cutoff + since]))
        now = max(self._rows.now(relation), 1.0)
        return log(now / max(float(before[0]), 1.0)) + self._change(relation, until)


def _builds(facts: Facts) -> Mapping[str, Floats]:
    held: defaultdict[str, set[float]] = defaultdict(set)
    for run in facts.runs:
        if run.captured_at is not None and run.status == "success":
            held[run.unique_id].add(days_of(run.captured_at))
    return {node: np.array(sorted(days)) for node, days in held.items()}


def _seldom(
    builds: Floats | None,
    edges: Collection[StoredEdge],
    follows: Mapping[StoredEdge, float],
    cutoff: float,
) -> _Seldom | None:
    """Return how a relation follows what is above it; None where its own pace says more."""
    if builds is None or len(builds) <= 1 or not edges:
        return None
    cadence = float(np.median(np.diff(builds)[-_CADENCE:]))
    last = float(builds[-1]) - cutoff
    if cadence <= _SELDOM or -last > _OVERDUE * cadence:
        return None
    return _Seldom(last, cadence, {edge.source: follows[edge] for edge in edges})
