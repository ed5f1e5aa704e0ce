"""Materialization: compute once what is read often, and stop building what nobody reads."""

from collections.abc import Iterator, Mapping

from dbt_schema_evolve.recommend.access import all_queries
from dbt_schema_evolve.recommend.ownership import STORED, builds
from dbt_schema_evolve.records.changes import Candidate, MaterializationSpec
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationName

# One build may be a test and two a coincidence; from three on "rebuilt and never read" is a habit.
MIN_BUILDS = 3

# Turning a model incremental is work for a person. A tenth of all build time is worth a look.
MIN_BUILD_TIME_SHARE = 0.1


def propose(evidence: Evidence) -> Iterator[Candidate]:
    """Propose to store what is read more often than built, and the other way round.

    When    a view is executed, by queries and by models that read it, more
            often than dbt runs; or a table is rebuilt more often than it is
            read; or a table is rebuilt from sources that only ever grow.
    Change  view to table, table to view. All views of a chain are proposed,
            and pricing finds the one that most executions share. Table to
            incremental is advice for a person, since only they know the key.
    Skips   models with an enforced contract, snapshots, seeds, ephemeral and
            Python models, and models that an exposure names but no query of
            the window reads. A materialized view is not proposed: dbt
            refreshes it in each run as it rebuilds a table, and loses it when
            a parent is rebuilt alone.
    Undo    set the former materialization and build the model.
    """
    executions = _executions(evidence)
    for relation, node in sorted(evidence.models.items()):
        if not _can_change(node):
            continue
        readers, count = executions.get(relation, (frozenset(), 0))
        built = builds(evidence, relation)
        if node.materialized == "view":
            if count > max(built, 1):
                reason = f"executed {count} times while dbt ran {built} times"
                yield _candidate(relation, "table", readers, reason)
        elif node.unique_id not in evidence.exposed or readers:
            yield from _to_view(evidence, relation, node, readers, count)
        if node.materialized == "table":
            yield from _to_incremental(evidence, relation, node)


def _candidate(
    relation: RelationName, materialized: str, readers: frozenset[str], reason: str, note: str = ""
) -> Candidate:
    spec = MaterializationSpec(relation, materialized)
    return Candidate("materialization", spec, readers, reason, note)


def _can_change(node: Node) -> bool:
    contract = node.config.get("contract")
    enforced = isinstance(contract, Mapping) and bool(contract.get("enforced"))
    return (
        node.resource_type == "model"
        and node.language == "sql"
        and node.materialized in {"view", "table", "materialized_view"}
        and not enforced
    )


def _executions(evidence: Evidence) -> dict[RelationName, tuple[frozenset[str], int]]:
    """Return, per relation, who reads or executes it, and how often in the window."""
    stored = {node.unique_id for node in evidence.models.values() if node.materialized in STORED}
    found: dict[RelationName, tuple[frozenset[str], int]] = {}
    for query in all_queries(evidence):
        if query.node_id is not None and query.node_id not in stored:
            continue  # making a view executes nothing
        touched = query.uses.reads | query.uses.views | query.uses.base_relations
        for relation in touched:
            node = evidence.models.get(relation)
            if node is not None and node.unique_id == query.node_id:
                continue
            readers, count = found.get(relation, (frozenset(), 0))
            found[relation] = readers | {query.fingerprint}, count + query.calls
    return found


def _to_view(
    evidence: Evidence,
    relation: RelationName,
    node: Node,
    readers: frozenset[str],
    count: int,
) -> Iterator[Candidate]:
    built = builds(evidence, relation)
    if built < MIN_BUILDS or not evidence.queries:
        return
    if any(node.unique_id in other.depends_on for other in evidence.models.values()):
        if not readers:
            return  # a model names it, but we did not see how it reads it: doubt
    elif not readers:
        days = f"{evidence.window_days:.0f} days"
        reason = f"rebuilt {built} times in {days} while no query, model or exposure read it"
        yield _candidate(relation, "view", readers, reason)
        return
    if count < built:
        reason = f"rebuilt {built} times but read only {count} times"
        yield _candidate(relation, "view", readers, reason)


def _to_incremental(evidence: Evidence, relation: RelationName, node: Node) -> Iterator[Candidate]:
    run = evidence.runs.get(node.unique_id)
    total_us = sum(each.builds * each.median_us for each in evidence.runs.values())
    if run is None or run.builds < MIN_BUILDS:
        return
    if run.builds * run.median_us < MIN_BUILD_TIME_SHARE * total_us:
        return
    own = next((q for q in all_queries(evidence) if q.node_id == node.unique_id), None)
    if own is None or not _only_grows(evidence, own):
        return
    share = run.builds * run.median_us / total_us
    reason = (
        f"its builds are {100 * share:.0f} % of all build time, and what it reads only ever grows"
    )
    note = (
        "incremental needs a key and a filter on what is new: set materialized='incremental' and "
        "unique_key, and wrap that filter in `{% if is_incremental() %}`"
    )
    yield _candidate(relation, "incremental", frozenset({own.fingerprint}), reason, note)


def _only_grows(evidence: Evidence, own: QueryFacts) -> bool:
    """Tell whether rows are only inserted upstream; rebuilt tables cannot tell, so they say no."""
    grows = []
    for relation in own.uses.base_relations:
        node = evidence.models.get(relation)
        if node is not None and node.materialized in {"table", "materialized_view"}:
            return False
        profile = evidence.relations.get(relation)
        if profile is None or profile.inserted_rows is None:
            return False
        if profile.updated_rows or profile.deleted_rows:
            return False
        grows.append(profile.inserted_rows > 0)
    return any(grows)
