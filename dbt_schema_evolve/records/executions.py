"""Queries as logs, dbt and traces saw them run, without their constants."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dbt_schema_evolve.records.workload import Skip


class ExecutionSource(StrEnum):
    """Who told of an execution."""

    LOG = "log"  # Postgres' own, by log_min_duration_statement or log_statement
    PLAN = "auto_explain"
    DBT = "dbt"
    TRACE = "trace"  # an OpenTelemetry span

    @property
    def witness(self) -> str:
        """Who saw it: a plan without its run is a run that the same log did not show."""
        return "log" if self is ExecutionSource.PLAN else self.value


@dataclass(frozen=True, slots=True)
class Execution:
    """One statement that ran once."""

    id: str  # the same however often, and from whichever copy of a file, it is read
    at: datetime  # when it began or ended, whichever its source knows
    text: str  # constants are `$n`, comments are gone
    source: ExecutionSource
    duration_us: int | None = None
    rows: int | None = None
    role: str = ""
    application_name: str = ""
    database: str = ""
    tags: frozenset[tuple[str, str]] = frozenset()  # what its comment or span says of its sender
    node_id: str | None = None  # the dbt node that sent it
    queryid: int | None = None  # as in pg_stat_statements


@dataclass(frozen=True, slots=True)
class ReadExecutions:
    """What a file says, and the places in it that could not be read."""

    executions: tuple[Execution, ...] = ()
    skips: tuple[Skip, ...] = ()  # the subject is a place in the file; no text is quoted


@dataclass(frozen=True, slots=True)
class ExecutionCount:
    """Executions that are alike but for their time, within one hour and between two captures."""

    text: str
    source: ExecutionSource
    first_at: datetime
    last_at: datetime
    calls: int
    total_us: int | None  # None: nobody measured them
    rows: int
    role: str = ""
    application_name: str = ""
    tags: frozenset[tuple[str, str]] = frozenset()
    node_id: str | None = None
    queryid: int | None = None
