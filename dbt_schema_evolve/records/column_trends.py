"""How columns have moved: how fast keys grow, what would hold them, what one value takes over."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dbt_schema_evolve.records.profiles import SequenceState
from dbt_schema_evolve.records.relations import ColumnName


@dataclass(frozen=True, slots=True)
class Span:
    """Days from now until something happens, as far as a straight line can tell."""

    days: float
    earliest_days: float  # by the upper end of the 90 % interval of the slope
    latest_days: float | None  # by the lower end; None: perhaps never


@dataclass(frozen=True, slots=True)
class Slope:
    """A straight line of late through a column's history, with its 90 % interval."""

    per_day: float
    low_per_day: float
    high_per_day: float
    days: float  # length of the stretch that it goes through
    points: int
    age_days: float = 0.0  # since the last of these points

    def until(self, gap: float) -> Span | None:
        """Return when the last value will have risen by a gap; None: not if this goes on."""
        if self.per_day <= 0:
            return None

        def days_at(pace: float) -> float:
            return max(gap / pace - self.age_days, 0.0)

        return Span(
            days_at(self.per_day),
            days_at(self.high_per_day),
            days_at(self.low_per_day) if self.low_per_day > 0 else None,
        )


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the rows: now, and where it goes."""

    ratio: float
    slope: Slope | None  # None: too little history

    @property
    def is_rising(self) -> bool:
        """Whether it rises beyond what chance explains."""
        return self.slope is not None and self.slope.low_per_day > 0


@dataclass(frozen=True, slots=True)
class NarrowerType:
    """A smaller type that would have held every value of a column."""

    type: str
    limit: int  # its greatest number
    days: float  # for which no value that was looked at exceeded it
    looks: int  # in these days
    is_exact: bool  # all values were looked at each time, not samples
    until: Span | None  # when growth reaches the limit; None: not foreseeable, or not growing
    # Days until the limit at the least: at the steepest pace that growth or, of other columns than
    # keys, the magnitudes allow. None: a key's pace is not known.
    at_least_days: float | None = None


@dataclass(frozen=True, slots=True)
class ColumnTrend:
    """Everything that the history of one column's profiles says."""

    column: ColumnName
    type: str
    days: float  # from its first profile to now
    points: int
    number_limit: int | None = None  # the greatest whole number that the type holds; None: any
    length_limit: int | None = None  # how many characters it holds; None: any, or it is no text
    highest: int | None = None  # of keys, when last seen
    is_exact: bool = False
    growth: Slope | None = None  # of the highest value
    sequence: SequenceState | None = None
    sequence_growth: Slope | None = None
    greatest_length: int | None = None
    length_growth: Slope | None = None
    narrower: tuple[NarrowerType, ...] = ()  # the smallest first
    top_share: Share | None = None  # of the commonest value
    null_share: Share | None = None
    references: ColumnName | None = None


class AlarmKind(StrEnum):
    """What will be full."""

    KEY = "key"  # the type of a column that holds keys
    SEQUENCE = "sequence"  # what feeds it
    LENGTH = "length"  # a text of limited length


@dataclass(frozen=True, slots=True)
class Alarm:
    """A column that the next rows will not fit into."""

    kind: AlarmKind
    column: ColumnName
    type: str
    made_at: datetime
    value: int  # the highest now: a number, or a length
    limit: int
    growth: Slope | None  # None: it is nearly full, and how fast it fills is not known yet
    until: Span | None
    is_exact: bool  # False: out of a sample; the true value may be higher
    values_of: ColumnName  # whose values were watched; the column itself, or what it is made from
    affected: tuple[ColumnName, ...] = ()  # columns with the same values and the same limit


@dataclass(frozen=True, slots=True)
class WatchedColumns:
    """What the history of columns says, as far as advice can follow from it."""

    trends: tuple[ColumnTrend, ...] = ()  # sorted by column
    alarms: tuple[Alarm, ...] = ()  # the soonest first
    calculated: frozenset[ColumnName] = frozenset()  # expressions are made of their values
    aggregated: frozenset[ColumnName] = frozenset()  # sums, averages, windows are


NOTHING_WATCHED = WatchedColumns()
