"""What the verbs of foresight need of the world: facts, a clock, and predictors in files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap import predictors
from dbt_schema_evolve.bootstrap.app import App
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.records.backtests import Training
from dbt_schema_evolve.records.prospects import Foresight
from dbt_schema_evolve.workflows.facts import read_facts
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse
from dbt_schema_evolve.workflows.train import train

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
        known = predictors.candidates(self.app.project.state_dir, model)
        with self._known() as (history, lineage, notes):
            limit_us = None if limit_seconds is None else limit_seconds * 1_000_000
            with collection_paused():
                return foresee(lineage, history, clock.now(), horizon_days, known, limit_us, notes)

    def train(self, *, write: bool) -> Training:
        """Back-test every predictor on this history, and keep the winner where it may be written.

        With too little history nothing is written: what ships stays, or what was trained before.
        """
        prior = predictors.shipped()
        with self._known() as (history, lineage, _):
            now = clock.now()
            facts = read_facts(lineage, history, now - _LEARNED_FROM)
        trained = train(
            facts,
            self.app.target.name,
            now,
            self.app.progress,
            predictors.learn,
            prior.predictor if prior is not None else None,
        )
        if not write or not trained.training.scored_by:
            return trained.training
        self.app.progress.step("learn from the whole history")
        own = predictors.own_bundle(trained.examples) if trained.examples else None
        path = predictors.write_winner(self.app.project.state_dir, trained.training, own)
        return replace(trained.training, written_to=str(path))

    @contextmanager
    def _known(self) -> Iterator[tuple[DuckHistory, Lineage, tuple[str, ...]]]:
        """Open the history, with the lineage and what keeps that from being whole."""
        with self.app.history() as history:
            notes: tuple[str, ...] = ()
            try:
                with self.app.warehouse() as warehouse:
                    lineage = self.app.lineage(history, warehouse)
            except WarehouseError as error:
                lineage = self.app.lineage(history, RememberedWarehouse(history))
                note = "columns are those of the last capture, and no plan was looked at"
                notes = (f"{error.problem}: {note}",)
            yield history, lineage, notes
