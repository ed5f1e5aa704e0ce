"""What the verbs of foresight need of the world: facts, a clock, and predictors in files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dbt_schema_evolve.backends import clock
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.bootstrap.app import App
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.predict.choice import Candidates
from dbt_schema_evolve.records.prospects import Foresight
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse


@dataclass(frozen=True, slots=True)
class ProjectForecasts:
    """A project's forecasts, and the predictors that make them."""

    app: App

    def foresee(self, horizon_days: float, limit_seconds: float | None = None) -> Foresight:
        """Return what breaks next; the history will do where no warehouse is."""
        with self._known() as (history, lineage, notes):
            limit_us = None if limit_seconds is None else limit_seconds * 1_000_000
            return foresee(
                lineage, history, clock.now(), horizon_days, Candidates(), limit_us, notes
            )

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
