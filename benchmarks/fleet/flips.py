"""How many plan flips were foreseen, and how many of those foreseen came."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.fleet.records import Run
from dbt_schema_evolve.records.outlooks import Outlook

LASTING = 7  # runs after a change, most of which must have another plan than before


@dataclass(frozen=True, slots=True)
class FlipCounts:
    """Outlooks of one horizon, by whether a flip was foreseen and whether it came."""

    foreseen_and_came: int = 0
    foreseen_only: int = 0
    came_only: int = 0

    def __add__(self, other: "FlipCounts") -> "FlipCounts":
        """Put the counts of two projects together."""
        return FlipCounts(
            self.foreseen_and_came + other.foreseen_and_came,
            self.foreseen_only + other.foreseen_only,
            self.came_only + other.came_only,
        )

    @property
    def recall(self) -> float | None:
        """The share of the flips that came that were foreseen; None where none came."""
        came = self.foreseen_and_came + self.came_only
        return self.foreseen_and_came / came if came else None

    @property
    def precision(self) -> float | None:
        """The share of the flips foreseen that came; None where none was foreseen."""
        foreseen = self.foreseen_and_came + self.foreseen_only
        return self.foreseen_and_came / foreseen if foreseen else None


def flip_counts(
    outlooks: Iterable[Outlook], runs: Mapping[str, Sequence[Run]]
) -> Mapping[float, FlipCounts]:
    """Count by horizon; subjects have the same names on both sides."""
    counts: dict[float, FlipCounts] = {}
    for outlook in outlooks:
        came = flip_came(runs.get(outlook.subject, ()), outlook) if outlook.horizon_days else None
        if came is not None:
            foreseen = bool(outlook.flips)
            found = FlipCounts(
                int(foreseen and came), int(foreseen and not came), int(came and not foreseen)
            )
            counts[outlook.horizon_days] = counts.get(outlook.horizon_days, FlipCounts()) + found
    return dict(sorted(counts.items()))


def flip_came(runs: Sequence[Run], outlook: Outlook) -> bool | None:
    """Return whether the plan changed within the horizon, and stayed changed on most runs after.

    None where there is no run up to the outlook, or no run as late as the horizon.
    """
    past = [run for run in runs if run.at <= outlook.made_at]
    future = runs[len(past) :]
    days = [(run.at - outlook.made_at).total_seconds() / 86_400 for run in future]
    if not past or not days or days[-1] < outlook.horizon_days:
        return None
    changed = [run.plan_id != past[-1].plan_id for run in future]
    for index, day in enumerate(days):
        after = changed[index : index + LASTING]
        if day <= outlook.horizon_days and changed[index] and 2 * sum(after) > len(after):
            return True
    return False
