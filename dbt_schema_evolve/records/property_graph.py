"""The lineage graph as labelled vertices and edges with properties: what a graph database holds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

Value = str | int | bool


class VertexLabel(StrEnum):
    """What a vertex stands for; those before COLUMN are nodes of the lineage graph."""

    MODEL = "Model"
    SEED = "Seed"
    SNAPSHOT = "Snapshot"
    SOURCE = "Source"
    RELATION = "Relation"
    DATASET = "Dataset"
    COLUMN = "Column"
    QUERY = "Query"
    CONSUMER = "Consumer"

    @property
    def is_node(self) -> bool:
        """Whether it stands for something that holds rows."""
        return self not in {VertexLabel.COLUMN, VertexLabel.QUERY, VertexLabel.CONSUMER}


class EdgeLabel(StrEnum):
    """What an edge says of its two ends."""

    FLOWS_TO = "FLOWS_TO"  # node -> node: rows
    DERIVES = "DERIVES"  # column -> column: values
    DECIDES = "DECIDES"  # column -> node: which rows there are, and how they are grouped
    HAS_COLUMN = "HAS_COLUMN"  # node -> column
    READS = "READS"  # query -> column or node, consumer -> query or node
    WRITES = "WRITES"  # query -> node


class Vertex(NamedTuple):
    """One thing; its label never changes while its key stays."""

    key: str
    label: VertexLabel
    properties: Mapping[str, Value]


class Edge(NamedTuple):
    """One statement about two vertices, by their keys."""

    key: str
    label: EdgeLabel
    source: str
    target: str
    properties: Mapping[str, Value]


# Times are ISO 8601 in UTC: they sort as text. When something that is here was last seen is known
# without asking; only of readers it says more.
_READER = ("calls", "total_us", "first_seen", "last_seen")
_OF_NODES = (
    "project", "unique_id", "name", "kind", "schema", "relation", "detail",
    "has_inferred_columns", "first_seen",
)  # fmt: skip
VERTEX_PROPERTIES: Mapping[VertexLabel, tuple[str, ...]] = {
    **{label: _OF_NODES for label in VertexLabel if label.is_node},
    VertexLabel.COLUMN: ("project", "node", "name", "type", "position", "first_seen"),
    VertexLabel.QUERY: (
        "project", "fingerprint", "text", "roles", "issued_by", *_READER,
    ),
    VertexLabel.CONSUMER: (
        "project", "unique_id", "name", "kind", "owner", *_READER,
    ),
}  # fmt: skip
EDGE_PROPERTIES: Mapping[EdgeLabel, tuple[str, ...]] = {
    EdgeLabel.FLOWS_TO: ("project", "origin", "first_seen"),
    EdgeLabel.DERIVES: ("project", "kind", "expression", "origin", "first_seen"),
    EdgeLabel.DECIDES: ("project", "kind", "origin", "first_seen"),
    EdgeLabel.HAS_COLUMN: ("project",),
    EdgeLabel.READS: ("project", "kind"),
    EdgeLabel.WRITES: ("project",),
}
_TYPES: Mapping[str, type] = {
    "calls": int, "has_inferred_columns": bool, "position": int, "total_us": int,
}  # fmt: skip


def type_of(name: str) -> type:
    """Return the type of a property's values: str, int or bool."""
    return _TYPES.get(name, str)


@dataclass(frozen=True, slots=True)
class PropertyGraph:
    """All that a graph database holds of one project; sorted by key, no edge without its ends."""

    project: str
    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
