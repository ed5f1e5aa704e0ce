"""Puts together what a predictor may look at, for each query and each model, at a cut-off."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dbt_schema_evolve.features.bayes import Belief
from dbt_schema_evolve.features.elasticity import (
    INCREMENTAL_PRIOR,
    QUERY_PRIOR,
    RowClock,
    driver,
)
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.growth import growths
from dbt_schema_evolve.features.observations import build_observations, query_observations
from dbt_schema_evolve.features.rows import RowSeries, row_series
from dbt_schema_evolve.features.vector import feature_vector
from dbt_schema_evolve.records.forecasts import Case, Observation
from dbt_schema_evolve.records.relations import RelationName


class Cases:
    """One warehouse's facts, put in order once, so that cases at many cut-offs are cheap."""

    def __init__(self, facts: Facts) -> None:
        """Take facts of all times, in any order."""
        self._facts = facts
        self._incremental = {
            run.unique_id for run in facts.runs if run.materialized in {"incremental", "snapshot"}
        }

    def at(self, cutoff: datetime) -> tuple[Case, ...]:
        """Return one case a fingerprint, then one a build that stores rows, as of the cut-off."""
        rows = row_series(self._facts.relations, cutoff)
        return (
            *self._cases(query_observations(self._facts.stats, cutoff), rows, cutoff),
            *self._cases(build_observations(self._facts.runs, cutoff), rows, cutoff),
        )

    def _cases(
        self,
        observations: Mapping[str, Sequence[Observation]],
        rows: Mapping[RelationName, RowSeries],
        cutoff: datetime,
    ) -> tuple[Case, ...]:
        ids = self._facts.ids
        clock = RowClock(rows, cutoff)
        growing = growths(rows, ids, cutoff)

        def size(relation: RelationName) -> int:
            return growing[relation].rows if relation in growing else -1

        found = []
        for subject, held in sorted(observations.items()):
            use = self._facts.uses.get(subject)
            read = use.base_relations if use else frozenset()
            named = (read | use.reads | use.views) if use else ()
            nodes = {ids[each] for each in named if each in ids}
            prior: Belief = INCREMENTAL_PRIOR if subject in self._incremental else QUERY_PRIOR
            best = driver(subject, held, tuple(read), growing, clock, ids, prior)
            flow = self._facts.flow.features({subject, *nodes}, cutoff)
            found.append(
                Case(
                    subject=subject,
                    cutoff=cutoff,
                    observations=tuple(held),
                    driver=best,
                    features=feature_vector(subject, cutoff, held, best, len(read), flow),
                    relations=tuple(sorted(read, key=lambda relation: (-size(relation), relation))),
                )
            )
        return tuple(found)
