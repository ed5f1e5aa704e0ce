"""Who reads: exposures that the project declares, and clients as their statements name them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dbt_schema_evolve.records.lineage import Consumer
from dbt_schema_evolve.records.project import Exposure
from dbt_schema_evolve.records.workload import QueryStat, Statement

# Tag -> kind of consumer. A route is known per application, a dashboard per BI tool.
_KINDS = {
    "application": ("application", ""),
    "route": ("route", "application"),
    "bi_dashboard": ("dashboard", "bi_tool"),
    "bi_query": ("report", "bi_tool"),
    "bi_tool": ("bi_tool", ""),
    "bi_user": ("user", "bi_tool"),
}


@dataclass(slots=True)
class _Reader:
    """What is being added up for one consumer."""

    reads: set[str] = field(default_factory=set)
    fingerprints: set[str] = field(default_factory=set)
    calls: int = 0
    total_us: int = 0


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
    Where one statement came from two routes, pg_stat_statements cannot say how its calls divide:
    both count all of them.
    """
    by_role: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for stat in stats:
        calls, total_us = by_role[stat.fingerprint].get(stat.role, (0, 0))
        by_role[stat.fingerprint][stat.role] = (calls + stat.calls, total_us + stat.total_us)

    readers: dict[tuple[str, str], _Reader] = defaultdict(_Reader)
    for statement in statements:
        nodes = reads.get(statement.fingerprint)
        if not nodes:
            continue
        runs = by_role.get(statement.fingerprint, {})
        everyone = (sum(run[0] for run in runs.values()), sum(run[1] for run in runs.values()))
        named = dict.fromkeys(_named(statement), everyone)
        for role in (statement.roles | runs.keys()) - dbt_roles:
            named["role", role] = runs.get(role, (0, 0))
        for key, (calls, total_us) in named.items():
            reader = readers[key]
            reader.reads |= nodes
            if statement.fingerprint not in reader.fingerprints:
                reader.fingerprints.add(statement.fingerprint)
                reader.calls += calls
                reader.total_us += total_us
    return [
        Consumer(
            id=consumer_id(kind, name),
            kind=kind,
            name=name,
            reads=frozenset(reader.reads),
            fingerprints=frozenset(reader.fingerprints),
            calls=reader.calls,
            total_us=reader.total_us,
        )
        for (kind, name), reader in sorted(readers.items())
    ]


def _named(statement: Statement) -> set[tuple[str, str]]:
    """Return kind and name of each consumer that a statement's tags speak of."""
    found: set[tuple[str, str]] = set()
    for key, value in statement.tags:
        if key not in _KINDS:
            continue
        kind, within = _KINDS[key]
        owners = sorted(owner for tag, owner in statement.tags if tag == within)
        # Two applications behind one text: whose route it is cannot be told.
        found.add((kind, f"{owners[0]} {value}" if len(owners) == 1 else value))
    return found
