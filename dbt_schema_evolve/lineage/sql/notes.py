"""What the walk over a statement writes down: relations, and how their columns are used."""

from dataclasses import dataclass, field
from typing import NamedTuple

from dbt_schema_evolve.lineage.sql.rows import AGGREGATE, IDENTITY, Sources, Stored
from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import ColumnUse, UseKind


class Detail(NamedTuple):
    """What is to be said of a use beyond its kind; see ColumnUse."""

    position: int = 0
    descending: bool = False
    constant: str = ""
    expression: str = ""
    operator: str = ""


PLAIN = Detail()

_INDIRECT = {
    UseKind.EQUALITY: IndirectKind.FILTER,
    UseKind.ONE_OF: IndirectKind.FILTER,
    UseKind.RANGE: IndirectKind.FILTER,
    UseKind.PREFIX: IndirectKind.FILTER,
    UseKind.PATTERN: IndirectKind.FILTER,
    UseKind.CONTAINMENT: IndirectKind.FILTER,
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
    marks: set[tuple[Stored, UseKind, Detail]] = field(default_factory=set)
    indirect: set[tuple[Stored, IndirectKind]] = field(default_factory=set)
    inherited: set[ColumnUse] = field(default_factory=set)  # from the views
    doubts: set[str] = field(default_factory=set)  # columns that cost only themselves

    @property
    def uses(self) -> frozenset[ColumnUse]:
        """How the statement uses columns, the views that it executes included."""
        own = (ColumnUse(column.name, kind, *detail) for column, kind, detail in self.marks)
        return frozenset(self.inherited).union(own)

    def mark(
        self,
        sources: Sources,
        kind: UseKind,
        detail: Detail,
        decides: IndirectKind | None,
    ) -> None:
        """Note a use; what was computed on the way can no longer be searched or joined by key.

        Unless the detail names an expression that an index could hold. `decides` says how the
        columns decide about rows, where the use alone does not tell.
        """
        indirect = decides or _INDIRECT.get(kind)
        if indirect is not None:
            self.indirect.update((column, indirect) for column in sources)
        for column, rank in sources.items():
            if rank == IDENTITY or detail.expression:
                self.marks.add((column, kind, detail))
            elif kind in {UseKind.GROUP, UseKind.ORDER} and rank < AGGREGATE:
                self.marks.add((column, kind, Detail(detail.position, detail.descending)))
            elif kind in {UseKind.GROUP, UseKind.ORDER, UseKind.OUTPUT}:
                self.marks.add((column, UseKind.OUTPUT, PLAIN))
            else:
                self.marks.add((column, UseKind.FILTER, PLAIN))
