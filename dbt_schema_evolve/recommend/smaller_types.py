"""Which smaller integer types a column may have, and which it must not, whatever it holds."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isinf

from dbt_schema_evolve.recommend.access import all_queries
from dbt_schema_evolve.records.column_trends import ColumnTrend, NarrowerType
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.relations import ColumnName

# A quarter: what happens at its end is in it. Alarms look as far back.
MIN_DAYS = 90.0

# A look a week, or the months between two looks say nothing of what was in them.
MAX_DAYS_A_LOOK = 7.0

# A type that has to be changed again within the life of a warehouse was no saving.
MIN_HEADROOM_DAYS = 10 * 365.0

_YEAR = 365.0
_MANY_YEARS = 1_000  # more digits say nothing
_ORDER = ("smallint", "integer", "bigint")


@dataclass(frozen=True, slots=True)
class Bonds:
    """What binds columns to their types: foreign keys, and who calculates with them."""

    trends: Mapping[ColumnName, ColumnTrend]
    referring: Mapping[ColumnName, tuple[ColumnName, ...]]
    calculated: frozenset[ColumnName]
    aggregated: frozenset[ColumnName]

    @classmethod
    def of(cls, evidence: Evidence) -> "Bonds":
        """Index what is known of all columns."""
        watched = evidence.watched
        known = {trend.column: trend for trend in watched.trends}
        referring: defaultdict[ColumnName, list[ColumnName]] = defaultdict(list)
        for trend in known.values():
            if trend.references is not None:
                referring[trend.references].append(trend.column)
        compared = {
            use.column
            for query in all_queries(evidence)
            for use in query.uses.uses
            if use.expression
        }
        return cls(
            known,
            {name: tuple(sorted(found)) for name, found in referring.items()},
            watched.calculated | compared,
            watched.aggregated,
        )

    def widest(self, trend: ColumnTrend) -> int:
        """Return the place of the widest type beyond a foreign key; what is unknown is wide."""
        others = self.referring.get(trend.column, ())
        if trend.references is not None:
            others = (*others, trend.references)
        types = [self.trends[name].type if name in self.trends else "" for name in others]
        return max((_place(kind) for kind in types), default=-1)

    def has_results(self, trend: ColumnTrend) -> bool:
        """Tell whether values are computed from a column that would have another type with it."""
        if trend.column in self.calculated:
            return True
        # Of keys, which have a highest value, nobody takes the sum; of others a sum of bigint is
        # numeric, and one of integers is bigint.
        is_summed = trend.type == "bigint" and trend.highest is None
        return is_summed and trend.column in self.aggregated


def smaller_types(bonds: Bonds, column: ColumnName) -> tuple[NarrowerType, ...]:
    """Return the types that would do for years, the smallest first."""
    trend = bonds.trends.get(column)
    if trend is None or trend.type not in _ORDER or bonds.has_results(trend):
        return ()
    widest = bonds.widest(trend)
    return tuple(
        narrower
        for narrower in trend.narrower
        if _place(narrower.type) >= widest
        and narrower.days >= MIN_DAYS
        and narrower.looks * MAX_DAYS_A_LOOK >= narrower.days
        and (narrower.at_least_days or 0.0) >= MIN_HEADROOM_DAYS
        and _sequence_fits(trend, narrower.limit)
    )


def sentence(column: str, narrower: NarrowerType) -> str:
    """Return what speaks for a smaller type."""
    seen = "looks" if narrower.is_exact else "samples"
    pace = "at its pace" if narrower.is_exact else "at the steepest pace that they allow"
    years = (narrower.at_least_days or 0.0) / _YEAR
    if isinf(years):
        ahead = "it does not grow"
    elif years >= _MANY_YEARS:
        ahead = f"{pace} none will for {_MANY_YEARS:,} years and more"
    else:
        ahead = f"{pace} none will for {floor(years):,} years"
    return (
        f"for {narrower.days:.0f} days no value of `{column}` has exceeded {narrower.limit:,} in "
        f"{narrower.looks:,} {seen}, and {ahead}"
    )


def _sequence_fits(trend: ColumnTrend, limit: int) -> bool:
    """Tell whether the numbers to come fit as well; a sequence may be ahead of its column."""
    if trend.sequence is None:
        return True
    value, growth = trend.sequence.value, trend.sequence_growth
    if value is None or growth is None:
        return False
    until = growth.until(limit - value)
    return value <= limit and (until is None or until.earliest_days >= MIN_HEADROOM_DAYS)


def _place(type_name: str) -> int:
    return _ORDER.index(type_name) if type_name in _ORDER else len(_ORDER)
