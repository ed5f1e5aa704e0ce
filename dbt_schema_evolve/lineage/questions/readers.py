"""Who sends which queries, how often, and when last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.lineage.questions.traverse import Traversal, Vertex
from dbt_schema_evolve.records.lineage import Consumer, LineageQuery

BUILT = frozenset({"model", "seed", "snapshot"})
"""Kinds of nodes that dbt fills."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A consumer's queries of some kind, added up."""

    consumer: Consumer
    calls: int
    total_us: int
    last_seen: datetime | None


def is_others(traversal: Traversal, query: LineageQuery) -> bool:
    """Whether somebody else than dbt sends a query: a consumer, or who fills what dbt does not."""
    if query.fingerprint in traversal.consumers_behind:
        return True
    written = traversal.nodes.get(query.writes) if query.writes is not None else None
    return query.issued_by is None and written is not None and written.kind not in BUILT


def others_queries(traversal: Traversal, vertices: Iterable[Vertex]) -> tuple[LineageQuery, ...]:
    """Return what others than dbt ask of some columns or nodes, by fingerprint."""
    found = {
        query.fingerprint: query
        for vertex in vertices
        for query in traversal.queries_of.get(vertex, ())
        if is_others(traversal, query)
    }
    return tuple(found[fingerprint] for fingerprint in sorted(found))


def readings(traversal: Traversal, queries: Iterable[LineageQuery]) -> tuple[Reading, ...]:
    """Return who sends these queries, most frequent first.

    A query of several roles is counted for each of them, but for none beyond all that it sent.
    """
    sent: dict[str, list[LineageQuery]] = {}
    consumers: dict[str, Consumer] = {}
    for query in queries:
        for consumer in traversal.consumers_behind.get(query.fingerprint, ()):
            consumers[consumer.id] = consumer
            sent.setdefault(consumer.id, []).append(query)
    found = [
        Reading(
            consumer,
            min(consumer.calls, sum(query.calls for query in sent[key])),
            min(consumer.total_us, sum(query.total_us for query in sent[key])),
            latest(sent[key]),
        )
        for key, consumer in consumers.items()
    ]
    return tuple(sorted(found, key=lambda each: (-each.calls, each.consumer.id)))


def latest(queries: Iterable[LineageQuery]) -> datetime | None:
    """Return when one of these queries was last seen to run."""
    return max((query.last_seen for query in queries if query.last_seen), default=None)


def is_declared(consumer: Consumer) -> bool:
    """Whether a consumer is known only because the project names it: an exposure."""
    return not consumer.fingerprints
