"""Gather the facts of the window and choose the changes that are worth having together."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dbt_schema_evolve.ingest.builds import model_runs
from dbt_schema_evolve.patch.wishes import read_wishes
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.recommend import RECOMMENDERS
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.workload import QueryStat, Skip
from dbt_schema_evolve.workflows.catalogued import never_analyzed, with_catalog
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.workload import asked_queries, model_queries, stored_nodes


def gather(
    lineage: Lineage,
    catalog: Catalog,
    history: History,
    forecasts: Sequence[Forecast] = (),
) -> tuple[Evidence, tuple[Skip, ...]]:
    """Put together what a recommender may look at; a query that cannot be priced is named."""
    models = stored_nodes(lineage)
    runs = model_runs(history.node_runs())
    queries, skips = asked_queries(lineage, catalog, models)
    own_queries, own_skips = model_queries(lineage, models, runs)
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
        model_queries=own_queries,
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
    skips += (*own_skips, *unread, *never_analyzed(evidence, catalog))
    return with_catalog(evidence, catalog), skips


def as_they_were(evidence: Evidence) -> Evidence:
    """Let each query count for what it took in the window."""
    return evidence


def by_forecast(evidence: Evidence) -> Evidence:
    """Let each query that has a forecast count for what it will take at the horizon."""
    ratios = {each.subject: each.predicted_ratio for each in evidence.forecasts}

    def ahead(query: QueryFacts) -> QueryFacts:
        ratio = ratios.get(query.node_id or query.fingerprint, 1.0)
        return replace(query, predicted_ratio=ratio)

    return replace(
        evidence,
        queries=tuple(map(ahead, evidence.queries)),
        model_queries=tuple(map(ahead, evidence.model_queries)),
    )


WEIGHTS: Mapping[str, Callable[[Evidence], Evidence]] = {
    "now": as_they_were,
    "forecast": by_forecast,
}
"""By the project's setting `weigh_by`."""


def window_days(stats: Sequence[QueryStat]) -> float:
    """Return the days between the first and the last capture that saw a query; at least one."""
    if not stats:
        return 1.0
    span = max(s.window_end for s in stats) - min(s.window_start for s in stats)
    return max(span.total_seconds() / 86_400, 1.0)
