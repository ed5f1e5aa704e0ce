"""What Airflow, Spark or dbt-ol report of their jobs, boiled down from OpenLineage events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from dbt_schema_evolve.records.lineage import IndirectKind
from dbt_schema_evolve.records.relations import Column

OUR_PRODUCER = "https://pypi.org/project/dbt-schema-evolve"  # what we write starts with it


class EventKind(StrEnum):
    """Where a run stood when the event was sent; static events tell of no run."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"
    JOB = "JOB"
    DATASET = "DATASET"


class DirectKind(StrEnum):
    """What is said to happen to a column's values; coarser than `EdgeKind`."""

    UNSAID = ""
    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"


class Named(NamedTuple):
    """A data set or a job as OpenLineage names it."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """The name for people."""
        return f"{self.namespace} {self.name}"


@dataclass(frozen=True, slots=True, order=True)
class DirectInput:
    """A column whose values are said to reach an output column."""

    dataset: Named
    column: str
    kind: DirectKind = DirectKind.UNSAID
    description: str = ""


@dataclass(frozen=True, slots=True, order=True)
class IndirectInput:
    """A column that is said to decide about an output's rows."""

    dataset: Named
    column: str
    kind: IndirectKind


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """What one column is said to be made from; nothing where the producer does not know."""

    name: str
    inputs: tuple[DirectInput, ...]
    indirect: tuple[IndirectInput, ...] = ()  # older producers repeat them in every column


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set that a job reads or writes, with what was said of its columns."""

    name: Named
    also: tuple[Named, ...] = ()  # other names of the same data set
    columns: tuple[Column, ...] = ()  # types as the producer spells them
    made: tuple[OutputColumn, ...] = ()
    indirect: tuple[IndirectInput, ...] = ()


@dataclass(frozen=True, slots=True)
class JobReport:
    """What a job reads and writes. The same job says the same in run after run."""

    producer: str  # a URI
    job: Named | None  # absent where an event is about a data set alone
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    sql: str = ""
    parent: Named | None = None  # the job that started it


@dataclass(frozen=True, slots=True)
class EtlEvent:
    """One event: a report, and which run sent it when."""

    report: JobReport
    run_id: str  # empty for static events
    kind: EventKind
    happened_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class SeenReport:
    """A report with the runs that made it; runs that failed, or only began, do not count."""

    report: JobReport
    last_run_id: str  # empty for static events
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Home:
    """What events call the warehouse: its database, and the namespaces that mean its server."""

    database: str
    namespace: str  # postgres://host:port
    also: frozenset[str] = frozenset()  # the same server under other names
