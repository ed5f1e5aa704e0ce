"""Indexes: let queries read the rows that they need instead of whole tables."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dbt_schema_evolve.recommend.access import Demand, demands
from dbt_schema_evolve.recommend.block_ranges import block_ranges
from dbt_schema_evolve.recommend.containment import containment
from dbt_schema_evolve.recommend.covering import covering, narrow_copy
from dbt_schema_evolve.recommend.key_orders import key_orders
from dbt_schema_evolve.recommend.long_keys import long_keys
from dbt_schema_evolve.recommend.merged import crowded, merged_keys, united_columns
from dbt_schema_evolve.recommend.ownership import by_hand, owner
from dbt_schema_evolve.recommend.partial import Dominance, partials, without_nulls
from dbt_schema_evolve.recommend.patterns import patterns
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.spatial import spatial
from dbt_schema_evolve.recommend.structure import serves
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import Candidate, IndexSpec
from dbt_schema_evolve.records.evidence import Evidence, Preferences

# An index lookup reads some three pages at random_page_cost 4: what twelve sequential pages cost.
# A table of five times that is where an index starts to be worth the upkeep.
MIN_PAGES = 64


def propose(evidence: Evidence) -> Iterator[Candidate]:
    """Propose indexes that queries and models of the window could use.

    When    a query or a model filters, joins, groups, sorts or searches by
            columns of a table, or by expressions over them, that no index
            serves yet.
    Change  one index: equality columns first, the most selective or the most
            shared of them in front, then one list of values, then one range
            or the sort order. Variants that answer from the index alone, that
            hold only the rows asked for, that serve several queries at once,
            and BRIN for big tables in the order of a column, compete on
            price. Documents, arrays and word searches get GIN, patterns too
            where pg_trgm is installed; ranges, shapes and networks get GiST.
    Skips   views, tables of under 64 pages, columns too wide for an index
            entry (equality on them gets a hash index, which stores no value),
            relations that dbt does not build, and whatever an existing index
            or primary key already serves. It never makes one unique.
    Undo    drop the index; no row moves.
    """
    for relation, (table, uses) in demands(evidence).items():
        if table.pages < MIN_PAGES:
            continue
        if evidence.preferences.owned_only and owner(evidence, relation) is None:
            continue
        existing = [index.spec for index in evidence.indexes.get(relation, ()) if index.is_valid]
        found = _found(uses, table, evidence.preferences)
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

    def add(self, shape: Shape, *uses: Demand) -> None:
        queries = self.queries[shape.spec]
        for demand in uses:
            for query in demand.queries:
                queries[query.fingerprint] = query.total_us
        self.reasons.setdefault(shape.spec, shape.reason)

    def exposed_us(self) -> dict[IndexSpec, int]:
        return {spec: sum(queries.values()) for spec, queries in self.queries.items()}

    def rank(self, spec: IndexSpec) -> tuple[int, IndexSpec]:
        """Most exposed time first; the spec breaks ties."""
        return -sum(self.queries[spec].values()), spec


def _found(uses: Sequence[Demand], table: Table, preferences: Preferences) -> _Found:
    found = _Found()
    width = preferences.max_key_columns
    shared = Counter(key.term for demand in uses for key in demand.access.equality)
    operators = _operators(uses)
    plain = [(demand, _plain(demand, table, preferences, shared)) for demand in uses]
    dominance = Dominance.of(plain)
    for demand, shapes in plain:
        for shape in _shapes(demand, shapes, table, preferences, dominance):
            found.add(shape, demand)
        for shape in _by_other_methods(demand, table, operators):
            found.add(shape, demand)
    for shape, users in merged_keys(uses, table, width):
        found.add(shape, *users)
    exposed = found.exposed_us()
    for shape, parts in list(united_columns(found.reasons, exposed, table)):
        for part in parts:
            found.queries[shape.spec].update(found.queries[part])
        found.reasons.setdefault(shape.spec, shape.reason)
    for spec in crowded(exposed):
        del found.queries[spec]
    return found


def _plain(
    demand: Demand, table: Table, preferences: Preferences, shared: Mapping[str, int]
) -> list[Shape]:
    orders = key_orders(demand.access, table, preferences.max_key_columns, shared)
    return [Shape(IndexSpec(table.name, keys), reason) for keys, reason in orders]


def _shapes(
    demand: Demand,
    plain: Sequence[Shape],
    table: Table,
    preferences: Preferences,
    dominance: Dominance,
) -> Iterator[Shape]:
    """Yield btrees: plain, covering, and partial."""
    access = demand.access
    yield from plain
    wide = [covering(shape, access, table, preferences) for shape in plain]
    full = [*plain, *(shape for shape in wide if shape is not None)]
    if not plain and (copy := narrow_copy(access, table, preferences)):
        full.append(copy)
    yield from full[len(plain) :]
    if preferences.stock_indexes_only:
        return
    for shape in plain:
        yield from without_nulls(shape, access, table)
    for shape in full:
        yield from partials(shape, access, table, dominance)


def _by_other_methods(
    demand: Demand, table: Table, operators: Mapping[str, Collection[str]]
) -> Iterator[Shape]:
    access = demand.access
    yield from block_ranges(access, table)
    yield from containment(access, table, operators)
    yield from patterns(access, table)
    yield from spatial(access, table)
    yield from long_keys(access, table)


def _operators(uses: Iterable[Demand]) -> Mapping[str, Collection[str]]:
    """Return by term the operators that searches of a relation use."""
    found: dict[str, set[str]] = defaultdict(set)
    for demand in uses:
        for search in demand.access.searches:
            found[search.key.term].add(search.operator)
    return found
