"""Who reads: exposures that the project declares, and clients as their statements name them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from dbt_schema_evolve.records.lineage import Consumer
from dbt_schema_evolve.records.project import Exposure
from dbt_schema_evolve.records.workload import QueryStat, Sender, Statement

# Tag -> kind of consumer. A route is known per application, a dashboard per BI tool.
_KINDS = {
    "application": ("application", ""),
    "route": ("route", "application"),
    "job": ("job", "application"),
    "bi_dashboard": ("dashboard", "bi_tool"),
    "bi_query": ("report", "bi_tool"),
    "bi_tool": ("bi_tool", ""),
    "bi_user": ("user", "bi_tool"),
}


@dataclass(frozen=True, slots=True)
class _Part:
    """A reader's part in the runs of one statement."""

    calls: int = 0
    total_us: int = 0
    seen: tuple[datetime, ...] = ()


@dataclass(slots=True)
class _Reader:
    """What is being added up for one consumer."""

    reads: set[str] = field(default_factory=set)
    fingerprints: set[str] = field(default_factory=set)
    parts: list[_Part] = field(default_factory=list)


def consumer_id(kind: str, name: str) -> str:
    """Return the lineage node that a consumer is."""
    return f"consumer.{kind}.{name}"


def declared(exposures: Iterable[Exposure], known: Collection[str]) -> list[Consumer]:
    """Return the consumers that the project declares, with what they read of the known nodes."""
    return [
        Consumer(
            id=exposure.unique_id,
            kind=exposure.type or "exposure",
            name=exposure.label or exposure.name,
            owner=exposure.owner,
            reads=frozenset(exposure.depends_on).intersection(known),
        )
        for exposure in exposures
    ]


def observed(
    statements: Sequence[Statement],
    reads: Mapping[str, frozenset[str]],
    stats: Sequence[QueryStat],
    dbt_roles: frozenset[str],
) -> list[Consumer]:
    """Return the consumers that statements name: by their tags, and by the role that ran them.

    `reads` holds the nodes that each fingerprint reads, for statements that are not dbt's own;
    a role that dbt runs as is no consumer.
    Where logs or traces told the senders of a statement apart, its calls divide as they did there.
    pg_stat_statements alone cannot say how: then two routes of one statement both count all of it.
    """
    runs: dict[str, list[QueryStat]] = defaultdict(list)
    for stat in stats:
        runs[stat.fingerprint].append(stat)
    readers: dict[tuple[str, str], _Reader] = defaultdict(_Reader)
    for statement in statements:
        nodes = reads.get(statement.fingerprint)
        if not nodes:
            continue
        for key, part in _parts(statement, runs[statement.fingerprint], dbt_roles).items():
            reader = readers[key]
            reader.reads |= nodes
            reader.fingerprints.add(statement.fingerprint)
            reader.parts.append(part)
    return [
        Consumer(
            id=consumer_id(kind, name),
            kind=kind,
            name=name,
            reads=frozenset(reader.reads),
            fingerprints=frozenset(reader.fingerprints),
            calls=sum(part.calls for part in reader.parts),
            total_us=sum(part.total_us for part in reader.parts),
            first_seen=min((at for part in reader.parts for at in part.seen), default=None),
            last_seen=max((at for part in reader.parts for at in part.seen), default=None),
        )
        for (kind, name), reader in sorted(readers.items())
    ]


def _parts(
    statement: Statement, runs: Sequence[QueryStat], dbt_roles: frozenset[str]
) -> dict[tuple[str, str], _Part]:
    """Return each consumer's part in a statement."""
    everyone = _whole(runs)
    if not statement.senders:
        found = dict.fromkeys(_named(statement.tags), everyone)
    else:
        senders: dict[tuple[str, str], list[Sender]] = defaultdict(list)
        for sender in statement.senders:
            for key in _named(sender.tags):
                senders[key].append(sender)
        found = {key: _share(own, statement.senders, everyone) for key, own in senders.items()}
    for role in statement.roles | {run.role for run in runs if run.role}:
        if role not in dbt_roles:
            found["role", role] = _whole([run for run in runs if run.role == role])
    return found


def _whole(runs: Sequence[QueryStat]) -> _Part:
    return _Part(
        sum(run.calls for run in runs),
        sum(run.total_us for run in runs),
        tuple(at for run in runs for at in (run.window_start, run.window_end)),
    )


def _share(own: Sequence[Sender], senders: Sequence[Sender], everyone: _Part) -> _Part:
    """Return the part of some senders: their share among those that the best witness saw."""
    everywhere: Counter[str] = Counter()
    for sender in senders:
        everywhere[sender.witness] += sender.calls
    witness = max({s.witness for s in own}, key=lambda name: (everywhere[name], name))
    seen_by_it = [sender for sender in senders if sender.witness == witness]
    mine = [sender for sender in own if sender.witness == witness]
    calls = _ratio(sum(s.calls for s in mine), sum(s.calls for s in seen_by_it), Fraction(1))
    time = _ratio(sum(s.total_us for s in mine), sum(s.total_us for s in seen_by_it), calls)
    seen = tuple(at for s in own for at in (s.first_seen, s.last_seen) if at is not None)
    # Who is the only sender is so too where Postgres alone was counting.
    return _Part(
        round(everyone.calls * calls),
        round(everyone.total_us * time),
        seen + everyone.seen if calls == 1 else seen,
    )


def _ratio(part: int, whole: int, unknown: Fraction) -> Fraction:
    return Fraction(part, whole) if whole else unknown


def _named(tags: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return kind and name of each consumer that tags speak of."""
    found: set[tuple[str, str]] = set()
    for key, value in tags:
        if key not in _KINDS:
            continue
        kind, within = _KINDS[key]
        owners = sorted(owner for tag, owner in tags if tag == within)
        # Two applications behind one text: whose route it is cannot be told.
        found.add((kind, f"{owners[0]} {value}" if len(owners) == 1 else value))
    return found
