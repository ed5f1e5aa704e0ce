"""Fingerprints as vertices of the graph: what each reads, as written, and how often it ran."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dbt_schema_evolve.lineage.attribution import Attribution, is_dbts
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.lineage import LineageQuery, NodeUse
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Statement

_LABEL = 500  # characters: enough to know a query by, little enough for thousands of them


@dataclass(slots=True)
class _Runs:
    """What is being added up for one fingerprint."""

    calls: int = 0
    total_us: int = 0
    windows: list[datetime] = field(default_factory=list)


def lineage_queries(
    statements: Sequence[Statement],
    uses: Mapping[str, QueryUses],
    stats: Sequence[QueryStat],
    schema: LineageSchema,
) -> tuple[LineageQuery, ...]:
    """Return every statement whose uses are known, by fingerprint.

    A table that dbt fills on the way to a model is that model.
    It was first seen when the first window that it ran in began, and last when the last one ended.
    """
    runs: dict[str, _Runs] = defaultdict(_Runs)
    for stat in stats:
        run = runs[stat.fingerprint]
        run.calls += stat.calls
        run.total_us += stat.total_us
        run.windows += (stat.window_start, stat.window_end)
    attribution = Attribution(schema)
    found = []
    for statement in sorted(statements, key=lambda each: each.fingerprint):
        use = uses.get(statement.fingerprint)
        if use is None:
            continue
        run = runs[statement.fingerprint]
        target = None if use.writes is None else attribution.target(statement, use.writes)
        found.append(
            LineageQuery(
                fingerprint=statement.fingerprint,
                label=" ".join(statement.text.split())[:_LABEL],
                reads=frozenset(map(schema.node_id, use.reads)),
                uses=_node_uses(use, schema),
                writes=None if target is None else schema.node_id(target),
                issued_by=attribution.node_id(statement, use.writes),
                roles=statement.roles,
                calls=run.calls,
                total_us=run.total_us,
                first_seen=min(run.windows, default=None),
                last_seen=max(run.windows, default=None),
            )
        )
    return tuple(found)


def readers(
    statements: Sequence[Statement], queries: Sequence[LineageQuery], built: Collection[str]
) -> tuple[frozenset[str], dict[str, frozenset[str]]]:
    """Return the roles that dbt runs as, and the nodes that everybody else's queries read.

    `built` holds the nodes that dbt fills; a source is filled by somebody else.
    """
    by_fingerprint = {query.fingerprint: query for query in queries}
    dbt_roles: set[str] = set()
    reads: dict[str, frozenset[str]] = {}
    for statement in statements:
        query = by_fingerprint.get(statement.fingerprint)
        fills_model = query is not None and query.writes in built
        if is_dbts(statement) or fills_model:
            dbt_roles |= statement.roles
        elif query is not None and query.writes is None:
            reads[statement.fingerprint] = query.reads
    return frozenset(dbt_roles), reads


def _node_uses(use: QueryUses, schema: LineageSchema) -> tuple[NodeUse, ...]:
    return tuple(
        sorted(
            {
                NodeUse(schema.node_id(each.column.relation), each.column.column, each.kind)
                for each in use.written_uses
            }
        )
    )
