"""Indexes: let queries read the rows that they need instead of whole tables."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from dbt_schema_evolve.recommend.access import Access, accesses, profiles_of
from dbt_schema_evolve.recommend.index_shapes import (
    MAX_INCLUDED,
    MAX_KEY_BYTES,
    MAX_PARTIAL_SHARE,
    MIN_PARTIAL_SHARE,
    Shape,
    Table,
    partial,
    shapes,
    value_share,
)
from dbt_schema_evolve.recommend.ownership import by_hand, owner
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.records.changes import Candidate, IndexKey, IndexSpec
from dbt_schema_evolve.records.evidence import Evidence, Preferences

# An index lookup reads some three pages at random_page_cost 4: what twelve sequential pages cost.
# A table of five times that is where an index starts to be worth the upkeep.
MIN_PAGES = 64

# A predicate that half of the calls on a relation share is part of what the relation is used for.
DOMINANT_SHARE = 0.5


def propose(evidence: Evidence) -> Iterator[Candidate]:
    """Propose indexes that queries and models of the window could use.

    When    a query or a model filters, joins, groups or sorts by columns of a
            table that no index serves yet.
    Change  one index: equality columns first and most selective first, then
            one range or the sort order. Variants that answer from the index
            alone, that hold only the rows asked for, and BRIN for big tables
            in the order of a column, compete on price.
    Skips   views, tables of under 64 pages, columns too wide for an index
            entry, relations that dbt does not build, and whatever an existing
            index or primary key already serves. It never makes one unique.
    Undo    drop the index; no row moves.
    """
    for relation, uses in accesses(evidence).items():
        profile = evidence.relations.get(relation)
        if profile is None or not profile.kind.stores_rows:
            continue
        if evidence.preferences.owned_only and owner(evidence, relation) is None:
            continue
        table = Table.of(profile, profiles_of(evidence, relation))
        if table.pages < MIN_PAGES:
            continue
        existing = [index.spec for index in evidence.indexes.get(relation, ()) if index.is_valid]
        found = _Found()
        for access in uses:
            for shape in shapes(access, table, evidence.preferences):
                found.add(shape, access)
        _add_partial(found, uses, table, evidence.preferences)
        _add_merged(found, uses, table, evidence.preferences)
        note = by_hand(evidence, relation)
        for spec in sorted(found.queries, key=found.rank):
            if not any(serves(index, spec) for index in existing):
                yield Candidate(
                    "index", spec, frozenset(found.queries[spec]), found.reasons[spec], note
                )


@dataclass(slots=True)
class _Found:
    """Specs with the queries that could use them."""

    queries: dict[IndexSpec, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    reasons: dict[IndexSpec, str] = field(default_factory=dict)

    def add(self, shape: Shape, *uses: Access) -> None:
        for access in uses:
            self.queries[shape.spec][access.query.fingerprint] = access.query.total_us
        self.reasons.setdefault(shape.spec, shape.reason)

    def rank(self, spec: IndexSpec) -> tuple[int, IndexSpec]:
        """Most exposed time first; the spec breaks ties."""
        return -sum(self.queries[spec].values()), spec


def _add_partial(
    found: _Found, uses: Iterable[Access], table: Table, preferences: Preferences
) -> None:
    """Add variants for one value of a column, where that value is most of the demand."""
    if preferences.stock_indexes_only:
        return
    uses = tuple(uses)
    calls: dict[tuple[str, str], int] = defaultdict(int)
    for access in uses:
        for pair in access.constants:
            calls[pair] += access.query.calls
    total = sum(access.query.calls for access in uses)
    for access in uses:
        for column, constant in access.constants:
            dominant = calls[column, constant] >= DOMINANT_SHARE * total
            share = value_share(table, column, constant)
            if not dominant or not MIN_PARTIAL_SHARE <= share <= MAX_PARTIAL_SHARE:
                continue
            for shape in shapes(access, table, preferences):
                variant = partial(shape, column, constant)
                if variant is not None:
                    found.add(variant, access)


def _add_merged(
    found: _Found, uses: Iterable[Access], table: Table, preferences: Preferences
) -> None:
    """Add indexes that serve several queries: reordered equalities, and united INCLUDE lists."""
    by_equality: dict[frozenset[str], list[Access]] = defaultdict(list)
    for access in uses:
        columns = frozenset(filter(table.indexable, access.equality))
        if columns:
            by_equality[columns].append(access)
    width = preferences.max_key_columns
    for wide, wide_uses in sorted(by_equality.items(), key=lambda item: sorted(item[0])):
        for narrow, narrow_uses in sorted(by_equality.items(), key=lambda item: sorted(item[0])):
            if not narrow < wide or len(narrow) >= width:
                continue
            # The narrow query's columns first: then one index has a prefix for each of the two.
            for access in wide_uses:
                head = [column for column in access.equality if column in narrow]
                tail = [column for column in access.equality if column in wide - narrow]
                tail += [column for column in access.ranges[:1] if table.indexable(column)]
                merged = tuple(dict.fromkeys([*head, *tail]))[:width]
                spec = IndexSpec(table.name, tuple(IndexKey(column) for column in merged))
                reason = f"equality on {', '.join(head)}, and with it {', '.join(merged)}"
                found.add(Shape(spec, reason), access, *narrow_uses)

    by_keys: dict[tuple[IndexKey, ...], list[IndexSpec]] = defaultdict(list)
    for spec in sorted(found.queries):
        if spec.include and not spec.where:
            by_keys[spec.keys].append(spec)
    for keys, specs in by_keys.items():
        united = tuple(sorted({column for spec in specs for column in spec.include}))
        width_bytes = table.width(frozenset(united) | {key.term for key in keys})
        if len(united) > MAX_INCLUDED or width_bytes is None or width_bytes > MAX_KEY_BYTES:
            continue
        wide_spec = replace(specs[0], include=united)
        for spec in specs:
            found.queries[wide_spec].update(found.queries[spec])
        found.reasons.setdefault(wide_spec, found.reasons[specs[0]])
