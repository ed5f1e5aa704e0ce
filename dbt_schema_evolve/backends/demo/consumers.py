"""Who reads the wholesaler's warehouse: roles, programs, and how often they come."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from random import Random


class Rhythm(StrEnum):
    """How a consumer's calls spread over the days."""

    DAILY = "daily"
    WEEKLY = "weekly"
    GROWING = "growing"  # more calls each day


@dataclass(frozen=True, slots=True)
class Day:
    """A simulated day, and the keys that users have at hand on it."""

    number: int  # 1 is the first day after the opening
    today: date  # order date of the newest batch
    orders: tuple[int, ...]  # recent ones
    customers: tuple[int, ...]  # who placed them

    def ago(self, days: int) -> date:
        """Return the date so many days before today."""
        return self.today - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Call:
    """One statement as a client sends it; `%s` stands for a bound parameter."""

    sql: str
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class DemoConsumer:
    """A user of the warehouse with a database role of its own."""

    role: str
    application_name: str
    kind: str  # dashboard, application, notebook, job or analyst
    rhythm: Rhythm
    calls: Callable[[Random, Day], Iterator[Call]]
    search_path: tuple[str, ...] = ()  # empty: the server's default
    statement_timeout_s: int = 0  # zero: none
