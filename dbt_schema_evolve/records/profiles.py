"""What the warehouse's catalog said about a relation, a column or an index at one instant."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.relations import ColumnName, RelationKind, RelationName


@dataclass(frozen=True, slots=True)
class RelationProfile:
    """A relation's size and traffic; counters run since the relation was made or last reset."""

    relation: RelationName
    kind: RelationKind
    captured_at: datetime
    estimated_rows: int | None  # None: never analyzed
    table_bytes: int | None
    index_bytes: int | None
    inserted_rows: int | None = None
    updated_rows: int | None = None
    deleted_rows: int | None = None
    dead_rows: int | None = None
    sequential_scans: int | None = None
    index_scans: int | None = None
    last_analyzed_at: datetime | None = None  # by the server's clock


@dataclass(frozen=True, slots=True)
class SequenceState:
    """How far the sequence that feeds a column has come."""

    value: int | None  # None: never drawn from, or not ours to see
    limit: int  # the last number that it can give
    cycles: bool = False  # it begins again there


@dataclass(frozen=True, slots=True)
class ColumnRange:
    """How far a column's values reach: a value of keys only, of everything else a magnitude."""

    value_bits: int | None = None  # that the largest whole part needs besides its sign
    highest: int | None = None  # of keys: fed by a sequence, primary, or of a foreign key
    is_exact: bool = False  # read from an index; otherwise what ANALYZE sampled, which may be less
    greatest_length: int | None = None  # of texts that ANALYZE sampled, in characters
    sequence: SequenceState | None = None
    references: ColumnName | None = None  # what a foreign key points at


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column's shape; it holds no values but the numbers of keys, so no personal data."""

    relation: RelationName
    column: str
    type: str
    captured_at: datetime
    null_ratio: float | None = None
    # As pg_stats has it: a count when positive, minus the share of rows when negative.
    distinct: float | None = None
    average_width_bytes: int | None = None
    correlation: float | None = None
    top_value_ratio: float | None = None
    position: int = 0  # within the relation, from 1; 0: not known
    not_null: bool = False
    collation: str = ""  # as SQL, where it is not the database's own
    range: ColumnRange | None = None  # None: not looked at, or nothing to say


@dataclass(frozen=True, slots=True)
class IndexProfile:
    """An index that exists, known by its structure because dbt renames it at each build."""

    spec: IndexSpec
    name: str
    captured_at: datetime
    measured_bytes: int | None
    scans: int | None
    is_primary: bool = False
    is_valid: bool = True
    backs_constraint: bool = False
    definition: str = ""  # as pg_get_indexdef prints it
    needed_for: str = ""  # what else rests on it: the replica identity, clustering, its parent

    @property
    def is_protected(self) -> bool:
        """Whether more than speed depends on it, so that it is never ours to drop."""
        needed = self.backs_constraint or bool(self.needed_for)
        return self.spec.unique or self.is_primary or needed
