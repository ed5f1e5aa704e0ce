"""What flows into what, and to whom."""

from dataclasses import dataclass
from enum import StrEnum

from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Skip


class EdgeKind(StrEnum):
    """What happens to a column's values on the way."""

    IDENTITY = "identity"
    RENAME = "rename"
    CAST = "cast"
    EXPRESSION = "expression"
    AGGREGATE = "aggregate"
    WINDOW = "window"


@dataclass(frozen=True, slots=True, order=True)
class LineageNode:
    """A vertex: a dbt node, a relation that dbt does not know, or a consumer."""

    id: str  # dbt's unique id; `relation.<schema>.<name>`; `consumer.<kind>.<name>`
    kind: str  # source, seed, snapshot, model, relation, or a consumer's kind
    name: str
    relation: RelationName | None = None


@dataclass(frozen=True, slots=True, order=True)
class RelationEdge:
    """Rows of `source` reach `target`."""

    source: str
    target: str


@dataclass(frozen=True, slots=True, order=True)
class ColumnEdge:
    """Values of one column reach another."""

    source: str
    source_column: str
    target: str
    target_column: str
    kind: EdgeKind


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
    total_us: int = 0


@dataclass(frozen=True, slots=True)
class LineageGraph:
    """Nodes and edges, sorted; and what could not be resolved, with the reason."""

    nodes: tuple[LineageNode, ...]
    relation_edges: tuple[RelationEdge, ...]
    column_edges: tuple[ColumnEdge, ...]
    consumers: tuple[Consumer, ...] = ()
    skips: tuple[Skip, ...] = ()
