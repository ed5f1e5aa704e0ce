"""What the catalog of this minute knows better than the last capture: indexes, partitions, server.

A capture is as old as the last dbt run, and holds no more than every dbt run may be asked to note.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from dbt_schema_evolve.records.catalog import Catalog, IndexShape, TableShape
from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.evidence import Evidence, Server
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.relations import RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip

PAGE_BYTES = 8192


def with_catalog(evidence: Evidence, catalog: Catalog) -> Evidence:
    """Return the evidence with what the catalog knows better."""
    return replace(
        evidence,
        relations=_relations(evidence.relations, catalog),
        columns=_columns(evidence.columns, catalog),
        indexes=_indexes(evidence, catalog),
        server=_server(catalog),
        foreign_keys=catalog.foreign_keys,
    )


def never_analyzed(evidence: Evidence, catalog: Catalog) -> Iterator[Skip]:
    """Name the tables behind the window's queries that the planner knows nothing of."""
    facts = (*evidence.queries, *evidence.model_queries)
    read = frozenset[RelationName]().union(*(each.uses.base_relations for each in facts))
    for table in sorted(catalog.tables, key=lambda each: each.relation):
        is_counted = table.rows >= 0 or table.kind is RelationKind.PARTITIONED_TABLE
        if table.relation in read and not is_counted:
            reason = "never analyzed: prices of its queries rest on guesses; run ANALYZE"
            yield Skip(str(table.relation), reason)


def _server(catalog: Catalog) -> Server:
    locale = catalog.collation if catalog.locale_provider == "c" else catalog.locale
    plain = {"c": {"C", "POSIX"}, "b": {"C", "C.UTF-8"}}  # ICU always has rules of its own
    by_bytes = locale in plain.get(catalog.locale_provider, set())
    return Server(catalog.extensions, by_bytes)


def _relations(
    profiles: Mapping[RelationName, RelationProfile], catalog: Catalog
) -> Mapping[RelationName, RelationProfile]:
    """Give partitioned tables the size of their partitions; they hold no rows themselves."""
    summed = dict(profiles)
    for parent, parts in _leaves(catalog).items():
        profile = profiles.get(parent)
        if profile is None or profile.kind is not RelationKind.PARTITIONED_TABLE:
            continue
        summed[parent] = replace(
            profile,
            estimated_rows=round(sum(part.current_rows for part in parts)),
            table_bytes=sum(part.current_pages for part in parts) * PAGE_BYTES,
        )
    return summed


def _columns(
    profiles: Mapping[RelationName, tuple[ColumnProfile, ...]], catalog: Catalog
) -> Mapping[RelationName, tuple[ColumnProfile, ...]]:
    """Add collations; a partitioned table nobody analyzed looks like its largest partition."""
    collations = {
        (table.relation, column.name): column.collation
        for table in catalog.tables
        for column in table.columns
        if column.collation
    }
    largest = {
        parent: max(parts, key=lambda part: (part.current_pages, part.relation)).relation
        for parent, parts in _leaves(catalog).items()
    }
    found = {}
    for relation, columns in profiles.items():
        part = {each.column: each for each in profiles.get(largest.get(relation, relation), ())}
        found[relation] = tuple(
            replace(
                column if column.average_width_bytes is not None else _like(column, part),
                collation=collations.get((relation, column.column), ""),
            )
            for column in columns
        )
    return found


def _like(column: ColumnProfile, part: Mapping[str, ColumnProfile]) -> ColumnProfile:
    other = part.get(column.column)
    if other is None:
        return column
    return replace(
        column,
        null_ratio=other.null_ratio,
        distinct=other.distinct,
        average_width_bytes=other.average_width_bytes,
    )


def _leaves(catalog: Catalog) -> Mapping[RelationName, tuple[TableShape, ...]]:
    """Return what stores the rows of each partitioned table, at whatever depth."""
    parents = {table.relation: table.partition_of for table in catalog.tables}
    found: defaultdict[RelationName, list[TableShape]] = defaultdict(list)
    for table in catalog.tables:
        parent = table.partition_of
        while parent is not None and table.kind is not RelationKind.PARTITIONED_TABLE:
            found[parent].append(table)
            parent = parents.get(parent)
    return {relation: tuple(parts) for relation, parts in found.items()}


def _indexes(
    evidence: Evidence, catalog: Catalog
) -> Mapping[RelationName, tuple[IndexProfile, ...]]:
    """Take the indexes of every relation in the catalog from there, counters included."""
    below = _pages_below(catalog)
    found: defaultdict[RelationName, list[IndexProfile]] = defaultdict(list)
    for index in catalog.indexes:
        relation = evidence.relations.get(index.spec.relation)
        if relation is not None:
            pages = below.get(index.spec, index.current_pages)
            found[index.spec.relation].append(_profile(index, relation, pages))
    known = {table.relation for table in catalog.tables}
    there = {name: each for name, each in evidence.indexes.items() if name not in known}
    return {**there, **{name: tuple(each) for name, each in found.items()}}


def _pages_below(catalog: Catalog) -> Mapping[IndexSpec, int]:
    """Return the pages of partitioned indexes: those of the same structure on the partitions."""
    parents: defaultdict[RelationName, list[RelationName]] = defaultdict(list)
    for parent, parts in _leaves(catalog).items():
        for part in parts:
            parents[part.relation].append(parent)
    pages: defaultdict[IndexSpec, int] = defaultdict(int)
    for index in catalog.indexes:
        for parent in parents[index.spec.relation]:
            pages[index.spec.on(parent)] += index.current_pages
    return pages


def _profile(index: IndexShape, relation: RelationProfile, pages: int) -> IndexProfile:
    return IndexProfile(
        spec=index.spec,
        name=index.name,
        captured_at=relation.captured_at,
        measured_bytes=pages * PAGE_BYTES,
        scans=index.scans,
        is_primary=index.is_primary,
        is_valid=index.is_valid,
        backs_constraint=bool(index.constraint),
        definition=index.create_sql,
        needed_for=index.needed_for,
    )
