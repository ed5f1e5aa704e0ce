"""How much the flow of data into and out of a subject changed before a cut-off."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from dbt_schema_evolve.features.stored_graph import StoredGraph
from dbt_schema_evolve.records.lineage import Consumer
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange

WINDOW = timedelta(days=30)  # a change is news for as long as forecasts look ahead by default

_DAY = timedelta(days=1)
_REBUILT = frozenset({Aspect.EDGE_KIND, Aspect.EXPRESSION})


@dataclass(frozen=True, slots=True)
class FlowHistory:
    """What successive states of the graph changed, and who reads it."""

    states: tuple[DatedChanges, ...] = ()
    consumers: tuple[Consumer, ...] = ()


class Changed(NamedTuple):
    """The last change that a subject may feel."""

    at: datetime
    distance: int  # steps down from the changed node to what the subject is about
    node: str
    is_code: bool  # its code says something else than before

    @property
    def rank(self) -> tuple[datetime, int, bool, str]:
        """The newest counts, of a time the nearest, of a node what its code says."""
        return self.at, -self.distance, self.is_code, self.node


class KnownFlow:
    """Changes and new readers by node, as far as they are known at one cut-off."""

    def __init__(
        self,
        history: FlowHistory,
        graph: StoredGraph,
        cutoff: datetime,
        window: timedelta = WINDOW,
        opened: datetime | None = None,
    ) -> None:
        """Look at what was compared by then, and count what the last window brought.

        Who was there when somebody began to look is not new; `opened` is when that was over.
        """
        since = cutoff - window if opened is None else max(cutoff - window, opened)
        self._cutoff = cutoff
        self._graph = graph
        looked = [state for state in history.states if state.at <= cutoff]
        self._knows = bool(looked)
        self._touched: dict[str, datetime] = {}
        self._rewritten: dict[str, datetime] = {}
        self._into: dict[str, list[LineageChange]] = defaultdict(list)
        self._readers: dict[str, set[str]] = defaultdict(set)
        for state in looked:
            for change in state.changes:
                _newest(self._touched, change.node, state.at)
                if state.at > cutoff - window:
                    if change.what is Aspect.CODE:
                        _newest(self._rewritten, change.node, state.at)
                    self._into[change.node].append(change)
                    if change.what is Aspect.RELATION_EDGE and change.sign == "+":
                        self._readers[change.source].add(change.node)
        for consumer in history.consumers:
            if consumer.first_seen is not None and since < consumer.first_seen <= cutoff:
                for node in consumer.reads:
                    self._readers[node].add(consumer.id)

    def last_change(self, nodes: Collection[str]) -> Changed | None:
        """Return what changed last: anything of some nodes, or the code of what is above them."""
        found = [
            Changed(self._touched[node], 0, node, is_code=False)
            for node in nodes
            if node in self._touched
        ]
        found += [self.new_code[node] for node in nodes if node in self.new_code]
        return max(found, key=lambda each: each.rank, default=None)

    @cached_property
    def new_code(self) -> Mapping[str, Changed]:
        """For each node the last change of code, its own or above it, that the window holds."""
        found: dict[str, Changed] = {}
        # Newest first and then nearest first, so each node is reached by its own answer at once.
        ways = [(self._cutoff - at, 0, node, node) for node, at in self._rewritten.items()]
        heapify(ways)
        while ways:
            age, distance, origin, node = heappop(ways)
            if node not in found:
                found[node] = Changed(self._cutoff - age, distance, origin, is_code=True)
                for below in self._graph.fed_by(node):
                    heappush(ways, (age, distance + 1, origin, below))
        return found

    def features(self, nodes: Collection[str]) -> Mapping[str, float]:
        """Return named counts of what changed in the window that ends with the cut-off.

        `nodes` are what the subject is about: a relation's own, or all that a query reads. Where no
        state was compared by the cut-off, nothing is known and nothing returned.
        """
        if not self._knows:
            return {}
        into = [change for node in nodes for change in self._into.get(node, ())]
        upstream = [change for change in into if change.what is Aspect.RELATION_EDGE]
        readers = {reader for node in nodes for reader in self._readers.get(node, ())}
        counts = {
            "flow_new_upstream": sum(change.sign == "+" for change in upstream),
            "flow_lost_upstream": sum(change.sign == "-" for change in upstream),
            "flow_columns_rebuilt": len(_columns(into, _REBUILT)),
            "flow_types_changed": len(_columns(into, {Aspect.TYPE})),
            "flow_materializations_changed": sum(
                change.what is Aspect.MATERIALIZATION for change in into
            ),
            "flow_new_readers": len(readers - set(nodes)),
        }
        values = {name: float(count) for name, count in counts.items()}
        touched = [self._touched[node] for node in nodes if node in self._touched]
        if touched:
            values["flow_days_since_change"] = (self._cutoff - max(touched)) / _DAY
        rewritten = [self.new_code[node].at for node in nodes if node in self.new_code]
        if rewritten:
            values["flow_days_since_new_code"] = (self._cutoff - max(rewritten)) / _DAY
        return values


def _newest(held: dict[str, datetime], node: str, at: datetime) -> None:
    held[node] = max(at, held.get(node, at))


def _columns(changes: Iterable[LineageChange], aspects: Collection[Aspect]) -> set[tuple[str, str]]:
    return {(change.node, change.column) for change in changes if change.what in aspects}
