"""How rows fall into groups of equal keys, which a btree stores once each."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

from dbt_schema_evolve.records.catalog import ColumnStatistics

_MOST = 200  # groups kept apart; smaller ones are taken together


@dataclass(frozen=True, slots=True)
class Group:
    """Some distinct keys that share rows evenly among them."""

    share: float  # of all rows
    distinct: float  # how many keys; a fraction where that is an estimate


def distinct_values(row: ColumnStatistics, rows: float) -> float:
    """Return how many values a column of so many rows has."""
    return row.n_distinct if row.n_distinct >= 0 else -row.n_distinct * rows


def column_groups(row: ColumnStatistics, rows: float) -> tuple[Group, ...]:
    """Return the groups of one column: null, each common value, and all others."""
    distinct = distinct_values(row, rows)
    common = [Group(share, 1.0) for share in row.most_common_frequencies or ()]
    nulls = [Group(row.null_fraction, 1.0)] if row.null_fraction else []
    rest = 1 - sum(group.share for group in (*common, *nulls))
    others = max(distinct - len(common), 1.0)
    # Frequencies are rounded, so a remainder of nothing can look like a little.
    remainder = [Group(rest, min(others, max(rest * rows, 1.0)))] if rest > 1e-6 else []
    return (*nulls, *common, *remainder)


def without_nulls(row: ColumnStatistics, rows: float) -> tuple[Group, ...]:
    """Return the groups of the values alone, with their shares of the rows that have one."""
    present = 1 - row.null_fraction
    groups = column_groups(row, rows)[1 if row.null_fraction else 0 :]
    return tuple(Group(group.share / present, group.distinct) for group in groups if present)


def combined_groups(
    columns: Sequence[Sequence[Group]], pairs: Sequence[float], rows: float
) -> Sequence[Group]:
    """Return the groups of several columns together.

    `pairs` says of each column but the first how many of the pairs with the columns before it
    are possible: 1 where they are independent.
    """
    combined = columns[0]
    for groups, share in zip(columns[1:], pairs, strict=True):
        if share < 1:
            combined = _dependent(combined, groups, share)
        else:
            combined = _fewer(_independent(combined, groups))
    met = tuple(Group(group.share, _met(group, rows)) for group in combined if group.share)
    # Together they are never less distinct than one of them alone.
    return max(met, *columns, key=_distinct)


def known_groups(columns: Sequence[Sequence[Group]], distinct: float) -> tuple[Group, ...]:
    """Return the groups of several columns that together are known to form so many."""
    leading = max(columns, key=_distinct)
    ratio = max(1.0, distinct / _distinct(leading))
    return tuple(Group(group.share, group.distinct * ratio) for group in leading)


def _independent(one: Sequence[Group], other: Sequence[Group]) -> Sequence[Group]:
    return [Group(a.share * b.share, a.distinct * b.distinct) for a in one for b in other]


def _dependent(one: Sequence[Group], other: Sequence[Group], share: float) -> Sequence[Group]:
    """Each value of the column with more of them meets a few of the other's.

    Rows are spread as that column spreads them. Where two sequences run side by side, each
    step of either is a new pair.
    """
    fewer, more = sorted((one, other), key=_distinct)
    ratio = max(share * _distinct(fewer), 1 + _distinct(fewer) / _distinct(more))
    ratio = min(ratio, _distinct(fewer))
    return [Group(group.share, group.distinct * ratio) for group in more]


def _distinct(groups: Sequence[Group]) -> float:
    return sum(group.distinct for group in groups)


def _fewer(groups: Sequence[Group]) -> Sequence[Group]:
    largest = heapq.nlargest(_MOST, groups, key=lambda group: (group.share, -group.distinct))
    share = sum(group.share for group in groups) - sum(group.share for group in largest)
    distinct = _distinct(groups) - _distinct(largest)
    return [*largest, Group(share, distinct)] if share > 1e-9 and distinct > 0 else largest


def _met(group: Group, rows: float) -> float:
    """Of P possible keys, n rows drawn at random meet P (1 - e^(-n/P))."""
    drawn = group.share * rows
    return max(min(-math.expm1(-drawn / group.distinct) * group.distinct, drawn), 1.0)
