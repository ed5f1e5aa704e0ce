"""The queries of a window, ready to be priced: who asks, who writes, and what dbt computes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from dbt_schema_evolve.errors import EvolveError
from dbt_schema_evolve.lineage.garbage import collected_in_batches
from dbt_schema_evolve.lineage.sql.bind import DRAWS, Statistics, draws
from dbt_schema_evolve.lineage.sql.rewrite import rename_relations, with_stand_ins
from dbt_schema_evolve.lineage.sql.safety import changes_rows, is_read_only
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.evidence import ModelRuns, QueryFacts
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Skip, Statement
from dbt_schema_evolve.workflows.lineage import Lineage

_OWNERS = frozenset({"model", "seed", "snapshot"})
_TESTS = "dbt_internal_test"  # how dbt names the query of a test

# A query below this share of the window's time gets one text: were its price wrong by ten, it
# would still move the whole by less than a step of the search must save.
_DRAWN_SHARE = 0.0003

Found = tuple[tuple[QueryFacts, ...], tuple[Skip, ...]]
"""Queries, and those that cannot be priced, named."""


@dataclass(slots=True)
class _Window:
    """What one fingerprint did in the window."""

    calls: int = 0
    total_us: int = 0
    rows: int = 0
    consumers: list[str] = field(default_factory=list)


def stored_nodes(lineage: Lineage) -> Mapping[RelationName, Node]:
    """Return what dbt makes relations of, by relation."""
    return {
        node.relation: node
        for node in lineage.project.nodes
        if node.relation is not None and node.resource_type in _OWNERS
    }


def asked_queries(lineage: Lineage, catalog: Catalog, models: Mapping[RelationName, Node]) -> Found:
    """Return what others than dbt ask, and all statements that look for rows to change.

    What dbt runs to change rows of an incremental model is among them: finding the rows takes an
    index, and the model's own SELECT says nothing of it.
    """
    windows = _windows(lineage.stats)
    for consumer in lineage.graph.consumers:
        for name in consumer.fingerprints:
            windows[name].consumers.append(consumer.name)
    whole_us = sum(window.total_us for window in windows.values())
    builders = _builders(lineage, models)
    statistics = _statistics(catalog)

    def ready(statement: Statement) -> QueryFacts | Skip | None:
        uses = lineage.uses.get(statement.fingerprint)
        window = windows[statement.fingerprint]
        if uses is None or not uses.base_relations or not window.calls:
            return None  # it reads nothing stored, or has not run within the window
        if not (_is_asked(statement, uses, builders) or _looks_for_rows(statement, uses)):
            return None
        try:
            text = _explainable(statement, uses, window, lineage)
        except EvolveError as error:
            return Skip(statement.fingerprint, error.problem)
        most = DRAWS if window.total_us >= _DRAWN_SHARE * whole_us else 1
        texts = draws(text, lineage.schema, statistics, most)
        if isinstance(texts, Skip):
            return Skip(statement.fingerprint, texts.reason)
        return QueryFacts(
            fingerprint=statement.fingerprint,
            sql=texts[0],
            calls=window.calls,
            total_us=window.total_us,
            uses=uses,
            consumers=tuple(sorted(window.consumers)),
            draws=texts[1:],
            written_rows=window.rows if uses.writes is not None else 0,
        )

    found = [each for each in collected_in_batches(ready, lineage.statements) if each is not None]
    return (
        tuple(each for each in found if isinstance(each, QueryFacts)),
        tuple(each for each in found if isinstance(each, Skip)),
    )


def model_queries(
    lineage: Lineage, models: Mapping[RelationName, Node], runs: Mapping[str, ModelRuns]
) -> Found:
    """Return the SELECT of each SQL model, as often as it was built."""
    queries, skips = [], []
    for node in sorted(models.values(), key=lambda node: node.unique_id):
        if node.resource_type != "model" or node.language != "sql" or not node.compiled_code:
            continue
        uses = query_uses(node.unique_id, node.compiled_code, lineage.schema)
        if isinstance(uses, Skip):
            skips.append(uses)
            continue
        try:
            sql = _without_database(node.compiled_code, uses, lineage)
        except EvolveError as error:
            skips.append(Skip(node.unique_id, error.problem))
            continue
        run = runs.get(node.unique_id)
        queries.append(
            QueryFacts(
                fingerprint=node.unique_id,
                sql=sql,
                calls=run.builds if run else 0,
                total_us=run.builds * run.median_us if run else 0,
                uses=uses,
                node_id=node.unique_id,
            )
        )
    return tuple(queries), tuple(skips)


def _windows(stats: Iterable[QueryStat]) -> defaultdict[str, _Window]:
    windows: defaultdict[str, _Window] = defaultdict(_Window)
    for stat in stats:
        window = windows[stat.fingerprint]
        window.calls += stat.calls
        window.total_us += stat.total_us
        window.rows += stat.rows
    return windows


def _is_asked(statement: Statement, uses: QueryUses, builders: frozenset[str]) -> bool:
    """Tell a consumer's question from dbt's own: builds, tests and look-ups in the catalog."""
    return (
        uses.writes is None
        and statement.node_id is None
        and _TESTS not in statement.text
        and not (statement.roles <= builders)
        and is_read_only(statement.text)
    )


def _looks_for_rows(statement: Statement, uses: QueryUses) -> bool:
    """Whether a statement changes rows that it has to find, or copies what it selects."""
    return uses.writes is not None and changes_rows(statement.text)


def _explainable(statement: Statement, uses: QueryUses, window: _Window, lineage: Lineage) -> str:
    """Return a text whose relations all are there when nothing runs.

    The table that dbt fills before it changes an incremental model is gone by then.
    """
    if uses.writes is None or statement.node_id is None:
        return statement.text
    text = _without_database(statement.text, uses, lineage)
    rows = max(window.rows // window.calls, 1)
    return with_stand_ins(text, uses.writes, rows, lineage.schema)


def _without_database(sql: str, uses: QueryUses, lineage: Lineage) -> str:
    """Return a text without the database's name, which dbt writes and only it would understand."""
    names = uses.reads if uses.writes is None else uses.reads | {uses.writes}
    return rename_relations(sql, {name: name for name in names}, lineage.schema)


def _builders(lineage: Lineage, models: Mapping[RelationName, Node]) -> frozenset[str]:
    """Return the roles that build models: what only they ask is dbt's own business."""
    return frozenset(
        role
        for statement in lineage.statements
        if (uses := lineage.uses.get(statement.fingerprint)) is not None and uses.writes in models
        for role in statement.roles
    )


def _statistics(catalog: Catalog) -> Statistics:
    by_column = {
        (table.relation, statistics.column): statistics
        for table in catalog.tables
        for statistics in table.statistics
    }
    return lambda relation, column: by_column.get((relation, column))
