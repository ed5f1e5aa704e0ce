"""Every index that one access to one relation could use, before anyone asks whether it pays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dbt_schema_evolve.recommend.access import (
    NOT_NULL,
    Access,
    by_selectivity,
    distinct_values,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.evidence import Preferences
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.relations import RelationName, quoted

# A btree entry holds at most 2,704 bytes (a third of a page), and one that is longer fails the
# build, and with it the dbt run. We know averages only, so we keep a factor of ten away.
MAX_KEY_BYTES = 270

# Index-only scans pay because they read fewer pages than the table; past half of its width
# an index is nearly a copy of it.
MAX_COVERING_SHARE = 0.5
MAX_INCLUDED = 4

# A partial index has to be half as large as the full one, or the full one, which serves
# every query, is the better use of nearly the same bytes.
MAX_PARTIAL_SHARE = 0.5

# A constant that keeps less is one value of many, such as a customer's number: it will be another
# tomorrow, and may be personal. Status and type columns have some dozens of values.
MIN_PARTIAL_SHARE = 0.01

# pg_stats.correlation from which a BRIN range (128 pages) holds a narrow band of values: below,
# Postgres reads most ranges anyway (`brincostestimate` divides by the absolute correlation).
MIN_BRIN_CORRELATION = 0.9
MIN_BRIN_PAGES = 128 * 64  # 64 ranges, 64 MB: with fewer a btree is small too

_NO_BTREE = {"json", "xml", "point", "box", "line", "lseg", "path", "polygon", "circle"}
_PATTERN_CLASS = {"character": "bpchar_pattern_ops"}


@dataclass(frozen=True, slots=True)
class Table:
    """What the shapes need to know about a relation."""

    name: RelationName
    rows: int | None
    pages: int
    columns: Mapping[str, ColumnProfile]
    append_only: bool

    @classmethod
    def of(cls, profile: RelationProfile, columns: Mapping[str, ColumnProfile]) -> "Table":
        """Describe a relation by its profiles."""
        changed = (profile.updated_rows or 0) + (profile.deleted_rows or 0)
        rows = profile.estimated_rows
        if rows is not None and rows < 0:
            rows = None
        return cls(
            name=profile.relation,
            rows=rows,
            pages=_pages(profile, columns),
            columns=columns,
            append_only=changed == 0 and profile.inserted_rows is not None,
        )

    def width(self, columns: frozenset[str]) -> int | None:
        """Add up the average widths; None where one is not known."""
        total = 0
        for column in columns:
            profile = self.columns.get(column)
            if profile is None or profile.average_width_bytes is None:
                return None
            total += profile.average_width_bytes
        return total

    def indexable(self, column: str) -> bool:
        """Tell whether a btree can take the column, and take its longest values safely."""
        profile = self.columns.get(column)
        if profile is None:
            return True
        kind = profile.type.split("(")[0].strip().lower()
        return kind not in _NO_BTREE and (profile.average_width_bytes or 0) <= MAX_KEY_BYTES


@dataclass(frozen=True, slots=True)
class Shape:
    """An index that an access could use, and how."""

    spec: IndexSpec
    reason: str


def shapes(access: Access, table: Table, preferences: Preferences) -> Iterator[Shape]:
    """Yield the indexes that could serve an access: plain, covering, partial and BRIN."""
    plain = [
        Shape(IndexSpec(table.name, keys), reason)
        for keys, reason in _key_lists(access, table, preferences.max_key_columns)
    ]
    yield from plain
    for shape in plain:
        covering = _covering(shape, access, table, preferences)
        if covering is not None:
            yield covering
    if not preferences.stock_indexes_only:
        yield from _without_nulls(plain, table)
    yield from _block_ranges(access, table)


def partial(shape: Shape, column: str, constant: str) -> Shape | None:
    """Return the shape for the rows where a column has one value, without the column itself."""
    keys = tuple(key for key in shape.spec.keys if key.term != column)
    if not keys or shape.spec.where or shape.spec.method != "btree":
        return None
    verb = "is" if constant.lower() in {"null", NOT_NULL} else "="
    where = f"{quoted(column)} {verb} {constant}"
    include = tuple(each for each in shape.spec.include if each != column)
    spec = replace(shape.spec, keys=keys, include=include, where=where)
    return Shape(
        spec, f"{shape.reason}; only rows where {where.replace(chr(34), '')} are asked for"
    )


def value_share(table: Table, column: str, constant: str) -> float:
    """Return the share of rows that a predicate on one column keeps; 1.0 if unknown."""
    profile = table.columns.get(column)
    nulls = profile.null_ratio if profile is not None else None
    if constant.lower() in {"null", NOT_NULL}:
        if nulls is None:
            return 1.0
        return nulls if constant.lower() == "null" else 1.0 - nulls
    distinct = distinct_values(profile, table.rows)
    return 1.0 if distinct is None else 1.0 / distinct


def _key_lists(
    access: Access, table: Table, width: int
) -> Iterator[tuple[tuple[IndexKey, ...], str]]:
    """Yield key lists in the order of a btree's use: equalities, then one range or the order."""
    equality = tuple(filter(table.indexable, access.equality))
    ranges = tuple(filter(table.indexable, access.ranges))
    joins = tuple(filter(table.indexable, access.joins))
    groups = tuple(filter(table.indexable, access.groups))
    order: list[IndexKey] = []
    for term in access.order:
        if not table.indexable(term.term):
            break
        order.append(term)

    lists: dict[tuple[IndexKey, ...], str] = {}

    def add(*parts: tuple[str, tuple[IndexKey, ...]]) -> None:
        keys: dict[str, IndexKey] = {}
        words: list[str] = []
        for role, part in parts:
            fresh = [key for key in part if key.term not in keys][: width - len(keys)]
            keys.update((key.term, key) for key in fresh)
            if fresh:
                words.append(f"{role} {', '.join(key.term for key in fresh)}")
        if keys:
            lists.setdefault(tuple(keys.values()), "; ".join(words))

    same = ("equality on", _keys(equality))
    for column in equality:
        add(("equality on", _keys((column,))))
    add(same)
    for column in ranges:
        key = ("range on", (_range_key(column, access, table),))
        add(key)
        add(("equality on", _keys(equality[: width - 1])), key)
    if order:
        room = max(width - len(order), 0)
        sort = ("sorted by", tuple(order))
        add(sort)
        add(("equality on", _keys(equality[:room])), sort)
    for column in joins:
        join = ("join on", _keys((column,)))
        add(join)
        add(same, join)
        add(join, same)
        for other in ranges:
            add(join, ("range on", _keys((other,))))
    if len(joins) > 1:
        add(("join on", _keys(joins)))
        for other in joins[1:]:
            add(("join on", _keys((joins[0], other))))
    if groups:
        add(("grouped by", _keys(groups)))
        add(same, ("grouped by", _keys(groups)))
    yield from lists.items()


def _covering(shape: Shape, access: Access, table: Table, preferences: Preferences) -> Shape | None:
    """Add the remaining columns that the query needs, if they are few and narrow."""
    spec = shape.spec
    rest = access.used - {key.term for key in spec.keys}
    whole = table.width(frozenset(table.columns))
    held = table.width(access.used | {key.term for key in spec.keys})
    if not rest or len(rest) > MAX_INCLUDED or not whole or held is None:
        return None
    if held > whole * MAX_COVERING_SHARE or held > MAX_KEY_BYTES:
        return None
    reason = f"{shape.reason}; answers from the index alone"
    if not preferences.stock_indexes_only:
        return Shape(replace(spec, include=tuple(sorted(rest))), reason)
    if len(spec.keys) + len(rest) > preferences.max_key_columns:
        return None
    if not all(table.indexable(column) for column in rest):
        return None
    tail = _keys(by_selectivity(rest, table.columns, table.rows))
    return Shape(replace(spec, keys=(*spec.keys, *tail)), reason)


def _without_nulls(plain: list[Shape], table: Table) -> Iterator[Shape]:
    """Yield variants for keys that are mostly NULL; a strict predicate implies IS NOT NULL."""
    for shape in plain:
        column = shape.spec.keys[0].term
        profile = table.columns.get(column)
        if profile is not None and (profile.null_ratio or 0.0) >= MAX_PARTIAL_SHARE:
            spec = replace(shape.spec, where=f"{quoted(column)} is not null")
            share = f"{100 * (profile.null_ratio or 0.0):.0f} %"
            yield Shape(spec, f"{shape.reason}; {column} is NULL in {share} of the rows")


def _block_ranges(access: Access, table: Table) -> Iterator[Shape]:
    """Yield BRIN indexes on columns whose values follow the order of the rows on disk."""
    if table.pages < MIN_BRIN_PAGES:
        return
    for column in access.ranges:
        profile = table.columns.get(column)
        if profile is None or abs(profile.correlation or 0.0) < MIN_BRIN_CORRELATION:
            continue
        reason = f"range on {column}, whose values follow the order on disk"
        if table.append_only:
            reason += ", and rows are only ever appended"
        yield Shape(IndexSpec(table.name, (IndexKey(column),), method="brin"), reason)


def _keys(columns: tuple[str, ...]) -> tuple[IndexKey, ...]:
    return tuple(IndexKey(column) for column in columns)


def _range_key(column: str, access: Access, table: Table) -> IndexKey:
    """Return the key for a range; LIKE 'x%' needs an operator class in most collations."""
    if column not in access.prefixes:
        return IndexKey(column)
    profile = table.columns.get(column)
    kind = profile.type.split("(")[0].strip() if profile else "text"
    return IndexKey(column, operator_class=_PATTERN_CLASS.get(kind, "text_pattern_ops"))


def _pages(profile: RelationProfile, columns: Mapping[str, ColumnProfile]) -> int:
    """Return a relation's pages of 8 KB, by its file or, where that is unknown, by its rows."""
    if profile.table_bytes:
        return profile.table_bytes // 8192
    widths = sum(column.average_width_bytes or 0 for column in columns.values())
    return max(profile.estimated_rows or 0, 0) * (widths + 28) // 8192  # 24 header + 4 pointer
