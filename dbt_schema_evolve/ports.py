"""What the workflows need from the world, as protocols."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.relations import RelationName


class Progress(Protocol):
    """Hears what is being done; silent where nobody watches."""

    def step(self, text: str) -> None:
        """Say what begins now."""
        ...


class Side(StrEnum):
    """The two builds of a shadow target; the value ends its schemas' names."""

    BASELINE = "shadow_base"
    PATCHED = "shadow_new"


class Shadow(Protocol):
    """Two builds of one project in one database; errors are WarehouseError or DbtError."""

    def prepare(self, side: Side, files: Mapping[str, bytes]) -> Mapping[str, RelationName]:
        """Make a side afresh with these files changed; return its relations by unique id."""
        ...

    def build(self, side: Side) -> Mapping[str, int]:
        """Build one side with dbt; return microseconds by unique id."""
        ...

    def settle(self) -> None:
        """Vacuum and analyze both sides."""
        ...

    def digest(self, query: str) -> str:
        """Return the multiset fingerprint of a query's rows."""
        ...

    def relation_digest(self, relation: RelationName, columns: Sequence[str]) -> str:
        """Return the multiset fingerprint of some columns of a relation."""
        ...

    def columns(self, relation: RelationName) -> tuple[str, ...]:
        """Return a relation's columns in order."""
        ...

    def paired_times(
        self, baseline: str, patched: str, seconds: float
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Time two forms of a query in interleaved pairs, in microseconds."""
        ...

    def used_indexes(self, query: str) -> frozenset[IndexSpec]:
        """Return the structure of each index that the plan of a query scans."""
        ...

    def sizes(self, side: Side) -> Mapping[RelationName, int]:
        """Return the bytes of each relation that stores rows, its indexes included."""
        ...
