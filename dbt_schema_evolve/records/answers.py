"""What the lineage graph answers: records that text, JSON and diagrams are made from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from dbt_schema_evolve.records.lineage import Conflict, Consumer, Detail, Seen
from dbt_schema_evolve.records.lineage_states import ColumnType
from dbt_schema_evolve.records.workload import Skip


class Place(NamedTuple):
    """A node, or one of its columns, under the name that people know it by."""

    name: str
    column: str  # empty: the node
    kind: str
    node: str  # the node's id

    def __str__(self) -> str:
        """The name for people; a column's behind its node's."""
        return f"{self.name}.{self.column}" if self.column else self.name


class Hop(NamedTuple):
    """One edge of an answer."""

    source: Place
    target: Place
    kind: str  # of a column edge or an indirect edge; `rows` between nodes
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """How long, and how well, the queries of a warehouse were watched."""

    first: datetime | None = None  # of the captures
    last: datetime | None = None
    partial_captures: int = 0  # that could not see the statements of every role
    unread: tuple[Skip, ...] = ()  # statements whose columns are not known

    @property
    def days(self) -> float:
        """How long the history is; zero where one look is all there is."""
        if self.first is None or self.last is None:
            return 0.0
        return (self.last - self.first).total_seconds() / 86_400


class Reached(NamedTuple):
    """A place, and the number of edges to the nearest start."""

    place: Place
    distance: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What lies upstream or downstream of some places, and by which edges."""

    direction: str  # upstream, downstream
    starts: tuple[Place, ...]
    places: tuple[Reached, ...]  # nearest first, the starts among them
    edges: tuple[Hop, ...]
    consumers: tuple[Consumer, ...] = ()  # downstream of nodes: who reads them


class Effect(StrEnum):
    """What a change of a column does to what is made from it."""

    VALUES = "values"  # other values
    ROWS = "rows"  # other rows, or rows grouped or ordered otherwise


@dataclass(frozen=True, slots=True)
class AffectedColumn:
    """A column that values of the changed one reach."""

    place: Place
    kind: str  # the strongest step on a shortest way
    distance: int


UNKNOWN = "unknown"
"""What a node that cannot be looked into does with the columns of what it reads."""


@dataclass(frozen=True, slots=True)
class AffectedRows:
    """A node whose rows the changed column decides about, itself or through what it reads."""

    place: Place
    kinds: tuple[str, ...]  # filter, join, ..., `UNKNOWN`; empty: only through what it reads
    columns: tuple[Place, ...]  # that decide here
    distance: int


@dataclass(frozen=True, slots=True)
class AffectedQuery:
    """A query that reads what changes."""

    fingerprint: str
    label: str
    effect: Effect
    columns: tuple[Place, ...]  # affected ones that it uses
    calls: int
    calls_per_day: float | None  # None: the history is too short to say
    total_us: int
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class AffectedConsumer:
    """Somebody who would notice; the figures are those of the affected queries."""

    id: str
    kind: str
    name: str
    owner: str
    effect: Effect
    is_declared: bool  # an exposure: it names nodes, so whether it uses the column is not known
    calls: int
    calls_per_day: float | None
    total_us: int
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Impact:
    """Who notices that a column or node changes or goes away."""

    place: Place
    columns: tuple[AffectedColumn, ...]
    rows: tuple[AffectedRows, ...]
    queries: tuple[AffectedQuery, ...]
    consumers: tuple[AffectedConsumer, ...]
    tests: tuple[str, ...]  # dbt's tests that were seen to read an affected column
    watch: Watch


@dataclass(frozen=True, slots=True)
class UnusedNode:
    """A node that dbt builds and nobody reads."""

    place: Place
    feeds: tuple[Place, ...]  # what is made from it, unused too
    last_read: datetime | None  # itself or what is made from it; None: never while watched
    median_us: int | None  # of a build
    is_tested: bool  # dbt's own tests read it


@dataclass(frozen=True, slots=True)
class UnusedColumn:
    """A column of a node in use that nobody reads."""

    place: Place
    last_read: datetime | None
    is_tested: bool
    in_whole_rows: bool  # queries that take every column of its node do read it


@dataclass(frozen=True, slots=True)
class Unused:
    """What nobody has read for some days up to the last capture."""

    days: float
    since: datetime | None
    nodes: tuple[UnusedNode, ...]
    columns: tuple[UnusedColumn, ...]
    doubts: tuple[str, ...]  # why something here may be in use all the same
    watch: Watch


@dataclass(frozen=True, slots=True)
class Paths:
    """The shortest ways from one place to another."""

    start: Place
    end: Place
    effect: Effect | None  # what arrives: values, or a say about rows; None: nothing does
    count: int  # of shortest ways
    paths: tuple[tuple[Hop, ...], ...]  # the first of them
    other_way: bool  # whether the end leads to the start instead
    nodes_only: bool  # nothing known leads from column to column, but rows of the nodes do arrive


@dataclass(frozen=True, slots=True)
class TimedNode:
    """A node of the build with its place in time, if there were threads for all."""

    place: Place
    measured_us: int | None  # None: never seen to be built
    starts_us: int  # at the earliest
    slack_us: int  # how much longer it may take before the whole does
    is_built: bool = True  # False: an ephemeral model, built inside others


@dataclass(frozen=True, slots=True)
class CriticalPath:
    """The chain of builds that no number of threads can shorten."""

    path: tuple[Place, ...]
    nodes: tuple[TimedNode, ...]  # all that were asked for, in the order in which they can start
    length_us: int
    total_us: int

    @property
    def threads(self) -> int:
        """How many threads, at most, can be busy on average."""
        return max(1, -(-self.total_us // self.length_us)) if self.length_us else 1


@dataclass(frozen=True, slots=True)
class ColumnView:
    """One column of a node, and where its values come from."""

    name: str
    type: str
    made_from: tuple[Hop, ...]
    is_read: bool  # by a query of somebody else than dbt


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a node or column directly; the figures are those of the queries that do."""

    name: str
    kind: str
    owner: str
    calls: int
    last_seen: datetime | None
    is_declared: bool


@dataclass(frozen=True, slots=True)
class Past:
    """What the states of the graph say of a node or column."""

    seen: Seen | None  # None: no state holds it
    types: tuple[ColumnType, ...]  # of a column, oldest first


@dataclass(frozen=True, slots=True)
class NodeView:
    """What a node or column is made from, what decides about its rows, and who reads it."""

    place: Place
    relation: str
    detail: Detail
    has_inferred_columns: bool
    columns: tuple[ColumnView, ...]
    decided_by: tuple[Hop, ...]
    upstream: tuple[Place, ...]  # one step
    downstream: tuple[Place, ...]  # one step
    readers: tuple[Reader, ...]
    readers_beyond: int  # of what is made from it
    conflicts: tuple[Conflict, ...]
    skips: tuple[Skip, ...]
    past: Past | None = None  # None: not looked at


@dataclass(frozen=True, slots=True)
class ConsumerQuery:
    """One query of a consumer, and the columns that it uses."""

    fingerprint: str
    label: str
    calls: int  # by everybody who sends it
    total_us: int
    last_seen: datetime | None
    columns: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class ConsumerView:
    """What a dashboard, application, route or role asks, how often, and how long it waits."""

    consumer: Consumer
    reads: tuple[Place, ...]  # nodes
    queries: tuple[ConsumerQuery, ...]


def places(found: Iterable[Place]) -> str:
    """Return places in one line."""
    return ", ".join(map(str, found))
