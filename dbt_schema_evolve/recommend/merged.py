"""Indexes that serve several queries at once: one with a prefix for each of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from dbt_schema_evolve.recommend.access import Demand
from dbt_schema_evolve.recommend.covering import MAX_INCLUDED, held, pays
from dbt_schema_evolve.recommend.key_orders import MOST_IN_A_ROLE
from dbt_schema_evolve.recommend.shape import Shape
from dbt_schema_evolve.recommend.table import Table
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec

# Covering indexes of the same keys that are priced each on its own, beside the one that unites
# their columns: a bound for tables that thousands of queries join by one key. With three, TPC-H
# (scale 0.1, 50 MB, greedy) cost 76.0 % of what it does without indexes, with twelve 68.7 %.
MOST_COVERING = 12

Merged = tuple[Shape, Sequence[Demand]]


def merged_keys(demands: Sequence[Demand], table: Table, width: int) -> Iterator[Merged]:
    """Yield keys for two accesses: shared equalities first, then what only one compares.

    Sets of equalities are looked up, not compared with each other: a relation may have thousands.
    """
    by_equality: dict[frozenset[IndexKey], list[Demand]] = defaultdict(list)
    for demand in demands:
        if columns := _equality(demand, table):
            by_equality[frozenset(columns)].append(demand)
    for wide, wide_demands in by_equality.items():
        for narrow in _subsets(wide, width):
            if narrow not in by_equality:
                continue
            # The narrow query's columns first: then one index has a prefix for each of the two.
            for demand in wide_demands:
                ordered = _equality(demand, table)
                head = [key for key in ordered if key in narrow]
                tail = [key for key in ordered if key not in narrow]
                tail += [key for key in demand.access.ranges[:1] if table.takes_btree(key)]
                keys = tuple(dict.fromkeys([*head, *tail]))[:width]
                reason = f"equality on {_listed(head)}, and with it {_listed(keys)}"
                shape = Shape(IndexSpec(table.name, keys), reason)
                yield shape, (demand, *by_equality[narrow])
        yield from _shared_ranges(wide, wide_demands, table, width)


def _shared_ranges(
    equality: frozenset[IndexKey], demands: Sequence[Demand], table: Table, width: int
) -> Iterator[Merged]:
    """Yield one index for queries with the same equalities and different ranges.

    To each query its own range narrows or filters within the index, before any row is fetched.
    """
    by_range: dict[IndexKey, list[Demand]] = defaultdict(list)
    for demand in demands:
        for key in demand.access.ranges:
            if key not in equality and table.takes_btree(key):
                by_range[key].append(demand)
    room = width - len(equality)
    if room < 2 or len(by_range) < 2:
        return
    common = sorted(by_range, key=lambda key: (-len(by_range[key]), key))[:room]
    head = table.by_selectivity(equality)
    reason = f"equality on {_listed(head)}; range on {_listed(common)}, each for its own queries"
    users = {id(demand): demand for key in common for demand in by_range[key]}
    yield Shape(IndexSpec(table.name, (*head, *common)), reason), tuple(users.values())


def united_columns(
    reasons: Mapping[IndexSpec, str], exposed: Mapping[IndexSpec, int], table: Table
) -> Iterator[tuple[Shape, tuple[IndexSpec, ...]]]:
    """Yield covering indexes whose INCLUDE lists are one, with the indexes they stand in for.

    Keys that begin with the same keys are taken together: the longer list serves both. The most
    exposed come first, and what does not fit any more stays out.
    """
    by_keys: dict[tuple[IndexKey, ...], list[IndexSpec]] = defaultdict(list)
    for spec in reasons:
        if spec.include and not spec.where and spec.method == "btree":
            by_keys[spec.keys].append(spec)
    plain = {spec.keys for spec in reasons if not spec.where and spec.method == "btree"}
    for keys in sorted(plain):
        prefixes = (keys[: length + 1] for length in range(len(keys)))
        parts = [spec for prefix in prefixes for spec in by_keys.get(prefix, ())]
        columns = frozenset(key.term for key in keys if not key.is_expression)
        taken: list[IndexSpec] = []
        for spec in sorted(parts, key=lambda each: (-exposed[each], each)):
            united = columns | held(spec)
            if len(united - {key.term for key in keys}) <= MAX_INCLUDED and pays(united, table):
                columns = united
                taken.append(spec)
        include = tuple(sorted(columns - {key.term for key in keys}))
        if include and taken and (len(taken) > 1 or taken[0].keys != keys):
            wide = IndexSpec(table.name, keys, include)
            yield Shape(wide, _united_reason(wide, reasons)), tuple(taken)


def _united_reason(spec: IndexSpec, reasons: Mapping[IndexSpec, str]) -> str:
    keys = replace(spec, include=())
    return f"{reasons.get(keys, _listed(spec.keys))}; answers several queries from the index alone"


def crowded(exposed: Mapping[IndexSpec, int]) -> Iterator[IndexSpec]:
    """Yield covering indexes beyond the most exposed of equal keys: the united one is for them."""
    by_keys: dict[tuple[object, ...], list[IndexSpec]] = defaultdict(list)
    for spec in exposed:
        if spec.include:
            by_keys[spec.keys, spec.where].append(spec)
    for specs in by_keys.values():
        yield from sorted(specs, key=lambda each: (-exposed[each], each))[MOST_COVERING:]


def _equality(demand: Demand, table: Table) -> tuple[IndexKey, ...]:
    return tuple(filter(table.takes_btree, demand.access.equality))[:MOST_IN_A_ROLE]


def _subsets(wide: frozenset[IndexKey], width: int) -> Iterator[frozenset[IndexKey]]:
    ordered = sorted(wide)
    for size in range(1, min(len(ordered), width)):
        yield from map(frozenset, combinations(ordered, size))


def _listed(keys: Sequence[IndexKey]) -> str:
    return ", ".join(key.term for key in keys)
