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


def column_groups(row: ColumnStatistics, rows: float) -> tuple[Group, ...]:
    """Return the groups of one column: null, each common value, and all others."""
    distinct = row.n_distinct if row.n_distinct >= 0 else -row.n_distinct * rows
    common = [Group(share, 1.0) for share in row.most_common_frequencies or ()]
    nulls = [Group(row.null_fraction, 1.0)] if row.null_fraction else []
    rest = 1 - sum(group.share for group in (*common, *nulls))
    others = max(distinct - len(common), 1.0)
    # Frequencies are rounded, so a remainder of nothing can look like a little.
    remainder = [Group(rest, min(others, max(rest * rows, 1.0)))] if rest > 1e-6 else []
    return (*nulls, *common, *remainder)


def combined_groups(columns: Sequence[Sequence[Group]], rows: float) -> tuple[Group, ...]:
    """Return the groups of several columns together, taken as independent of each other.

    Columns that move together form fewer groups, so an index on them comes out smaller.
    """
    combined: Sequence[Group] = (Group(1.0, 1.0),)
    for groups in columns:
        pairs = [
            Group(one.share * other.share, one.distinct * other.distinct)
            for one in combined
            for other in groups
        ]
        combined = _fewer(pairs)
    return tuple(Group(group.share, _met(group, rows)) for group in combined if group.share)


def _fewer(groups: Sequence[Group]) -> Sequence[Group]:
    largest = heapq.nlargest(_MOST, groups, key=lambda group: (group.share, -group.distinct))
    share = sum(group.share for group in groups) - sum(group.share for group in largest)
    distinct = sum(group.distinct for group in groups) - sum(group.distinct for group in largest)
    return [*largest, Group(share, distinct)] if share > 1e-9 and distinct > 0 else largest


def _met(group: Group, rows: float) -> float:
    """Of P possible keys, n rows drawn at random meet P (1 - e^(-n/P))."""
    drawn = group.share * rows
    return max(min(-math.expm1(-drawn / group.distinct) * group.distinct, drawn), 1.0)
