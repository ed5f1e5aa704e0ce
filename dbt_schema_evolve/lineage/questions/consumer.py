"""One consumer with its queries: from a route or dashboard to the columns that it needs."""

from collections.abc import Sequence

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal
from dbt_schema_evolve.records.answers import ConsumerQuery, ConsumerView
from dbt_schema_evolve.records.lineage import Consumer


def consumers_named(traversal: Traversal, name: str) -> tuple[Consumer, ...]:
    """Return the consumers of this name or id."""
    return tuple(each for each in traversal.graph.consumers if name in {each.id, each.name})


def only(consumers: Sequence[Consumer], name: str) -> Consumer:
    """Return the one consumer of a name; raises ProjectError where there are several."""
    if len(consumers) > 1:
        raise ProjectError(
            f"{name!r} is the name of {len(consumers)} consumers",
            remedy=f"use the id: {', '.join(each.id for each in consumers)}",
        )
    return consumers[0]


def consumer_view(traversal: Traversal, consumer: Consumer) -> ConsumerView:
    """Return what a consumer reads and asks, most frequent first."""
    queries = [
        ConsumerQuery(
            query.fingerprint,
            query.label,
            query.calls,
            query.total_us,
            query.last_seen,
            tuple(sorted({traversal.place((use.node, use.column)) for use in query.uses})),
        )
        for query in traversal.graph.queries
        if query.fingerprint in consumer.fingerprints
    ]
    return ConsumerView(
        consumer,
        tuple(sorted(traversal.place((node, ROWS)) for node in consumer.reads)),
        tuple(sorted(queries, key=lambda each: (-each.calls, each.label, each.fingerprint))),
    )
