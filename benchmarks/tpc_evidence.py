"""The evidence of a TPC workload: every query once, nothing that dbt builds."""

from collections.abc import Mapping
from datetime import UTC, datetime

from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.evidence import Evidence, Preferences, QueryFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.workload import QueryUses

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PAGE_BYTES = 8192


def evidence_of(catalog: Catalog, queries: Mapping[int, str], preferences: Preferences) -> Evidence:
    """Return what a recommender may look at; a query is named by its number."""
    schema = LineageSchema({table.relation: table.columns for table in catalog.tables}, {})
    facts = []
    for number, text in queries.items():
        uses = query_uses(f"{number:02}", text, schema)
        if isinstance(uses, QueryUses):
            facts.append(QueryFacts(f"{number:02}", text, 1, 0, uses))
    return Evidence(
        window_days=1.0,
        queries=tuple(facts),
        model_queries=(),
        models={},
        relations={
            table.relation: RelationProfile(
                table.relation, table.kind, NOW, round(table.rows), table.pages * PAGE_BYTES, None
            )
            for table in catalog.tables
        },
        columns={
            table.relation: tuple(
                ColumnProfile(
                    table.relation,
                    each.column,
                    types[each.column],
                    NOW,
                    each.null_fraction,
                    each.n_distinct,
                    each.average_width,
                    each.correlation,
                )
                for each in table.statistics
            )
            for table in catalog.tables
            for types in [{column.name: column.type for column in table.columns}]
        },
        indexes={
            table.relation: tuple(
                IndexProfile(
                    index.spec,
                    index.name,
                    NOW,
                    index.pages * PAGE_BYTES,
                    index.scans,
                    backs_constraint=index.spec.unique,
                )
                for index in catalog.indexes
                if index.spec.relation == table.relation
            )
            for table in catalog.tables
        },
        runs={},
        preferences=preferences,
    )
