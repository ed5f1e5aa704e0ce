"""Evidence from a database's own catalog and a list of queries, where there is no dbt project."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.recommend import RECOMMENDERS, Recommender
from dbt_schema_evolve.records.catalog import Catalog, TableShape
from dbt_schema_evolve.records.changes import Candidate, IndexSpec
from dbt_schema_evolve.records.evidence import Evidence, Preferences, QueryFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.workload import QueryUses

PAGE_BYTES = 8192
_NOW = datetime(2026, 1, 1, tzinfo=UTC)  # nothing here depends on when


def evidence_of(
    catalog: Catalog, workload: Mapping[int, str], *, width: int, plain: bool
) -> Evidence:
    """Put together what a recommender may look at; a query that cannot be read is left out."""
    schema = LineageSchema(
        {each.relation: each.columns for each in (*catalog.tables, *catalog.views)},
        {view.relation: view.definition for view in catalog.views},
    )
    found = {number: query_uses(str(number), text, schema) for number, text in workload.items()}
    return Evidence(
        window_days=1,
        queries=tuple(
            QueryFacts(f"{number:03}", workload[number], 1, 0, uses)
            for number, uses in found.items()
            if isinstance(uses, QueryUses)
        ),
        model_queries=(),
        models={},
        relations={
            table.relation: RelationProfile(
                table.relation, table.kind, _NOW, round(table.rows), table.pages * PAGE_BYTES, None
            )
            for table in catalog.tables
        },
        columns={table.relation: tuple(_columns(table)) for table in catalog.tables},
        indexes={
            table.relation: tuple(
                IndexProfile(
                    index.spec,
                    index.name,
                    _NOW,
                    index.pages * PAGE_BYTES,
                    index.scans,
                    index.is_primary,
                    index.is_valid,
                    bool(index.constraint),
                )
                for index in catalog.indexes
                if index.spec.relation == table.relation
            )
            for table in catalog.tables
        },
        runs={},
        preferences=Preferences(max_key_columns=width, owned_only=False, stock_indexes_only=plain),
    )


def plain_recommenders() -> tuple[Recommender, ...]:
    """Return the recommenders of indexes, narrowed to what every other advisor knows."""
    return tuple(_plain(each) for each in RECOMMENDERS if each.kind == "index")


def _plain(recommender: Recommender) -> Recommender:
    def propose(evidence: Evidence) -> Iterator[Candidate]:
        for candidate in recommender.propose(evidence):
            if isinstance(candidate.spec, IndexSpec) and _is_plain(candidate.spec):
                yield candidate

    return Recommender(recommender.kind, propose)


def _is_plain(spec: IndexSpec) -> bool:
    special = any(key.is_expression or key.operator_class for key in spec.keys)
    return spec.method == "btree" and not (spec.include or spec.where or special)


def _columns(table: TableShape) -> Iterator[ColumnProfile]:
    types = {column.name: column.type for column in table.columns}
    for each in table.statistics:
        yield ColumnProfile(
            table.relation,
            each.column,
            types[each.column],
            _NOW,
            each.null_fraction,
            each.n_distinct,
            each.average_width,
            each.correlation,
        )
