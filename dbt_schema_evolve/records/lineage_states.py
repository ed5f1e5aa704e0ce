"""The lineage graph as it was, state by state: one state for each manifest that was ingested."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.lineage import Seen


@dataclass(frozen=True, slots=True)
class Commit:
    """What a project's folder was checked out at."""

    sha: str
    is_dirty: bool = False  # files differed from the commit


@dataclass(frozen=True, slots=True)
class LineageState:
    """One manifest, as a moment of the graph."""

    invocation_id: str
    generated_at: datetime
    commit: Commit | None = None  # None: not known
    which: str = ""  # the dbt command, where run results of the same invocation tell it


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type that a column had, and when it was first and last seen with it."""

    type: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class GraphSeen:
    """When each element of the newest state was seen, over all of its appearances."""

    nodes: Mapping[str, Seen]
    columns: Mapping[tuple[str, str], Seen]  # node, column
    relation_edges: Mapping[tuple[str, str], Seen]  # source, target
    column_edges: Mapping[tuple[str, str, str, str], Seen]  # source and column, target and column
    indirect_edges: Mapping[tuple[str, str, str, str], Seen]  # source, column, target, kind
