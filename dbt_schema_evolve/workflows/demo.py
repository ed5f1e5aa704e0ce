"""The whole loop on a small world of its own: live some days, then advise, prove and report."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from dbt_schema_evolve.ports import Progress


@dataclass(frozen=True, slots=True)
class LivedDay:
    """What happened in the demo's world on one simulated day."""

    today: date
    orders: int
    calls: int


class World(Protocol):
    """A source system that grows, a dbt project that is built, and people who ask questions."""

    def open(self) -> None:
        """Start the warehouse with the opening days' orders."""
        ...

    def live(self, day_number: int) -> LivedDay:
        """Load one day's batch, build the project, let everyone work, and capture."""
        ...


def live(world: World, days: int, progress: Progress) -> tuple[LivedDay, ...]:
    """Open the world and live in it for some days."""
    progress.step("start Postgres and load the opening orders")
    world.open()
    lived = []
    for number in range(1, days + 1):
        progress.step(f"day {number} of {days}: load, dbt build, workload, capture")
        lived.append(world.live(number))
    return tuple(lived)
