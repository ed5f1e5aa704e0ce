"""What each query does with the columns of each relation: the raw material of index candidates."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dbt_schema_evolve.records.changes import IndexKey
from dbt_schema_evolve.records.evidence import Evidence, QueryFacts
from dbt_schema_evolve.records.profiles import ColumnProfile
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import ColumnUse, UseKind

NOT_NULL = "not null"  # the constant by which lineage marks IS NOT NULL


@dataclass(frozen=True, slots=True)
class Access:
    """How one query uses one relation; column lists are in the order in which they help."""

    query: QueryFacts
    relation: RelationName
    equality: tuple[str, ...]  # most selective first
    ranges: tuple[str, ...]
    joins: tuple[str, ...]  # most selective first
    groups: tuple[str, ...]
    order: tuple[IndexKey, ...]  # the leading ORDER BY terms that come from this relation
    used: frozenset[str]  # every column that the query needs
    constants: tuple[tuple[str, str], ...]  # column and literal of its equalities, or `not null`
    prefixes: frozenset[str] = frozenset()  # columns compared with LIKE 'literal%'


def accesses(evidence: Evidence) -> dict[RelationName, tuple[Access, ...]]:
    """Group the uses of all queries by relation, each list by fingerprint."""
    found: dict[RelationName, list[Access]] = defaultdict(list)
    for query in all_queries(evidence):
        by_relation: dict[RelationName, list[ColumnUse]] = defaultdict(list)
        for use in sorted(query.uses.uses):
            by_relation[use.column.relation].append(use)
        for relation, uses in by_relation.items():
            found[relation].append(_access(evidence, query, relation, uses))
    return {relation: tuple(found[relation]) for relation in sorted(found)}


def all_queries(evidence: Evidence) -> tuple[QueryFacts, ...]:
    """Consumers' queries and models' own, in an order that does not depend on how they came."""
    return tuple(
        sorted(
            (*evidence.queries, *evidence.model_queries),
            key=lambda query: (query.fingerprint, query.node_id or "", query.sql),
        )
    )


def distinct_values(profile: ColumnProfile | None, rows: int | None) -> float | None:
    """Return how many different values a column holds; None where nobody looked.

    pg_stats gives a count, or minus the share of rows: -1 is a unique column, not one value.
    """
    if profile is None or not profile.distinct:
        return None
    if profile.distinct > 0:
        return profile.distinct
    return None if rows is None or rows < 0 else max(1.0, -profile.distinct * rows)


def by_selectivity(
    columns: Iterable[str], profiles: Mapping[str, ColumnProfile], rows: int | None
) -> tuple[str, ...]:
    """Order columns by how few rows one value keeps; unknown ones last, names break ties."""

    def key(column: str) -> tuple[float, str]:
        return -(distinct_values(profiles.get(column), rows) or 0.0), column

    return tuple(sorted(set(columns), key=key))


def profiles_of(evidence: Evidence, relation: RelationName) -> dict[str, ColumnProfile]:
    """Return a relation's column profiles by column."""
    return {profile.column: profile for profile in evidence.columns.get(relation, ())}


def _access(
    evidence: Evidence, query: QueryFacts, relation: RelationName, uses: list[ColumnUse]
) -> Access:
    profiles = profiles_of(evidence, relation)
    profile = evidence.relations.get(relation)
    rows = profile.estimated_rows if profile else None
    of: dict[UseKind, list[str]] = defaultdict(list)
    for use in uses:
        of[use.kind].append(use.column.column)
    groups = sorted(
        {(use.position, use.column.column) for use in uses if use.kind is UseKind.GROUP}
    )
    return Access(
        query=query,
        relation=relation,
        equality=by_selectivity(of[UseKind.EQUALITY], profiles, rows),
        ranges=by_selectivity(of[UseKind.RANGE], profiles, rows),
        joins=by_selectivity(of[UseKind.JOIN], profiles, rows),
        groups=tuple(dict.fromkeys(column for _, column in groups)),
        order=_leading_order(query, relation),
        used=frozenset(use.column.column for use in uses),
        constants=tuple(
            sorted(
                {
                    (use.column.column, use.constant)
                    for use in uses
                    if (use.kind is UseKind.EQUALITY and use.constant) or use.constant == NOT_NULL
                }
            )
        ),
        prefixes=frozenset(
            use.column.column
            for use in uses
            if use.kind is UseKind.RANGE and use.constant.endswith("%'")
        ),
    )


def _leading_order(query: QueryFacts, relation: RelationName) -> tuple[IndexKey, ...]:
    """Return the terms an index of this relation could sort by.

    They end at the first ORDER BY term of another relation. A btree reads backwards, so only
    the directions relative to the first term matter; the first is kept ascending.
    """
    terms = sorted(
        {
            (use.position, use.column, use.descending)
            for use in query.uses.uses
            if use.kind is UseKind.ORDER
        }
    )
    keys: dict[str, IndexKey] = {}
    for _, column, descending in terms:
        if column.relation != relation:
            break
        turned = descending != terms[0][2]
        # NULLs sort as the largest values: first when descending, unless the query says otherwise.
        keys.setdefault(
            column.column, IndexKey(column.column, descending=turned, nulls_first=turned)
        )
    return tuple(keys.values())
