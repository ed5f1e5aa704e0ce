"""What one project of the fleet went through: what a product may see, and the truth beside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.records.forecasts import CauseKind
from dbt_schema_evolve.records.profiles import RelationProfile

WORK_ROWS = 50
"""Rows that plan nodes pass on, worth one block of work: an 8 kB block of the fleet's tables holds
about a hundred rows, and a scan touches and passes on each."""


@dataclass(frozen=True, slots=True)
class Run:
    """One day's run of one query or build, measured."""

    day: int  # from 0
    at: datetime
    best_us: int  # the fastest of the repeats
    blocks: int  # shared blocks, hit or read
    temp_blocks: int
    rows: int  # passed on by all nodes of the plan together
    plan_id: str  # the same for the same plan
    estimated_cost: float

    @property
    def work(self) -> float:
        """A measure of effort, in blocks, that does not depend on who else was running."""
        return self.blocks + self.temp_blocks + self.rows / WORK_ROWS


@dataclass(frozen=True, slots=True)
class Injected:
    """Something that was done to a project on purpose."""

    name: str  # onset, backfill, deployment ...: finer than its kind
    kind: CauseKind
    node_id: str  # the source that grows, the query that is deployed, the consumer that is new
    first_day: int
    last_day: int | None  # None: it went on until the end
    detail: str


@dataclass(frozen=True, slots=True)
class FleetProject:
    """One warehouse through simulated days."""

    name: str
    regime: str  # flat, linear, exponential, seasonal, onset, backfill, shrink
    facts: Facts  # of all days: whoever looks must name a cut-off
    runs: Mapping[str, tuple[Run, ...]]  # by fingerprint or unique id, oldest first
    control: str  # the fingerprint of a query whose work never changes
    injected: tuple[Injected, ...]
    # What one look at the catalog of an instant tells of sizes before it: features/row_dates.py.
    row_dates: Mapping[datetime, tuple[RelationProfile, ...]] = field(default_factory=dict)
