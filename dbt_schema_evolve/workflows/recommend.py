"""Gather the facts of the window and choose the changes that are worth having together."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from dbt_schema_evolve.errors import EvolveError
from dbt_schema_evolve.ingest.builds import model_runs
from dbt_schema_evolve.lineage.sql.bind import bind
from dbt_schema_evolve.lineage.sql.rewrite import rename_relations
from dbt_schema_evolve.lineage.sql.safety import is_read_only
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.patch.wishes import read_wishes
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.recommend import RECOMMENDERS
from dbt_schema_evolve.records.catalog import Catalog, ColumnStatistics
from dbt_schema_evolve.records.evidence import Evidence, ModelRuns, QueryFacts
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.project import Node
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses, Skip, Statement
from dbt_schema_evolve.workflows.catalogued import with_catalog
from dbt_schema_evolve.workflows.lineage import Lineage

_OWNERS = frozenset({"model", "seed", "snapshot"})
_TESTS = "dbt_internal_test"  # how dbt names the query of a test


def gather(
    lineage: Lineage,
    catalog: Catalog,
    history: History,
    forecasts: Sequence[Forecast] = (),
) -> tuple[Evidence, tuple[Skip, ...]]:
    """Put together what a recommender may look at; a query that cannot be priced is named."""
    models = {
        node.relation: node
        for node in lineage.project.nodes
        if node.relation is not None and node.resource_type in _OWNERS
    }
    runs = model_runs(history.node_runs())
    queries, skips = _consumer_queries(lineage, catalog, models)
    model_queries, model_skips = _model_queries(lineage, models, runs)
    relations = {profile.relation: profile for profile in history.latest_relation_profiles()}
    columns = defaultdict(list)
    for column in history.latest_column_profiles():
        columns[column.relation].append(column)
    indexes = defaultdict(list)
    for index in history.latest_index_profiles():
        indexes[index.spec.relation].append(index)
    wishes, unread = read_wishes(models.values(), {each.kind for each in RECOMMENDERS})
    evidence = Evidence(
        window_days=window_days(lineage.stats),
        queries=queries,
        model_queries=model_queries,
        models=models,
        relations=relations,
        columns={relation: tuple(found) for relation, found in columns.items()},
        indexes={relation: tuple(found) for relation, found in indexes.items()},
        runs=runs,
        forecasts=tuple(forecasts),
        exposed=frozenset(
            unique_id for exposure in lineage.project.exposures for unique_id in exposure.depends_on
        ),
        wishes=wishes,
    )
    return with_catalog(evidence, catalog), (*skips, *model_skips, *unread)


def window_days(stats: Sequence[QueryStat]) -> float:
    """Return the days between the first and the last capture that saw a query; at least one."""
    if not stats:
        return 1.0
    span = max(s.window_end for s in stats) - min(s.window_start for s in stats)
    return max(span.total_seconds() / 86_400, 1.0)


def _consumer_queries(
    lineage: Lineage, catalog: Catalog, models: Mapping[RelationName, Node]
) -> tuple[tuple[QueryFacts, ...], tuple[Skip, ...]]:
    calls: defaultdict[str, int] = defaultdict(int)
    total_us: defaultdict[str, int] = defaultdict(int)
    for stat in lineage.stats:
        calls[stat.fingerprint] += stat.calls
        total_us[stat.fingerprint] += stat.total_us
    consumers = defaultdict(list)
    for consumer in lineage.graph.consumers:
        for name in consumer.fingerprints:
            consumers[name].append(consumer.name)
    builders = _builders(lineage, models)
    statistics = _statistics(catalog)

    queries, skips = [], []
    for statement in lineage.statements:
        uses = lineage.uses.get(statement.fingerprint)
        if uses is None or not _is_consumer_query(statement, uses, builders):
            continue
        if not calls[statement.fingerprint]:
            continue  # it has not run within the window
        sql = bind(statement.text, lineage.schema, statistics)
        if isinstance(sql, Skip):
            skips.append(sql)
            continue
        queries.append(
            QueryFacts(
                fingerprint=statement.fingerprint,
                sql=sql,
                calls=calls[statement.fingerprint],
                total_us=total_us[statement.fingerprint],
                uses=uses,
                consumers=tuple(sorted(consumers[statement.fingerprint])),
            )
        )
    return tuple(queries), tuple(skips)


def _is_consumer_query(statement: Statement, uses: QueryUses, builders: frozenset[str]) -> bool:
    """Tell a consumer's question from dbt's own: builds, tests and look-ups in the catalog."""
    return (
        uses.writes is None
        and bool(uses.base_relations)
        and statement.node_id is None
        and _TESTS not in statement.text
        and not (statement.roles <= builders)
        and is_read_only(statement.text)
    )


def _builders(lineage: Lineage, models: Mapping[RelationName, Node]) -> frozenset[str]:
    """Return the roles that build models: what only they ask is dbt's own business."""
    return frozenset(
        role
        for statement in lineage.statements
        if (uses := lineage.uses.get(statement.fingerprint)) is not None and uses.writes in models
        for role in statement.roles
    )


def _statistics(catalog: Catalog) -> Callable[[RelationName, str], ColumnStatistics | None]:
    by_column = {
        (table.relation, statistics.column): statistics
        for table in catalog.tables
        for statistics in table.statistics
    }
    return lambda relation, column: by_column.get((relation, column))


def _model_queries(
    lineage: Lineage, models: Mapping[RelationName, Node], runs: Mapping[str, ModelRuns]
) -> tuple[tuple[QueryFacts, ...], tuple[Skip, ...]]:
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
            # dbt writes the database's name, which only this database would understand.
            sql = rename_relations(node.compiled_code, {r: r for r in uses.reads}, lineage.schema)
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
