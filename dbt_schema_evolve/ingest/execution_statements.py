"""Adds what logs, dbt and traces saw to the statements that pg_stat_statements knows."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dbt_schema_evolve.ingest.cut_short import KnownTexts
from dbt_schema_evolve.ingest.sightings import CUT
from dbt_schema_evolve.ingest.tags import application_tags
from dbt_schema_evolve.records.executions import ExecutionCount
from dbt_schema_evolve.records.workload import Sender, Skip, Statement

Counted = tuple[str, ExecutionCount]  # a fingerprint, and executions of it
Tags = frozenset[tuple[str, str]]


def with_fingerprints(
    counts: Iterable[ExecutionCount],
    statements: Sequence[Statement],
    queryids: Mapping[int, str],
    fingerprint: Callable[[str], str],
) -> tuple[list[Counted], list[Skip]]:
    """Return each count with the fingerprint of its text; a text cut short needs a known whole.

    `queryids` leads from pg_stat_statements' number of a statement to its fingerprint.
    """
    found, cut = [], []
    for count in counts:
        if count.text.endswith(CUT):
            cut.append(count)
        else:
            found.append((fingerprint(count.text), count))
    texts = {statement.fingerprint: statement.text for statement in statements}
    known = KnownTexts(texts | {name: count.text for name, count in found})
    skips: dict[str, Skip] = {}
    for count in cut:
        beginning = count.text.removesuffix(CUT)
        name = queryids.get(count.queryid or 0) or known.whole(fingerprint(beginning), beginning)
        if isinstance(name, Skip):
            skips[name.subject] = name
        else:
            found.append((name, count))
    return found, sorted(skips.values(), key=lambda skip: skip.subject)


def united(statements: Iterable[Statement], counted: Iterable[Counted]) -> tuple[Statement, ...]:
    """Return every statement once, with all roles, tags and senders under which it was seen."""
    known = {statement.fingerprint: statement for statement in statements}
    by_name: dict[str, list[ExecutionCount]] = defaultdict(list)
    for name, count in counted:
        by_name[name].append(count)
    for name, counts in by_name.items():
        known[name] = _with(known.get(name), name, counts)
    return tuple(known[name] for name in sorted(known))


def _with(known: Statement | None, name: str, counts: Sequence[ExecutionCount]) -> Statement:
    texts = {count.text for count in counts if not count.text.endswith(CUT)}
    base = known or Statement(name, min(texts, key=lambda t: (len(t), t)), frozenset())
    found = base.tags.union(*(_tags(count) for count in counts))
    nodes = {value for key, value in found if key == "dbt_node_id"}
    return replace(
        base,
        roles=base.roles | {count.role for count in counts if count.role},
        tags=found,
        # Two nodes that send the same query (generated tests do) leave it without an owner.
        node_id=nodes.pop() if len(nodes) == 1 else None,
        senders=(*_first_sender(base.tags, counts), *_senders(counts)),
    )


def _first_sender(tags: Tags, counts: Iterable[ExecutionCount]) -> Iterable[Sender]:
    """Yield whom pg_stat_statements names, where nobody else has seen them."""
    if not tags.issubset(tag for count in counts for tag in _tags(count)):
        yield Sender("pg_stat_statements", "", tags)


def _tags(count: ExecutionCount) -> Tags:
    """Return who sent it; what its comment or span says is more exact than its connection."""
    found = set(count.tags)
    if not any(key in {"application", "bi_tool"} for key, _ in found):
        found |= application_tags(count.application_name)
    if count.node_id:
        found.add(("dbt_node_id", count.node_id))
    return frozenset(found)


@dataclass(slots=True)
class _Sent:
    """What is being added up for one sender."""

    first_seen: datetime
    last_seen: datetime
    calls: int = 0
    total_us: int = 0


def _senders(counts: Iterable[ExecutionCount]) -> Iterable[Sender]:
    sums: dict[tuple[str, str, Tags], _Sent] = {}
    for count in counts:
        key = (count.source.witness, count.role, _tags(count))
        sent = sums.setdefault(key, _Sent(count.first_at, count.last_at))
        sent.first_seen = min(sent.first_seen, count.first_at)
        sent.last_seen = max(sent.last_seen, count.last_at)
        sent.calls += count.calls
        sent.total_us += count.total_us or 0
    for (witness, role, found), sent in sorted(
        sums.items(), key=lambda item: (item[0][0], item[0][1], sorted(item[0][2]))
    ):
        yield Sender(
            witness, role, found, sent.calls, sent.total_us, sent.first_seen, sent.last_seen
        )
