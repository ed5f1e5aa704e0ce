"""Who uses a subject, and since when."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from dbt_schema_evolve.features.flow_changes import WINDOW
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.records.lineage import Consumer, LineageGraph

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of a subject's users at a cut-off."""

    fan_in: int  # nodes that it reads
    fan_out: int  # nodes, queries and consumers that read it; of a query, its consumers
    newest: Consumer | None  # the consumer that came last, if within the window
    new_consumers: int
    newest_days: float | None  # since it came

    def features(self) -> Mapping[str, float]:
        """Return named numbers."""
        values = {
            "fan_in": float(self.fan_in),
            "fan_out": float(self.fan_out),
            "new_consumers": float(self.new_consumers),
        }
        if self.newest_days is not None:
            values["days_since_new_consumer"] = self.newest_days
        return values


class Users:
    """Who reads what, over all times."""

    def __init__(
        self, graph: LineageGraph, consumers: Iterable[Consumer], opened: datetime
    ) -> None:
        """Take the graph, and consumers that it may not hold; until `opened` nobody is new."""
        self._opened = opened
        self._sources: dict[str, set[str]] = defaultdict(set)
        self._targets: dict[str, set[str]] = defaultdict(set)
        for edge in graph.relation_edges:
            if edge.source != edge.target:
                self._sources[edge.target].add(edge.source)
                self._targets[edge.source].add(edge.target)
        self._queries: dict[str, set[tuple[str, datetime | None]]] = defaultdict(set)
        for query in graph.queries:
            for node in query.reads:
                self._queries[node].add((query.fingerprint, query.first_seen))
        self._consumers: dict[str, dict[str, Consumer]] = defaultdict(dict)
        for consumer in sorted((*graph.consumers, *consumers), key=_order):
            for name in consumer.reads | consumer.fingerprints:
                self._consumers[name].setdefault(consumer.id, consumer)

    def of_query(self, fingerprint: str, reads: int, cutoff: datetime) -> Usage:
        """Return who sends a query that reads so many relations."""
        return self._usage(fingerprint, reads, 0, cutoff)

    def of_node(self, node: str, cutoff: datetime) -> Usage:
        """Return who reads what a node makes."""
        queries = sum(_was_there(first, cutoff) for _, first in self._queries.get(node, ()))
        targets = len(self._targets.get(node, ()))
        return self._usage(node, len(self._sources.get(node, ())), queries + targets, cutoff)

    def _usage(self, name: str, fan_in: int, readers: int, cutoff: datetime) -> Usage:
        there = [
            consumer
            for consumer in self._consumers.get(name, {}).values()
            if _was_there(consumer.first_seen, cutoff)
        ]
        since = max(cutoff - WINDOW, self._opened)
        new = [
            (consumer.first_seen, consumer)
            for consumer in there
            if consumer.first_seen is not None and consumer.first_seen > since
        ]
        if not new:
            return Usage(fan_in, readers + len(there), None, 0, None)
        at, newest = max(new, key=lambda found: (found[0], found[1].id))
        return Usage(fan_in, readers + len(there), newest, len(new), (cutoff - at) / _DAY)


def _was_there(first_seen: datetime | None, cutoff: datetime) -> bool:
    return first_seen is None or first_seen <= cutoff


def _order(consumer: Consumer) -> tuple[str, bool, float, str, str]:
    """Of two that are one the first counts: the one that was there for longer."""
    seen = consumer.first_seen
    since = days_of(seen) if seen is not None else 0.0
    return consumer.id, seen is not None, since, consumer.kind, consumer.name
