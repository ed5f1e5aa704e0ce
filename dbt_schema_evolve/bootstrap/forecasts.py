"""What the verbs of foresight need of the world: facts, a clock, and predictors in files."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap import predictors
from dbt_schema_evolve.bootstrap.app import App
from dbt_schema_evolve.bootstrap.look_ahead import look_ahead_and_keep
from dbt_schema_evolve.bootstrap.today import today
from dbt_schema_evolve.errors import OracleError, WarehouseError
from dbt_schema_evolve.features.row_dates import earlier_sizes
from dbt_schema_evolve.features.timeline import OPENING
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.ports import CatalogSource
from dbt_schema_evolve.records.backtests import Training
from dbt_schema_evolve.records.profiles import RelationProfile
from dbt_schema_evolve.records.prospects import Foresight
from dbt_schema_evolve.workflows.facts import read_facts
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse
from dbt_schema_evolve.workflows.train import train

_DATED = "the history has just begun: how sources grew before is told by the dates of their rows"
_NEWS = timedelta(hours=20)  # what the twin said is asked for anew once a day
_LEARNED_FROM = timedelta(days=180)  # what the flow of data was before says little of now


@dataclass(frozen=True, slots=True)
class ProjectForecasts:
    """A project's forecasts, and the predictors that make them."""

    app: App

    def foresee(
        self,
        horizon_days: float,
        limit_seconds: float | None = None,
        model: Path | None = None,
    ) -> Foresight:
        """Return what breaks next; the history will do where no warehouse is."""
        candidates = predictors.candidates(self.app.project.state_dir, model)
        limit_us = None if limit_seconds is None else limit_seconds * 1_000_000
        with self._known() as known:
            now, doubts = today(known.history.captures(), clock.now())
            earlier = self._earlier(known, now)
            dated = (_DATED,) if earlier else ()
            notes = (*known.notes, *doubts, *dated, *self._look_ahead(known, now))
            self.app.progress.step("forecast")
            with collection_paused():
                return foresee(
                    known.lineage, known.history, now, horizon_days, candidates, limit_us, notes,
                    earlier,
                )  # fmt: skip

    def train(self, *, write: bool) -> Training:
        """Back-test every predictor on this history, and keep the winner where it may be written.

        With too little history nothing is written: what ships stays, or what was trained before.
        """
        with self._known() as known:
            now, doubts = today(known.history.captures(), clock.now())
            facts = read_facts(known.lineage, known.history, now - _LEARNED_FROM)
        trained = train(
            facts,
            self.app.target.name,
            now,
            self.app.progress,
            predictors.learn,
            predictors.shipped().predictor,
        )
        training = replace(trained.training, notes=(*known.notes, *doubts))
        if not write or not training.scored_by:
            return training
        self.app.progress.step("learn from the whole history")
        own = predictors.own_bundle(trained.examples) if trained.examples else None
        path = predictors.write_winner(self.app.project.state_dir, training, own)
        return replace(training, written_to=str(path))

    @contextmanager
    def _known(self) -> Iterator["_Known"]:
        """Open the history, with the warehouse where one answers."""
        with self.app.history() as history, ExitStack() as stack:
            try:
                warehouse = stack.enter_context(self.app.warehouse())
                known = _Known(history, self.app.lineage(history, warehouse), warehouse, ())
            except WarehouseError as error:
                lineage = self.app.lineage(history, RememberedWarehouse(history))
                note = (
                    "without a warehouse columns are those of the last capture, and no plan was"
                    f" looked at: {error.problem}"
                )
                known = _Known(history, lineage, None, (note,))
            yield known

    def _look_ahead(self, known: "_Known", now: datetime) -> tuple[str, ...]:
        """Ask the planner twin about sizes to come, once a day; return what kept it from that."""
        if known.warehouse is None or known.history.outlooks(now - _NEWS):
            return ()
        self.app.progress.step("ask the planner twin about sizes to come")
        try:
            look_ahead_and_keep(known.lineage, known.history, known.warehouse, now)
        except (WarehouseError, OracleError) as error:
            return (f"no plan was looked at ahead: {error.problem}",)
        return ()

    def _earlier(self, known: "_Known", now: datetime) -> tuple[RelationProfile, ...]:
        """Return how large tables were before a history that has just begun: their dates tell."""
        captures = known.history.captures()
        if known.warehouse is None or not captures or now - captures[0].captured_at > OPENING:
            return ()
        profiles = known.history.latest_relation_profiles()
        analyzed = {each.relation: each.last_analyzed_at for each in profiles}
        try:
            tables = known.warehouse.catalog().tables
        except WarehouseError:  # the twin asks the same, and says what is wrong
            return ()
        return tuple(
            size
            for table in tables
            for size in earlier_sizes(table, now, analyzed.get(table.relation))
        )


@dataclass(frozen=True, slots=True)
class _Known:
    history: DuckHistory
    lineage: Lineage
    warehouse: CatalogSource | None  # None: it does not answer
    notes: tuple[str, ...]  # what keeps the lineage from being whole
