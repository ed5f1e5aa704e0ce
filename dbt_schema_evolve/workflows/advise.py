"""The whole loop up to the patch: lineage, forecasts, recommendations, config patch."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime

from dbt_schema_evolve.lineage.resolution import Resolve, resolve_in_order
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.patch.diff import unified_diff
from dbt_schema_evolve.patch.plan import plan_patch
from dbt_schema_evolve.ports import CatalogSource, History, Progress, Twin
from dbt_schema_evolve.predict.choice import NOBODY, Candidates
from dbt_schema_evolve.recommend import recommend
from dbt_schema_evolve.recommend.judge import TRUSTING, Judge
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import UNBOUNDED, Budget, Selection
from dbt_schema_evolve.records.etl import Home
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.patches import ConfigPatch
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.catalogued import PAGE_BYTES
from dbt_schema_evolve.workflows.lineage import Lineage, read_lineage
from dbt_schema_evolve.workflows.predict import Prediction, predict
from dbt_schema_evolve.workflows.recommend import as_they_were, gather
from dbt_schema_evolve.workflows.watched_columns import watched_columns

MakeTwin = Callable[[Catalog, LineageSchema, Evidence], AbstractContextManager[Twin]]


@dataclass(frozen=True, slots=True)
class Advice:
    """What the facts of the window led to, step by step."""

    lineage: Lineage
    prediction: Prediction
    evidence: Evidence
    selection: Selection
    patch: ConfigPatch
    diff: str
    by_hand: tuple[Skip, ...]  # recommendations that no patch can carry
    skips: tuple[Skip, ...]  # facts that were left out on the way


def advise(
    history: History,
    warehouse: CatalogSource,
    make_twin: MakeTwin,
    files: Mapping[str, bytes],
    now: datetime,
    progress: Progress,
    budget: Budget = UNBOUNDED,
    only: Collection[str] = (),
    horizon_days: float = 30.0,
    resolve: Resolve = resolve_in_order,
    home: Home | None = None,
    clock: Callable[[], float] | None = None,
    judge: Judge = TRUSTING,
    candidates: Candidates = NOBODY,
    proven: Collection[str] = (),
    weigh: Callable[[Evidence], Evidence] = as_they_were,
) -> Advice:
    """Go from the history to a patch; nothing is written anywhere.

    Without a bound in bytes, changes may take a tenth of what the relations take today. `clock` and
    `judge` as in `recommend`; one of `candidates` makes the forecasts; `proven` are number keys of
    what the last validation accepted; `weigh` says for how much each query counts.
    """
    progress.step("read schema and statistics")
    catalog = warehouse.catalog()
    progress.step("lineage of models and queries")
    lineage = read_lineage(history, catalog, warehouse.search_path(), resolve, home)
    progress.step("forecast")
    prediction = predict(lineage, history, now, horizon_days, candidates)
    evidence, unpriced = gather(lineage, catalog, history, prediction.forecasts)
    watched = watched_columns(evidence, history, lineage, now)
    evidence = weigh(replace(evidence, proven=frozenset(proven), watched=watched))
    progress.step(f"price changes for {len(evidence.queries)} queries on the planner twin")
    with make_twin(catalog, lineage.schema, evidence) as twin:
        selection = recommend(
            evidence,
            twin,
            _bounded(budget, catalog),
            only,
            clock=clock,
            judge=judge,
            say=progress.step,
        )
        missing = twin.skips
    patchable = [item for item in selection.recommendations if not item.by_hand]
    patch, by_hand = plan_patch(patchable, lineage.project, files)
    return Advice(
        lineage=lineage,
        prediction=prediction,
        evidence=evidence,
        selection=selection,
        patch=patch,
        diff=unified_diff(patch),
        by_hand=by_hand,
        skips=(*lineage.skips, *prediction.skips, *unpriced, *missing, *selection.unpriced),
    )


def _bounded(budget: Budget, catalog: Catalog) -> Budget:
    if budget.bytes is not None:
        return budget
    pages = sum(table.current_pages for table in catalog.tables)
    return replace(budget, bytes=pages * PAGE_BYTES // 10)
