"""How unevenly the values of a column are spread, and where that goes."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import isfinite

import numpy as np

from dbt_schema_evolve.features.lines import theil_sen
from dbt_schema_evolve.features.timeline import Floats, days_of, known
from dbt_schema_evolve.records.profiles import ColumnProfile
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.records.workload import ColumnUse, UseKind

_MAX_DAYS = 60.0  # older drift says little about the next month, like older growth
# What a skewed column makes slow: rows are found by its values, or brought together by them.
_DECIDES = frozenset(
    {UseKind.EQUALITY, UseKind.ONE_OF, UseKind.FILTER, UseKind.JOIN, UseKind.GROUP}
)


@dataclass(frozen=True, slots=True)
class Skew:
    """The most frequent value of a column."""

    column: ColumnName
    top_value_ratio: float  # its share of the rows
    ratio_per_day: float | None  # None: it was looked at once


def deciding(uses: Iterable[ColumnUse]) -> frozenset[ColumnName]:
    """Return the columns by which a query finds rows, or brings them together."""
    return frozenset(use.column for use in uses if use.kind in _DECIDES and not use.expression)


class Shares:
    """The shares of most frequent values, over all times."""

    def __init__(self, profiles: Iterable[ColumnProfile]) -> None:
        """Take profiles in any order."""
        held: dict[ColumnName, dict[float, float]] = defaultdict(dict)
        for profile in profiles:
            ratio = profile.top_value_ratio
            if ratio is not None and isfinite(ratio):
                by_time = held[ColumnName(profile.relation, profile.column)]
                at = days_of(profile.captured_at)
                by_time[at] = max(min(max(ratio, 0.0), 1.0), by_time.get(at, 0.0))
        self._series: Mapping[ColumnName, tuple[Floats, Floats]] = {
            column: (np.array(sorted(by_time)), np.array([by_time[at] for at in sorted(by_time)]))
            for column, by_time in held.items()
        }

    def at(self, cutoff: float) -> "KnownShares":
        """Return what is known of them at a cut-off."""
        return KnownShares(self._series, cutoff)


class KnownShares:
    """The shares of most frequent values, as far as they are known at one cut-off."""

    def __init__(self, series: Mapping[ColumnName, tuple[Floats, Floats]], cutoff: float) -> None:
        """Take series of all times."""
        self._series = series
        self._cutoff = cutoff
        self._of = cache(self._skew)

    def worst(self, uses: Collection[ColumnUse]) -> Skew | None:
        """Return the most skewed of the columns that decide about a query's rows."""
        found = [skew for column in deciding(uses) if (skew := self._of(column)) is not None]
        return max(found, key=_rank, default=None)

    def _skew(self, column: ColumnName) -> Skew | None:
        if column not in self._series:
            return None
        days, ratios = self._series[column]
        count = known(days, self._cutoff)
        if not count:
            return None
        since = int(days.searchsorted(self._cutoff - _MAX_DAYS))
        slope = None
        if count - since > 1:
            slope, _ = theil_sen(days[since:count], ratios[since:count])
        return Skew(column, float(ratios[count - 1]), slope)


def _rank(skew: Skew) -> tuple[float, float, ColumnName]:
    """Whatever is going to be the largest share in a week, so that a small rising one counts."""
    in_a_week = skew.top_value_ratio + 7 * (skew.ratio_per_day or 0.0)
    return in_a_week, skew.top_value_ratio, skew.column
