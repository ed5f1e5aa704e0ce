"""How many rows reach a source on each day, and how many leave it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.fleet.draw import DAYS, Growth


@dataclass(frozen=True, slots=True)
class Arrival:
    """One day of one source."""

    day: int
    rows: int  # that come
    kept: float = 1.0  # share of the older rows that stay
    is_backfill: bool = False  # rows of the past come late


def arrivals(growth: Growth) -> Iterator[Arrival]:
    """Yield each day from 1 on; day 0 is what the source opens with."""
    present = float(growth.rows)
    for day in range(1, DAYS):
        arrival = _arrival(growth, day, present)
        present = present * arrival.kept + arrival.rows
        yield arrival


def _arrival(growth: Growth, day: int, present: float) -> Arrival:
    idle = round(present * growth.idle_rate)
    match growth.regime:
        case "linear":
            return Arrival(day, round(growth.rows * growth.rate))
        case "seasonal":
            turn = 1 + growth.swing * math.sin(2 * math.pi * day / growth.period)
            return Arrival(day, round(growth.rows * growth.rate * turn))
        case "exponential" | "onset":
            active = growth.first_day <= day < growth.last_day
            return Arrival(day, round(present * math.expm1(growth.rate)) if active else idle)
        case "backfill" if day == growth.first_day:
            return Arrival(day, round(present * growth.factor), is_backfill=True)
        case "shrink" if day == growth.first_day:
            return Arrival(day, idle, growth.factor)
        case _:
            return Arrival(day, idle)
