"""What the walk over a statement writes down: relations, and how their columns are used."""

from dataclasses import dataclass, field

from dbt_schema_evolve.lineage.sql.rows import AGGREGATE, IDENTITY, Sources, Stored
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import ColumnUse, UseKind

_Use = tuple[Stored, UseKind, int, bool, str]

_INDIRECT = {
    UseKind.EQUALITY: IndirectKind.FILTER,
    UseKind.RANGE: IndirectKind.FILTER,
    UseKind.FILTER: IndirectKind.FILTER,
    UseKind.JOIN: IndirectKind.JOIN,
    UseKind.GROUP: IndirectKind.GROUP,
    UseKind.ORDER: IndirectKind.ORDER,
}


@dataclass(slots=True)
class Notes:
    """Everything but the result's columns."""

    reads: set[RelationName] = field(default_factory=set)  # as written
    base: set[RelationName] = field(default_factory=set)  # stored
    views: set[RelationName] = field(default_factory=set)
    marks: set[_Use] = field(default_factory=set)
    indirect: set[tuple[Stored, IndirectKind]] = field(default_factory=set)
    inherited: set[ColumnUse] = field(default_factory=set)  # from the views
    doubts: set[str] = field(default_factory=set)  # columns that cost only themselves

    @property
    def uses(self) -> frozenset[ColumnUse]:
        """How the statement uses columns, the views that it executes included."""
        own = (
            ColumnUse(column.name, kind, position, descending, constant)
            for column, kind, position, descending, constant in self.marks
        )
        return frozenset(self.inherited).union(own)

    def mark(
        self,
        sources: Sources,
        kind: UseKind,
        position: int,
        descending: bool,
        constant: str,
        decides: IndirectKind | None,
    ) -> None:
        """Note a use; what was computed on the way can no longer be searched or joined by key.

        `decides` says how the columns decide about rows, where the use alone does not tell.
        """
        indirect = decides or _INDIRECT.get(kind)
        if indirect is not None:
            self.indirect.update((column, indirect) for column in sources)
        for column, rank in sources.items():
            if rank == IDENTITY:
                self.marks.add((column, kind, position, descending, constant))
            elif kind in {UseKind.GROUP, UseKind.ORDER} and rank < AGGREGATE:
                self.marks.add((column, kind, position, descending, ""))
            elif kind in {UseKind.GROUP, UseKind.ORDER, UseKind.OUTPUT}:
                self.marks.add((column, UseKind.OUTPUT, 0, False, ""))
            else:
                self.marks.add((column, UseKind.FILTER, 0, False, ""))
