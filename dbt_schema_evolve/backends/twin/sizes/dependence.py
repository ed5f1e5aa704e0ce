"""Which pairs of two columns' values can occur at all, by what single columns' statistics show.

Statistics of single columns do not say how columns hang together, and taken as independent two
dates of one order would form thirty times the pairs that they do. Three things give it away:

- Both follow the physical order: rows that lie together have values that lie together.
- Both are dates of the same years with the same distribution: they are moments of one event's
  life, as an order's shipping and receipt are, and their distance is that of their quantiles.
- Another table has a unique key on two columns of the same domains, and far fewer rows: they are
  its foreign key, declared or not.

Where nothing speaks for a dependence there is none: on TPC-H that is right for all other pairs
(benchmarks/index_sizes.py). The planner's own guess, a tenth of the rows, is right for few.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from statistics import median

from dbt_schema_evolve.backends.twin.sizes.groups import distinct_values
from dbt_schema_evolve.records.catalog import ColumnStatistics

_MICROSECONDS_PER_DAY = 86_400_000_000
_QUANTILES = 10
_SAME_DOMAIN = 0.1  # ANALYZE's distinct counts and ends are off by a few percent
_INTEGERS = frozenset({"smallint", "integer", "bigint"})
_DATES = ("date", "timestamp")


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """A column with what is known of it, and its type as `format_type` spells it."""

    statistics: ColumnStatistics
    type: str
    rows: float  # of its table

    @property
    def distinct(self) -> float:
        """How many values it has."""
        return distinct_values(self.statistics, self.rows)


@dataclass(frozen=True, slots=True)
class UniquePair:
    """Two columns of a table of which no two rows agree in both."""

    one: TypedColumn
    other: TypedColumn


def with_values_of_unique_key(column: TypedColumn, partner: TypedColumn) -> TypedColumn:
    """Return the column with at least as many values as a unique key of the two asks for.

    ANALYZE counts far too few values where equal ones lie together. But a value of the partner
    occurs at most once with each of the column's: so there are as many of them as the partner's
    most common value has rows, and all pairs are as many as the rows.
    """
    if column.statistics.null_fraction or partner.statistics.null_fraction or not partner.distinct:
        return column
    commonest = max(partner.statistics.most_common_frequencies or (0.0,))
    least = column.rows * max(commonest, 1 / partner.distinct)
    if column.distinct >= least:
        return column
    return replace(column, statistics=replace(column.statistics, n_distinct=least))


def share_of_pairs(one: TypedColumn, other: TypedColumn, unique: Iterable[UniquePair]) -> float:
    """Return how many of the pairs that the values could form are met, of rows without end."""
    return min(
        _by_physical_order(one.statistics, other.statistics),
        _by_moments(one, other),
        *(_by_foreign_key(one, other, pair) for pair in unique),
    )


def _by_physical_order(one: ColumnStatistics, other: ColumnStatistics) -> float:
    """Of ranks that correlate by r, each meets a band of the other's as wide as this.

    A band of width w around the diagonal has a variance of w²/12 about it, and the ranks have
    one of 1/12: so r² is 1 / (1 + w²), or nearly 1 - w². Both hang on the physical order alone,
    so their correlations with it multiply.
    """
    together = (one.correlation or 0.0) * (other.correlation or 0.0)
    return math.sqrt(max(0.0, 1 - together * together))


def _by_moments(one: TypedColumn, other: TypedColumn) -> float:
    ours, theirs = _quantiles(one), _quantiles(other)
    if not ours or not theirs:
        return 1.0
    shifts = [late - early for early, late in zip(ours, theirs, strict=True)]
    first, last = shifts[0], shifts[-1]
    if first * last >= 0:
        # One is the later all along, by a delay between nothing and twice its median.
        spread = max(abs(last - first), 2 * abs(median(shifts)))
    else:
        # One starts earlier and ends later: both vary about a moment that we do not see. The
        # narrower is taken to vary half as much, so that their difference is a third of the sum.
        spread = 3 * abs(last - first)
    spread = max(spread, *(abs(shift) for shift in shifts))
    span = max(ours[-1] - ours[0], theirs[-1] - theirs[0])
    return min(1.0, spread / span) if span else 1.0


def _by_foreign_key(one: TypedColumn, other: TypedColumn, unique: UniquePair) -> float:
    possible = one.distinct * other.distinct
    if _same_domain(one, unique.one) and _same_domain(other, unique.other) and possible:
        return min(1.0, unique.one.rows / possible)
    return 1.0


def _same_domain(one: TypedColumn, other: TypedColumn) -> bool:
    if one.type != other.type or one.type not in _INTEGERS:
        return False
    ours, theirs = one.statistics.histogram_bounds, other.statistics.histogram_bounds
    if not ours or not theirs:
        return False
    span = int(theirs[-1]) - int(theirs[0])
    return all(
        abs(int(a) - int(b)) <= _SAME_DOMAIN * span
        for a, b in ((ours[0], theirs[0]), (ours[-1], theirs[-1]))
    ) and math.isclose(one.distinct, other.distinct, rel_tol=_SAME_DOMAIN)


def _quantiles(column: TypedColumn) -> Sequence[float]:
    """The ends and what lies between, in days; empty where the column is no moment."""
    bounds = column.statistics.histogram_bounds
    if not bounds or len(bounds) < 2 or not column.type.startswith(_DATES):
        return ()
    try:
        return [
            _days(bounds[round(n * (len(bounds) - 1) / _QUANTILES)]) for n in range(_QUANTILES + 1)
        ]
    except ValueError:  # infinity, or a year that no calendar here knows
        return ()


def _days(text: str) -> float:
    if len(text) <= len("2024-01-01"):
        return float(date.fromisoformat(text).toordinal())
    moment = datetime.fromisoformat(text)
    midnight = datetime.combine(moment.date(), datetime.min.time(), moment.tzinfo)
    past = (moment - midnight).total_seconds() * 1e6
    return moment.toordinal() + past / _MICROSECONDS_PER_DAY
