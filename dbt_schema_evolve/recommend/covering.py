"""Indexes that hold every column a query needs, so that it never visits the table."""

from dataclasses import replace

from dbt_schema_evolve.recommend.access import Access
from dbt_schema_evolve.recommend.shape import Shape, plain_keys
from dbt_schema_evolve.recommend.table import MAX_KEY_BYTES, Table
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.evidence import Preferences
from dbt_schema_evolve.records.workload import UseKind

# Index-only scans pay because they read fewer pages than the table; past half of its bytes
# an index is nearly a copy of it.
MAX_COVERING_SHARE = 0.5
MAX_INCLUDED = 4

_ENTRY_BYTES, _ROW_BYTES = 12, 28  # headers and pointers: 8 + 4 in an index, 24 + 4 in a table


def covering(shape: Shape, access: Access, table: Table, preferences: Preferences) -> Shape | None:
    """Add the remaining columns that the query needs, if they are few and narrow.

    An expression among the keys does not stand for its columns: Postgres answers from an index
    alone only where the columns themselves are in it.
    """
    spec = shape.spec
    rest = access.used - held(spec)
    if not rest or len(rest) > MAX_INCLUDED or not pays(access.used | held(spec), table):
        return None
    reason = f"{shape.reason}; answers from the index alone"
    if not preferences.stock_indexes_only:
        return Shape(replace(spec, include=tuple(sorted(rest))), reason)
    tail = table.by_selectivity(plain_keys(rest))
    if len(spec.keys) + len(tail) > preferences.max_key_columns:
        return None
    if not all(table.takes_btree(key) for key in tail):
        return None
    return Shape(replace(spec, keys=(*spec.keys, *tail)), reason)


def narrow_copy(access: Access, table: Table, preferences: Preferences) -> Shape | None:
    """Return an index to be read whole, where a query needs few columns of a wide table.

    The fewest different values come first: equal neighbours share an entry.
    """
    if any(search.kind is UseKind.CONTAINMENT for search in access.searches):
        return None  # long values, which have indexes of their own
    keys = tuple(filter(table.takes_btree, plain_keys(access.used)))
    if not keys or len(keys) < len(access.used) or not pays(access.used, table):
        return None
    ordered = sorted(keys, key=lambda key: (table.distinct(key) or float("inf"), key))
    width = preferences.max_key_columns
    head, rest = tuple(ordered[:width]), ordered[width:]
    if len(rest) > (0 if preferences.stock_indexes_only else MAX_INCLUDED):
        return None
    include = tuple(sorted(key.term for key in rest))
    words = f"reads {_listed(head)} of every row from the index alone"
    return Shape(IndexSpec(table.name, head, include), words)


def held(spec: IndexSpec) -> frozenset[str]:
    """Return the columns that a btree hands out: those of expressions are not among them."""
    return frozenset(key.term for key in spec.keys if not key.is_expression) | set(spec.include)


def pays(columns: frozenset[str], table: Table) -> bool:
    """Tell whether an index with these columns is far smaller than the table, and safe to build."""
    whole, part = table.width(table.columns), table.width(columns)
    if not whole or part is None or part > MAX_KEY_BYTES:
        return False
    return part + _ENTRY_BYTES <= (whole + _ROW_BYTES) * MAX_COVERING_SHARE


def _listed(keys: tuple[IndexKey, ...]) -> str:
    return ", ".join(key.term for key in keys)
