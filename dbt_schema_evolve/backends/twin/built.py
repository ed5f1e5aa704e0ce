"""What stands on the twin: tables with their files, and indexes."""

from dataclasses import dataclass, field
from pathlib import Path

from dbt_schema_evolve.backends.twin.files import set_pages
from dbt_schema_evolve.records.catalog import IndexShape, TableShape
from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True)
class BuiltIndex:
    """An index that stands on the twin; its oid is 0 where the planner ignores it anyway."""

    shape: IndexShape
    oid: int


@dataclass(slots=True)
class BuiltTable:
    """A table that stands on the twin, and how much of its file is real."""

    shape: TableShape
    oid: int
    path: Path | None  # None: a partitioned table has no file
    written_pages: int = 0
    partitions: list[RelationName] = field(default_factory=list)
    indexes: list[BuiltIndex] = field(default_factory=list)

    def cut(self) -> None:
        """Leave only the pages that hold rows, so that an index is built in no time."""
        if self.path:
            set_pages(self.path, self.written_pages)

    def stretch(self) -> None:
        """Give the file its length in the warehouse."""
        if self.path:
            set_pages(self.path, max(self.shape.current_pages, self.written_pages))
