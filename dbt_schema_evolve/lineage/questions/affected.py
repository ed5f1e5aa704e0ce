"""Who is affected when a query or a model gets slower: they wait, or are built later."""

from collections.abc import Iterable

from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal, follow_rows
from dbt_schema_evolve.records.lineage import Consumer
from dbt_schema_evolve.records.prospects import Affected, Waiting


def affected(traversal: Traversal, subject: str) -> Affected:
    """Return what comes after a model, or who sends a query and what comes after what it fills.

    `subject` is the unique id of a model, or a fingerprint. Someone who only reads what a slow
    model fills is not slower, but reads yesterday's rows for longer.
    """
    if subject in traversal.nodes:
        return _behind(traversal, subject, ())
    senders = traversal.consumers_behind.get(subject, ())
    filled = traversal.filled_by.get(subject)
    if filled is None:
        return Affected((), _waiting(senders))
    return _behind(traversal, filled, senders)


def _behind(traversal: Traversal, node: str, senders: Iterable[Consumer]) -> Affected:
    reached = traversal.ahead([(node, ROWS)], follow_rows)
    models = [
        (steps, traversal.place((each, ROWS))) for (each, _), steps in reached.items() if steps
    ]
    readers = traversal.consumers_of_any(each for each, _ in reached)
    return Affected(tuple(place for _, place in sorted(models)), _waiting([*senders, *readers]))


def _waiting(consumers: Iterable[Consumer]) -> tuple[Waiting, ...]:
    """Return each consumer once, roles last: an application's name says more than its login."""
    each_once = {consumer.id: consumer for consumer in consumers}.values()
    ordered = sorted(each_once, key=lambda each: (each.kind == "role", -each.calls, each.id))
    return tuple(Waiting(each.id, each.kind, each.name, each.owner) for each in ordered)
