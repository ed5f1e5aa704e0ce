"""BRIN: a few pages that say which blocks of a big table can hold the values asked for."""

from collections.abc import Iterator

from dbt_schema_evolve.recommend.access import Access
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexSpec

# pg_stats.correlation from which a BRIN range (128 pages) holds a narrow band of values: below,
# Postgres reads most ranges anyway (`brincostestimate` divides by the absolute correlation).
MIN_BRIN_CORRELATION = 0.9
MIN_BRIN_PAGES = 128 * 64  # 64 ranges, 64 MB: with fewer a btree is small too


def block_ranges(access: Access, table: Table) -> Iterator[Shape]:
    """Yield BRIN indexes on columns whose values follow the order of the rows on disk."""
    if table.pages < MIN_BRIN_PAGES:
        return
    for role, keys in (("range on", access.ranges), ("equality on", access.equality)):
        for key in keys:
            profile = None if key.is_expression else table.columns.get(key.term)
            if profile is None or abs(profile.correlation or 0.0) < MIN_BRIN_CORRELATION:
                continue
            if not table.takes_btree(key):
                continue
            reason = f"{role} {key.term}, whose values follow the order on disk"
            if table.append_only:
                reason += ", and rows are only ever appended"
            yield Shape(IndexSpec(table.name, (key,), method="brin"), reason)
