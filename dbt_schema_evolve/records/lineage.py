"""What flows into what, and to whom.

Edges are named tuples: there may be hundreds of thousands, and these sort, load and are collected
several times faster than instances.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip, UseKind


class EdgeKind(StrEnum):
    """What happens to a column's values on the way; of several steps the last of these counts."""

    IDENTITY = "identity"
    RENAME = "rename"
    CAST = "cast"
    EXPRESSION = "expression"
    AGGREGATE = "aggregate"
    WINDOW = "window"


class IndirectKind(StrEnum):
    """How a column decides about rows without its values reaching them."""

    FILTER = "filter"
    JOIN = "join"
    GROUP = "group"
    ORDER = "order"
    WINDOW = "window"  # what a window is partitioned or ordered by


class Origin(StrEnum):
    """Who says that an edge is there."""

    SQL = "sql"  # worked out from a statement
    REPORTED = "reported"  # an OpenLineage event says so
    BOTH = "both"


class Detail(StrEnum):
    """How much is known of the edges into a node."""

    COLUMNS = "columns"
    STALE = "stale"  # the columns' edges are those of an earlier state
    RELATIONS = "relations"  # relations only: a Python model, or SQL that is not understood


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A vertex: a dbt node, a relation that dbt does not know, or a data set outside."""

    id: str  # dbt's unique id; `relation.<schema>.<name>`; `dataset.<namespace>.<name>`
    kind: str  # source, seed, snapshot, model, relation, dataset
    name: str
    relation: RelationName | None = None
    columns: tuple[Column, ...] = ()  # in order
    has_inferred_columns: bool = False  # nobody told us of its columns, but statements read them
    detail: Detail = Detail.COLUMNS
    materialized: str = ""  # as dbt says; empty: not a thing that dbt builds
    code_digest: str = ""  # of its file's code, layout and comments aside; empty: not known


class RelationEdge(NamedTuple):
    """Rows of `source` reach `target`."""

    source: str
    target: str
    origin: Origin = Origin.SQL


class ColumnEdge(NamedTuple):
    """Values of one column reach another."""

    source: str
    source_column: str
    target: str
    target_column: str
    kind: EdgeKind
    expression: str = ""  # SQL that makes the target column; empty where it is only passed on
    origin: Origin = Origin.SQL


class IndirectEdge(NamedTuple):
    """A column decides which rows of a node there are, how they are grouped or ordered."""

    source: str
    source_column: str
    target: str
    kind: IndirectKind
    origin: Origin = Origin.SQL


@dataclass(frozen=True, slots=True)
class NodeLineage:
    """Everything that the statement behind one node says of it; edges sorted, `*` spelled out."""

    node: str
    columns: tuple[str, ...]  # of the result, in order
    reads: tuple[str, ...]  # nodes
    column_edges: tuple[ColumnEdge, ...]
    indirect_edges: tuple[IndirectEdge, ...]
    doubts: tuple[str, ...] = ()  # why single columns have no edges


@dataclass(frozen=True, slots=True, order=True)
class NodeUse:
    """How a query uses a column of a node, views taken as written."""

    node: str
    column: str
    kind: UseKind


@dataclass(frozen=True, slots=True)
class LineageQuery:
    """A fingerprint as a vertex: what it reads, how often it ran and for how long."""

    fingerprint: str
    label: str  # its text in one line, without literals
    reads: frozenset[str]  # node ids
    uses: tuple[NodeUse, ...]
    writes: str | None = None  # a node id
    issued_by: str | None = None  # the dbt node that sent it
    roles: frozenset[str] = frozenset()
    calls: int = 0
    total_us: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """Who reads: an exposure, an application, an API route or a database role."""

    id: str
    kind: str  # dashboard, application, notebook, ..., route, role
    name: str
    owner: str = ""
    reads: frozenset[str] = frozenset()  # node ids
    fingerprints: frozenset[str] = frozenset()
    calls: int = 0
    total_us: int = 0  # how long it waited
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class EtlJob:
    """A job that reports what it reads and writes: a task of Airflow's, an action of Spark's."""

    id: str  # `job.<namespace>.<name>`
    name: str
    producer: str  # a URI
    reads: frozenset[str]  # node ids
    writes: frozenset[str]
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, order=True)
class Conflict:
    """Where the SQL and an event contradict each other: both are shown, none is believed more."""

    target: str
    target_column: str  # empty: about the whole node
    sql_says: str
    event_says: str
    producer: str  # who sent the event, and when


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """Nodes by id, edges by target; and what could not be resolved, with the reason."""

    nodes: tuple[LineageNode, ...]
    relation_edges: tuple[RelationEdge, ...]
    column_edges: tuple[ColumnEdge, ...]
    indirect_edges: tuple[IndirectEdge, ...] = ()
    queries: tuple[LineageQuery, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    jobs: tuple[EtlJob, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    skips: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """When something was first and last found to be there."""

    first: datetime
    last: datetime
