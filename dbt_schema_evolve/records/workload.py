"""Queries, how often they ran, and how they use columns."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dbt_schema_evolve.records.relations import ColumnName, RelationName


@dataclass(frozen=True, slots=True)
class StatementSnapshot:
    """One row of pg_stat_statements at one instant; the counters only grow until a reset."""

    capture_id: str
    captured_at: datetime
    queryid: int
    role: str
    text: str  # as Postgres keeps it: constants are `$1`, comments may be there
    calls: int
    total_us: int
    rows: int
    shared_blocks: int  # hit or read
    temp_blocks: int
    stats_since: datetime | None = None  # Postgres 17 and later
    toplevel: bool = True  # False: run inside a function


@dataclass(frozen=True, slots=True)
class QueryStat:
    """What one fingerprint did for one role between two captures."""

    fingerprint: str
    role: str
    window_start: datetime
    window_end: datetime
    calls: int
    total_us: int
    rows: int
    shared_blocks: int
    temp_blocks: int

    @property
    def mean_us(self) -> float:
        """Mean time of a call in microseconds."""
        return self.total_us / self.calls


@dataclass(frozen=True, slots=True)
class Sender:
    """How often somebody sent a statement, as far as one witness saw it."""

    witness: str  # log, dbt, trace; pg_stat_statements knows the first sender only, and no number
    role: str
    tags: frozenset[tuple[str, str]]
    calls: int = 0
    total_us: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A query without its literals, and where it came from."""

    fingerprint: str
    text: str  # one text that has this fingerprint
    roles: frozenset[str]
    tags: frozenset[tuple[str, str]] = frozenset()  # sqlcommenter and BI tool tags
    node_id: str | None = None  # the dbt node that issued it, where that is known
    senders: tuple[Sender, ...] = ()  # where logs, dbt or traces tell them apart


class UseKind(StrEnum):
    """What a query does with a column."""

    EQUALITY = "equality"  # = constant, IS NULL
    ONE_OF = "one_of"  # IN list, = ANY (array)
    RANGE = "range"  # < <= > >= BETWEEN
    PREFIX = "prefix"  # LIKE 'prefix%'
    PATTERN = "pattern"  # LIKE '%inside%', ILIKE, regular expressions: what trigrams serve
    CONTAINMENT = "containment"  # @> <@ ? ?| ?& && @@ on arrays, jsonb, ranges, text search
    FILTER = "filter"  # any other predicate
    JOIN = "join"
    GROUP = "group"
    ORDER = "order"
    OUTPUT = "output"  # needed to compute the result


@dataclass(frozen=True, slots=True, order=True)
class ColumnUse:
    """How one query uses one column of one stored relation, views expanded."""

    column: ColumnName
    kind: UseKind
    position: int = 0  # within ORDER BY or GROUP BY
    descending: bool = False
    constant: str = ""  # SQL of the constant a predicate compares with, where it is a literal
    # What is compared where it is not the column itself, in SQL over the relation's own columns:
    # `lower("email")`; each column in it has a use of its own with the same text.
    expression: str = ""
    operator: str = ""  # of a pattern or a containment: `~~*`, `@>`


@dataclass(frozen=True, slots=True)
class QueryUses:
    """Everything lineage knows about one query."""

    fingerprint: str
    reads: frozenset[RelationName]  # as written
    writes: RelationName | None
    base_relations: frozenset[RelationName]  # stored relations behind the views it reads
    views: frozenset[RelationName]  # views it executes, directly or through others
    uses: frozenset[ColumnUse]
    written_uses: frozenset[ColumnUse] = frozenset()  # the same, views not looked through
    outputs: tuple[tuple[str, frozenset[ColumnName]], ...] = ()  # result column -> where from


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that was left out, and why: doubt is returned, not raised."""

    subject: str
    reason: str
