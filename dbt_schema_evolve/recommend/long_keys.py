"""Hash indexes, for values too long for a btree; anywhere else a btree does all that they do.

A hash index finds equal values and nothing else: no ranges, no order, no second column, no
index-only scan. It keeps four bytes of a value of any length, though, where a btree fails on the
first entry over a third of a page.
"""

from collections.abc import Iterator

from dbt_schema_evolve.recommend.access import Access
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexSpec

_HASHED = frozenset({"text", "character varying", "character", "bytea"})


def long_keys(access: Access, table: Table) -> Iterator[Shape]:
    """Yield a hash index for each long column that is compared for equality."""
    for key in (*access.equality, *access.joins):
        if key.is_expression or not table.is_long(key.term):
            continue
        if table.type_of(key.term) in _HASHED:
            reason = f"equality on {key.term}, whose values are too long for a btree"
            yield Shape(IndexSpec(table.name, (key,), method="hash"), reason)
