"""What a relation's catalog facts say about the indexes that it could have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dbt_schema_evolve.recommend.expression import is_immutable
from dbt_schema_evolve.records.changes import IndexKey
from dbt_schema_evolve.records.evidence import Evidence, Server
from dbt_schema_evolve.records.profiles import ColumnProfile, IndexProfile, RelationProfile
from dbt_schema_evolve.records.relations import RelationName, quoted

# A btree entry holds at most 2,704 bytes (a third of a page), and one that is longer fails the
# build, and with it the dbt run. We know averages only, so we keep a factor of ten away.
MAX_KEY_BYTES = 270

_NO_BTREE = frozenset({"json", "xml", "point", "box", "line", "lseg", "path", "polygon", "circle"})
_BYTE_ORDERS = frozenset({"C", "POSIX", "ucs_basic", "pg_c_utf8", "pg_unicode_fast"})


@dataclass(frozen=True, slots=True)
class Table:
    """A stored relation: its size, its columns, and what its server can do."""

    name: RelationName
    rows: int | None
    pages: int
    columns: Mapping[str, ColumnProfile]
    append_only: bool
    unique: frozenset[str]  # columns that hold each value once
    server: Server

    @classmethod
    def of(cls, evidence: Evidence, profile: RelationProfile) -> "Table":
        """Describe a relation by its profiles."""
        columns = profiles_of(evidence, profile.relation)
        changed = (profile.updated_rows or 0) + (profile.deleted_rows or 0)
        rows = profile.estimated_rows
        return cls(
            name=profile.relation,
            rows=None if rows is None or rows < 0 else rows,
            pages=_pages(profile, columns),
            columns=columns,
            append_only=changed == 0 and profile.inserted_rows is not None,
            unique=_unique(columns, evidence.indexes.get(profile.relation, ())),
            server=evidence.server,
        )

    def type_of(self, column: str) -> str:
        """Return a column's type without its length; empty where nobody looked."""
        profile = self.columns.get(column)
        return profile.type.partition("(")[0].strip().lower() if profile is not None else ""

    def width(self, columns: Iterable[str]) -> int | None:
        """Add up the average widths; None where one is not known."""
        total = 0
        for column in columns:
            profile = self.columns.get(column)
            if profile is None or profile.average_width_bytes is None:
                return None
            total += profile.average_width_bytes
        return total

    def distinct(self, key: IndexKey) -> float:
        """Return how many different values a key holds, as far as that is known; 0 if it is not.

        An expression over one column is taken to keep its values apart.
        """
        columns = self.columns_of(key)
        if len(columns) != 1:
            return 0.0
        return distinct_values(self.columns.get(columns[0]), self.rows) or 0.0

    def by_selectivity(self, keys: Iterable[IndexKey]) -> tuple[IndexKey, ...]:
        """Order keys by how few rows one value keeps; unknown ones last, names break ties."""
        return tuple(sorted(set(keys), key=lambda key: (-self.distinct(key), key)))

    def columns_of(self, key: IndexKey) -> tuple[str, ...]:
        """Return the columns behind a key; those of an expression as it quotes them."""
        if not key.is_expression:
            return (key.term,)
        return tuple(column for column in self.columns if quoted(column) in key.term)

    def takes_btree(self, key: IndexKey) -> bool:
        """Tell whether a btree can have the key, and can take its longest values safely."""
        if key.is_expression:
            types = {self.type_of(column) for column in self.columns_of(key)}
            return is_immutable(key.term, types)
        profile = self.columns.get(key.term)
        if profile is None:
            return True
        return self.type_of(key.term) not in _NO_BTREE and not self.is_long(key.term)

    def is_long(self, column: str) -> bool:
        """Tell whether a column's values are too long for entries of a btree."""
        profile = self.columns.get(column)
        return profile is not None and (profile.average_width_bytes or 0) > MAX_KEY_BYTES

    def orders_bytes(self, column: str) -> bool:
        """Tell whether text sorts byte by byte, so that LIKE 'x%' is a range to any btree."""
        profile = self.columns.get(column)
        if profile is None or not profile.collation:
            return self.server.orders_text_by_bytes
        return profile.collation.rpartition(".")[2].strip('"') in _BYTE_ORDERS


def profiles_of(evidence: Evidence, relation: RelationName) -> dict[str, ColumnProfile]:
    """Return a relation's column profiles by column."""
    return {profile.column: profile for profile in evidence.columns.get(relation, ())}


def distinct_values(profile: ColumnProfile | None, rows: int | None) -> float | None:
    """Return how many different values a column holds; None where nobody looked.

    pg_stats gives a count, or minus the share of rows: -1 is a unique column, not one value.
    """
    if profile is None or not profile.distinct:
        return None
    if profile.distinct > 0:
        return profile.distinct
    return None if rows is None or rows < 0 else max(1.0, -profile.distinct * rows)


def _unique(
    columns: Mapping[str, ColumnProfile], indexes: Iterable[IndexProfile]
) -> frozenset[str]:
    by_index = {
        index.spec.keys[0].term
        for index in indexes
        if index.spec.unique and len(index.spec.keys) == 1 and not index.spec.where
    }
    return frozenset(name for name, each in columns.items() if each.distinct == -1) | by_index


def _pages(profile: RelationProfile, columns: Mapping[str, ColumnProfile]) -> int:
    """Return a relation's pages of 8 KB, by its file or, where that is unknown, by its rows."""
    if profile.table_bytes:
        return profile.table_bytes // 8192
    widths = sum(column.average_width_bytes or 0 for column in columns.values())
    return max(profile.estimated_rows or 0, 0) * (widths + 28) // 8192  # 24 header + 4 pointer
