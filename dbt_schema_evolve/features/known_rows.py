"""The rows of relations, as far as they are known at one cut-off."""

from collections.abc import Mapping
from functools import cache
from math import log

import numpy as np

from dbt_schema_evolve.features.growth import relation_growth
from dbt_schema_evolve.features.pace import Pace, pace
from dbt_schema_evolve.features.sizes import Sizes
from dbt_schema_evolve.features.timeline import Floats, known
from dbt_schema_evolve.records.forecasts import RelationGrowth
from dbt_schema_evolve.records.relations import RelationName


class KnownRows:
    """Looks rows up; captures after the cut-off do not exist for it."""

    def __init__(
        self,
        sizes: Mapping[RelationName, Sizes],
        ids: Mapping[RelationName, str],
        cutoff: float,
    ) -> None:
        """Take sizes of all times; the cut-off is in days since 1970."""
        self._ids = ids
        self._cutoff = cutoff
        self._seen = {
            relation: (size, count)
            for relation, size in sizes.items()
            if (count := known(size.days, cutoff))
        }
        self._on_grids: dict[tuple[RelationName, int, int], tuple[float, ...]] = {}
        self.growth = cache(self._growth)
        self.pace = cache(self._pace)
        self.log_change = cache(self._log_change)
        self.log_between = cache(self._log_between)

    def __contains__(self, relation: object) -> bool:
        """Whether it was ever counted by then."""
        return relation in self._seen

    def sizes(self, relation: RelationName) -> tuple[Sizes, int] | None:
        """Return what is known of a relation, and how many of its captures."""
        return self._seen.get(relation)

    def captures(self, relation: RelationName) -> int:
        """Return how often it was counted."""
        return self._seen[relation][1] if relation in self._seen else 0

    def now(self, relation: RelationName) -> float:
        """Return the newest count; 0 where there is none."""
        if relation not in self._seen:
            return 0.0
        size, count = self._seen[relation]
        return float(size.rows[count - 1])

    def at(self, relation: RelationName, days: Floats) -> Floats:
        """Return rows at instants, between captures interpolated and held at the ends."""
        size, count = self._seen[relation]
        return np.interp(days, size.days[:count], size.rows[:count])

    def on_grid(self, relation: RelationName, days: Floats, count: int) -> tuple[float, ...]:
        """Return rows at the first so many of a subject's observations, never less than one.

        Subjects that were observed together share their days, and so what is returned here.
        """
        key = (relation, id(days), count)
        if key not in self._on_grids:
            found = np.maximum(self.at(relation, days[:count]), 1.0)
            self._on_grids[key] = tuple(found.tolist())
        return self._on_grids[key]

    def arrived(self, relation: RelationName, days: float) -> tuple[float, float] | None:
        """Return rows that came in the last so many days, and in as many before those.

        None where no capture reaches back that far; what was lost counts as nothing that came.
        """
        size, count = self._seen[relation]
        then, before = self._cutoff - days, self._cutoff - 2 * days
        if size.days[0] > before:
            return None
        rows = np.interp((self._cutoff, then, before), size.days[:count], size.rows[:count])
        return max(float(rows[0] - rows[1]), 0.0), max(float(rows[1] - rows[2]), 0.0)

    def _log_between(self, relation: RelationName, before: float, after: float) -> float:
        """Return log(rows after / rows before), held at the ends of what was captured."""
        size, count = self._seen[relation]
        rows = np.interp((before, after), size.days[:count], size.rows[:count])
        return log(max(float(rows[1]), 1.0) / max(float(rows[0]), 1.0))

    def _log_change(self, relation: RelationName, since: float) -> float | None:
        """Return log(rows now / rows then); None where no capture reaches back that far."""
        size, count = self._seen[relation]
        if size.days[0] > since:
            return None
        then = float(np.interp(since, size.days[:count], size.rows[:count]))
        return log(max(float(size.rows[count - 1]), 1.0) / max(then, 1.0))

    def _pace(self, relation: RelationName) -> Pace | None:
        size, _ = self._seen[relation]
        return pace(size.days, size.rows, self._cutoff)

    def _growth(self, relation: RelationName) -> RelationGrowth | None:
        if relation not in self._seen:
            return None
        size, _ = self._seen[relation]
        return relation_growth(relation_id(relation, self._ids), size.days, size.rows, self._cutoff)


def relation_id(relation: RelationName, ids: Mapping[RelationName, str]) -> str:
    """Return the lineage node id of a relation; dbt need not know it."""
    return ids.get(relation) or f"relation.{relation.schema}.{relation.name}"
