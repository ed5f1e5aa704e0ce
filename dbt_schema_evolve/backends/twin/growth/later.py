"""What is known of the time that goes by while a catalog grows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dbt_schema_evolve.records.relations import ColumnName


@dataclass(frozen=True, slots=True)
class Later:
    """From when to when a catalog is grown, and what changes by the day whatever the rows do."""

    now: datetime
    days: float
    # What the most common value of a column gains a day, as a share of the rows: see `drifting`.
    drifts: Mapping[ColumnName, float] = field(default_factory=dict)

    def drift(self, column: ColumnName) -> float:
        """Return what its most common value has gained by then."""
        return self.drifts.get(column, 0.0) * self.days
