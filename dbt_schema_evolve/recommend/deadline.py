"""When a search has to be content with what it has."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment by somebody's clock, in its seconds; without a clock there is none."""

    clock: Callable[[], float] | None = None
    at: float = 0.0

    @classmethod
    def after(cls, seconds: float | None, clock: Callable[[], float] | None) -> "Deadline":
        """Return the moment so many seconds from now."""
        if seconds is None or clock is None:
            return cls()
        return cls(clock, clock() + seconds)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.clock is not None and self.clock() >= self.at

    @property
    def seconds_left(self) -> float | None:
        """The seconds until then; None where there is no end."""
        return None if self.clock is None else max(self.at - self.clock(), 0.0)


NEVER = Deadline()
