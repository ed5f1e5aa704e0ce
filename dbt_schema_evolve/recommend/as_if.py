"""The evidence as it would be with some changes made: what a second look starts from."""

from collections.abc import Callable
from dataclasses import replace

from dbt_schema_evolve.records.changes import (
    Configuration,
    DropIndexSpec,
    IndexSpec,
    MaterializationSpec,
    Spec,
)
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.relations import ColumnName, RelationKind, RelationName
from dbt_schema_evolve.records.workload import ColumnUse, UseKind


def as_if(
    evidence: Evidence,
    configuration: Configuration,
    rows: Callable[[RelationName], float],
    size_bytes: Callable[[Spec], int],
) -> Evidence:
    """Return the evidence with a configuration in place.

    A view that became a table gets a profile from its estimated result, and each query that
    executes it is taken to use the view's columns as it uses the stored columns behind them.
    """
    for spec in sorted(configuration, key=repr):
        if isinstance(spec, IndexSpec):
            evidence = _with_index(evidence, spec, size_bytes(spec))
        elif isinstance(spec, DropIndexSpec):
            evidence = _without_index(evidence, spec.index)
    for spec in sorted(configuration, key=repr):
        if isinstance(spec, MaterializationSpec):
            node = evidence.models[spec.relation]
            changed = replace(node, materialized=spec.materialized)
            evidence = replace(evidence, models={**evidence.models, spec.relation: changed})
            if spec.materialized == "table" and node.materialized == "view":
                evidence = _stored(evidence, spec.relation, rows, size_bytes(spec))
    return evidence


def _with_index(evidence: Evidence, spec: IndexSpec, size: int) -> Evidence:
    profile = evidence.relations.get(spec.relation)
    if profile is None or not profile.kind.stores_rows:
        return evidence
    made = IndexProfile(spec, "", profile.captured_at, size, scans=None)
    there = (*evidence.indexes.get(spec.relation, ()), made)
    return replace(evidence, indexes={**evidence.indexes, spec.relation: there})


def _without_index(evidence: Evidence, gone: IndexSpec) -> Evidence:
    there = list(evidence.indexes.get(gone.relation, ()))
    alike = [index for index in there if index.spec == gone]
    if alike:  # of two that are the same one stays, and it is the one that a constraint needs
        there.remove(min(alike, key=lambda each: (each.is_protected, each.is_valid, each.name)))
    return replace(evidence, indexes={**evidence.indexes, gone.relation: tuple(there)})


def _stored(
    evidence: Evidence,
    relation: RelationName,
    rows: Callable[[RelationName], float],
    size: int,
) -> Evidence:
    origin = _origins(evidence, relation)
    dates = [profile.captured_at for profile in evidence.relations.values()]
    if not dates:
        return evidence
    count = round(rows(relation))
    profile = RelationProfile(relation, RelationKind.TABLE, max(dates), count, size, 0)
    known = {
        column.column: column
        for names in evidence.columns.values()
        for column in names
        if column.relation == relation
    }
    for source, name in sorted(origin.items()):
        there = {column.column: column for column in evidence.columns.get(source.relation, ())}
        if source.column in there and name not in known:
            known[name] = _renamed(there[source.column], relation, name, evidence, source)
    return replace(
        evidence,
        relations={**evidence.relations, relation: profile},
        columns={**evidence.columns, relation: tuple(known.values())},
        queries=tuple(_reading(query, relation, origin) for query in evidence.queries),
        model_queries=tuple(_reading(query, relation, origin) for query in evidence.model_queries),
    )


def _origins(evidence: Evidence, relation: RelationName) -> dict[ColumnName, str]:
    """Return the view's column for each stored column that it passes on unmixed."""
    node = evidence.models[relation]
    for query in evidence.model_queries:
        if query.node_id == node.unique_id:
            return {next(iter(of)): name for name, of in query.uses.outputs if len(of) == 1}
    return {}


def _renamed(
    column: ColumnProfile,
    relation: RelationName,
    name: str,
    evidence: Evidence,
    source: ColumnName,
) -> ColumnProfile:
    """Carry a column's shape over; a share of the old rows becomes a count."""
    distinct = column.distinct
    profile = evidence.relations.get(source.relation)
    if distinct is not None and distinct < 0 and profile is not None:
        distinct = -distinct * max(profile.estimated_rows or 0, 0) or None
    return replace(column, relation=relation, column=name, distinct=distinct, correlation=None)


def _reading(
    query: QueryFacts, relation: RelationName, origin: dict[ColumnName, str]
) -> QueryFacts:
    if relation not in query.uses.views:
        return query
    more = {
        _moved(use, ColumnName(relation, origin[use.column]))
        for use in query.uses.uses
        if use.column in origin
    }
    uses = replace(
        query.uses,
        uses=query.uses.uses | more,
        views=query.uses.views - {relation},
        base_relations=query.uses.base_relations | {relation},
    )
    return replace(query, uses=uses)


def _moved(use: ColumnUse, column: ColumnName) -> ColumnUse:
    """Return the same use of another column; an expression stays behind, for it names its own."""
    if use.expression and use.column.column != column.column:
        return ColumnUse(column, UseKind.FILTER)
    return replace(use, column=column)
