"""Puts together what a predictor may look at, for each query and each model, at a cut-off."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from dbt_schema_evolve.features.bayes import Belief
from dbt_schema_evolve.features.elasticity import (
    INCREMENTAL_PRIOR,
    QUERY_PRIOR,
    RowClock,
    driver,
)
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.features.growth import growths, sorted_series
from dbt_schema_evolve.features.observations import build_observations, query_observations
from dbt_schema_evolve.features.rows import RowSeries
from dbt_schema_evolve.features.vector import feature_vector
from dbt_schema_evolve.records.forecasts import Case, Observation
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses

_NO_FLOW = FlowHistory()


def query_cases(
    stats: Iterable[QueryStat],
    uses: Mapping[str, QueryUses],
    row_series: Mapping[RelationName, RowSeries],
    ids: Mapping[RelationName, str],
    cutoff: datetime,
    flow: FlowHistory = _NO_FLOW,
) -> tuple[Case, ...]:
    """Return one case per fingerprint that ran before the cut-off; `uses` is by fingerprint."""
    return _cases(query_observations(stats, cutoff), uses, row_series, ids, cutoff, flow)


def build_cases(
    runs: Iterable[NodeRun],
    uses: Mapping[str, QueryUses],
    row_series: Mapping[RelationName, RowSeries],
    ids: Mapping[RelationName, str],
    cutoff: datetime,
    flow: FlowHistory = _NO_FLOW,
) -> tuple[Case, ...]:
    """Return one case per model and snapshot that stores rows; `uses` is by unique id."""
    held = tuple(runs)
    incremental = {run.unique_id for run in held if run.materialized in {"incremental", "snapshot"}}
    return _cases(
        build_observations(held, cutoff), uses, row_series, ids, cutoff, flow, incremental
    )


def _cases(
    observations: Mapping[str, Sequence[Observation]],
    uses: Mapping[str, QueryUses],
    row_series: Mapping[RelationName, RowSeries],
    ids: Mapping[RelationName, str],
    cutoff: datetime,
    flow: FlowHistory,
    incremental: Collection[str] = (),
) -> tuple[Case, ...]:
    ordered = {relation: sorted_series(series) for relation, series in row_series.items()}
    clock = RowClock(ordered, cutoff)
    growing = growths(ordered, ids, cutoff)

    def size(relation: RelationName) -> int:
        return growing[relation].rows if relation in growing else -1

    found = []
    for subject, held in sorted(observations.items()):
        use = uses.get(subject)
        read = use.base_relations if use else frozenset()
        nodes = {ids[each] for each in (read | use.reads | use.views if use else ()) if each in ids}
        prior: Belief = INCREMENTAL_PRIOR if subject in incremental else QUERY_PRIOR
        best = driver(subject, held, tuple(read), growing, clock, ids, prior)
        found.append(
            Case(
                subject=subject,
                cutoff=cutoff,
                observations=tuple(held),
                driver=best,
                features=feature_vector(
                    subject,
                    cutoff,
                    held,
                    best,
                    len(read),
                    flow.features({subject, *nodes}, cutoff),
                ),
                relations=tuple(sorted(read, key=lambda relation: (-size(relation), relation))),
            )
        )
    return tuple(found)
