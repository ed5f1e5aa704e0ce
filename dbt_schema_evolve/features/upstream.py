"""Growth on its way to a subject: what has arrived, and what a build has yet to bring."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import heappop, heappush
from math import log, log1p
from typing import NamedTuple

from dbt_schema_evolve.features.condition import CHANGES
from dbt_schema_evolve.features.following import elasticities
from dbt_schema_evolve.features.known_rows import KnownRows
from dbt_schema_evolve.features.schedule import Schedule
from dbt_schema_evolve.features.stored_graph import StoredGraph
from dbt_schema_evolve.features.subjects import Runs
from dbt_schema_evolve.features.timeline import Floats
from dbt_schema_evolve.records.relations import RelationName

AHEAD = 7.0  # days that growth is drawn ahead: a label looks at seven runs
_FAINT = 0.02  # influence below which nothing is followed any further up
_SHRUNK = -0.9  # of its rows a day: a line through a rebuild may say more than all


@dataclass(frozen=True, slots=True)
class Moves:
    """How one relation's rows have moved lately, in logarithms; 0 where nobody counted by then."""

    per_day: float  # by a robust line
    change_1: float  # log(rows now / rows so many days ago)
    change_3: float
    change_7: float


@dataclass(frozen=True, slots=True)
class Reached:
    """A stored relation above a subject, and how far its growth has come."""

    node: str
    relation: RelationName
    influence: float  # percent more rows where the subject reads, for one percent more of its own
    via: tuple[str, ...]  # the models in between, the nearest to the subject first
    moves: Moves
    # log(rows now / rows that the subject saw when it last ran): at the last build of the model in
    # between, before the last build of the next one, and so on. None: a build is unknown.
    not_arrived: float | None
    movement: float  # how much it stirs the subject: by what has come, is under way, will come
    # log(rows that the subject will meet some runs ahead / rows that it met on its level); 0 where
    # a build in between is unknown.
    ahead: float
    is_root: bool = True  # nothing that is reached is above it
    is_followed: bool = True  # counted more than once; else nobody saw it move, or keep its size


@dataclass(frozen=True, slots=True)
class Wait:
    """For a model that has yet to bring what has grown above it."""

    node: str
    age_days: float  # since its last build
    cadence_days: float | None  # between its builds, usually; None: it was seen once


class _Way(NamedTuple):
    """A relation on the way up, by the path that carries most."""

    influence: float
    via: tuple[str, ...]


class Upstream:
    """Walks up from what is read, as far as is known at one cut-off."""

    def __init__(
        self,
        graph: StoredGraph,
        relations: Mapping[str, RelationName],
        rows: KnownRows,
        builds: Mapping[str, Floats],
        cutoff: float,
    ) -> None:
        """Take relations by node id, and instants of successful builds likewise."""
        self._graph = graph
        self._relations = relations
        self._rows = rows
        self._schedule = Schedule(builds, cutoff)
        self._cutoff = cutoff
        self._elasticities = elasticities(graph.edges, relations, rows, builds, cutoff)
        self._above = cache(self._walk)
        self._moves = cache(self._measure)
        self._seen = cache(self._schedule.seen)

    def of(self, read: Iterable[str], runs: Runs) -> Sequence[Reached]:
        """Return what is above a subject, what stirs it most first.

        Of several nodes that it reads each counts for its share of the rows.
        """
        counts = {node: self._count(node) for node in read}
        total = sum(counts.values())
        ways: dict[str, _Way] = {}
        for node, count in sorted(counts.items()):
            for above, way in self._above(node):
                carried = way._replace(influence=way.influence * count / total)
                ways[above] = _joined(ways.get(above), carried)
        found = {
            node: self._reached(node, way, runs)
            for node, way in ways.items()
            if node in self._relations and self._relations[node] in self._rows
        }
        fed = {model for each in found.values() for model in each.via}
        return sorted(
            (replace(each, is_root=node not in fed) for node, each in found.items()),
            key=lambda each: (-each.movement, -len(each.via), each.node),
        )

    def longest_wait(self, models: Iterable[str]) -> Wait | None:
        """Return the wait for the model built longest ago; None where no build is known."""
        built = [(self._schedule.last(node, self._cutoff), node) for node in models]
        oldest, node = min(((at, node) for at, node in built if at is not None), default=(None, ""))
        if oldest is None:
            return None
        return Wait(node, self._cutoff - oldest, self._schedule.cadence(node))

    def _count(self, node: str) -> float:
        return max(self._rows.now(self._relations[node]), 1.0) if node in self._relations else 1.0

    def _walk(self, start: str) -> Sequence[tuple[str, _Way]]:
        """Go up in the order of the graph, so that all that a node carries is known at its turn."""
        ways = {start: _Way(1.0, ())}
        waiting = [(-self._graph.ranks.get(start, 0), start)]
        while waiting:
            _, node = heappop(waiting)
            here = ways[node]
            for edge in self._graph.into(node):
                carried = here.influence * self._elasticities[edge]
                if carried >= _FAINT:
                    if edge.source not in ways:
                        heappush(waiting, (-self._graph.ranks[edge.source], edge.source))
                    way = _Way(carried, (*here.via, node))
                    ways[edge.source] = _joined(ways.get(edge.source), way)
        return tuple(ways.items())

    def _reached(self, node: str, way: _Way, runs: Runs) -> Reached:
        relation = self._relations[node]
        moves = self._moves(relation)
        seen = self._seen(way.via, runs.last)
        not_arrived = None if seen is None else self._rows.log_change(relation, seen)
        moved = abs(moves.change_7) + abs(not_arrived or 0.0) + AHEAD * abs(moves.per_day)
        return Reached(
            node=node,
            relation=relation,
            influence=way.influence,
            via=way.via,
            moves=moves,
            not_arrived=not_arrived,
            movement=way.influence * moved,
            ahead=self._ahead(relation, way.via, runs),
            is_followed=self._rows.captures(relation) > 1,
        )

    def _ahead(self, relation: RelationName, via: tuple[str, ...], runs: Runs) -> float:
        met, then = self._seen(via, runs.level), self._seen(via, runs.ahead)
        if met is None or then is None:
            return 0.0
        so_far = self._rows.log_between(relation, met, min(then, self._cutoff))
        pace = self._rows.pace(relation)
        if pace is None or then <= self._cutoff:
            return so_far
        return so_far + log(pace.ratio(then - self._cutoff))

    def _measure(self, relation: RelationName) -> Moves:
        growth = self._rows.growth(relation)
        changes = (self._rows.log_change(relation, self._cutoff - days) for days in CHANGES)
        return Moves(
            log1p(max(growth.ratio_per_day, _SHRUNK)) if growth is not None else 0.0,
            *(change or 0.0 for change in changes),
        )


def _joined(one: _Way | None, other: _Way) -> _Way:
    """Two ways to one relation carry what both carry, and are told of as the stronger one."""
    if one is None:
        return other
    stronger = max(one, other)
    return stronger._replace(influence=one.influence + other.influence)
