"""What differs between two states of the lineage graph."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Aspect(StrEnum):
    """What of a node changed, in the order in which people want to hear of it."""

    NODE = "node"
    RENAMED = "renamed"
    KIND = "kind"
    MATERIALIZATION = "materialization"
    CODE = "code"  # another digest of it: what the file says
    DETAIL = "detail"  # how much is known of the edges into it
    COLUMN = "column"
    TYPE = "type"
    RELATION_EDGE = "relation edge"
    COLUMN_EDGE = "column edge"
    EDGE_KIND = "edge kind"
    EXPRESSION = "expression"
    INDIRECT_EDGE = "indirect edge"


@dataclass(frozen=True, slots=True)
class LineageChange:
    """One difference; an edge belongs to the node that it ends in."""

    node: str  # its id
    what: Aspect
    before: str | None  # None: it was not there
    after: str | None  # None: it is no longer there
    column: str = ""  # of the node; empty: it is about the whole node
    source: str = ""  # of an edge: the node that it comes from
    source_column: str = ""

    @property
    def sign(self) -> str:
        """`+` appeared, `-` vanished, `~` changed."""
        if self.before is None:
            return "+"
        return "-" if self.after is None else "~"


@dataclass(frozen=True, slots=True)
class LineageDiff:
    """The changes between two states, and in words which states these are."""

    before: str
    after: str
    changes: tuple[LineageChange, ...]


@dataclass(frozen=True, slots=True)
class DatedChanges:
    """What a state changed of the one before it."""

    at: datetime
    changes: tuple[LineageChange, ...]
