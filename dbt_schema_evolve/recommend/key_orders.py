"""Key lists of btrees in the order in which a btree helps: equalities, then one range or the sort.

"Use The Index, Luke" and the manual's chapter on multicolumn indexes give the rule: each key after
the first one that is not compared for equality only filters within the index.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dbt_schema_evolve.recommend.access import Access
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexKey

# Columns considered in one role of one access. More are compared only by queries that read most
# of a table, and pairs of them grow with the square.
MOST_IN_A_ROLE = 6
MOST_RANGES = 3

_PATTERN_CLASSES = {"character": "bpchar_pattern_ops", "bpchar": "bpchar_pattern_ops"}
_TEXTS = frozenset({"", "text", "character varying", "varchar"})

Keys = tuple[IndexKey, ...]


def key_orders(
    access: Access, table: Table, width: int, shared: Mapping[str, int]
) -> Iterator[tuple[Keys, str]]:
    """Yield key lists of at most `width` keys, each with the words for why.

    `shared` counts the accesses that compare a term for equality: beside the most selective
    column first there is an order with the commonest first, which serves more queries.
    """
    role = _Roles(access, table)
    lists = _Lists(width, table)
    same, one_of, ranges = role.equality, role.one_of, role.ranges
    common = tuple(sorted(same, key=lambda key: (-shared.get(key.term, 0), same.index(key))))
    only_one = max(width - 1, 1)

    for key in same:
        lists.add(("equality on", (key,)))
    lists.add(("equality on", same))
    lists.add(("equality on", common))
    for key in one_of:
        lists.add(("one of a list for", (key,)))
        lists.add(("equality on", same[:only_one]), ("one of a list for", (key,)))
    for key in ranges:
        bound = ("range on", (key,))
        lists.add(bound)
        lists.add(("equality on", same[:only_one]), bound)
        lists.add(("equality on", common[:only_one]), bound)
        room = max(width - 2, 0)
        for member in one_of[:1]:
            lists.add(("equality on", same[:room]), ("one of a list for", (member,)), bound)
        for other in ranges[:MOST_RANGES]:
            lists.add(("equality on", same[:room]), bound, ("range within it on", (other,)))
    if role.order:
        sort = ("sorted by", role.order)
        room = max(width - len(role.order), 0)
        lists.add(sort)
        lists.add(("equality on", same[:room]), sort)
        # An IN list before the sort order would lose the order; behind it, it filters entries.
        for key in one_of[:1]:
            lists.add(("equality on", same[: max(room - 1, 0)]), sort, ("within it", (key,)))
    _add_joins(lists, role, width)
    if role.groups:
        lists.add(("grouped by", role.groups))
        lists.add(("equality on", same), ("grouped by", role.groups))
    yield from lists.found.items()


class _Roles:
    """The keys of an access that a btree can have, in each role."""

    def __init__(self, access: Access, table: Table) -> None:
        def fit(keys: Iterable[IndexKey]) -> Keys:
            return tuple(key for key in keys if table.takes_btree(key))[:MOST_IN_A_ROLE]

        self.equality, self.one_of = fit(access.equality), fit(access.one_of)
        self.joins, self.groups = fit(access.joins), fit(access.groups)
        self.ranges = (*fit(access.ranges), *_prefix_keys(fit(access.prefixes), table))
        order: list[IndexKey] = []
        for key in access.order:
            if not table.takes_btree(key):
                break
            order.append(key)
        self.order: Keys = tuple(order)


class _Lists:
    """Key lists with their reasons; the first reason for a list stays."""

    def __init__(self, width: int, table: Table) -> None:
        self.found: dict[Keys, str] = {}
        self._width, self._table = width, table

    def add(self, *parts: tuple[str, Sequence[IndexKey]]) -> None:
        keys: dict[str, IndexKey] = {}
        words: list[str] = []
        for role, part in parts:
            fresh: list[IndexKey] = []
            for key in part:
                # One row, or none, is left behind a unique column: there is nothing to narrow.
                if len(keys) >= self._width or keys.keys() & self._table.unique:
                    break
                if key.term not in keys:
                    keys[key.term] = key
                    fresh.append(key)
            if fresh:
                words.append(f"{role} {', '.join(key.term for key in fresh)}")
        if keys:
            self.found.setdefault(tuple(keys.values()), "; ".join(words))


def _add_joins(lists: _Lists, role: _Roles, width: int) -> None:
    """Add what nested loops look up and what merge joins read in order."""
    same = ("equality on", role.equality)
    for key in role.joins:
        join = ("join on", (key,))
        lists.add(join)
        lists.add(("equality on", role.equality[: max(width - 1, 1)]), join)
        lists.add(join, same)
        for other in (*role.one_of, *role.ranges):
            lists.add(join, ("range on", (other,)))
        if role.order:
            lists.add(join, ("sorted by", role.order))
    if len(role.joins) > 1:
        lists.add(("join on", role.joins))
    for at, key in enumerate(role.joins):
        for other in role.joins[at + 1 :]:
            lists.add(("join on", (key, other)))
            lists.add(("join on", (other, key)))


def _prefix_keys(keys: Keys, table: Table) -> Iterator[IndexKey]:
    """Yield keys for LIKE 'x%', which needs an operator class unless text sorts byte by byte."""
    for key in keys:
        columns = table.columns_of(key)
        kind = table.type_of(key.term) if not key.is_expression else "text"
        if len(columns) == 1 and table.orders_bytes(columns[0]):
            yield key
        elif kind in _PATTERN_CLASSES:
            yield IndexKey(key.term, key.is_expression, operator_class=_PATTERN_CLASSES[kind])
        elif kind in _TEXTS:
            yield IndexKey(key.term, key.is_expression, operator_class="text_pattern_ops")
