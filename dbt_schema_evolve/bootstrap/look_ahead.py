"""What looking ahead needs of the world: a server on which one twin after another is made."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.twin import SERVER, PlannerTwin
from dbt_schema_evolve.backends.twin.growth import Later, grown, standing_still
from dbt_schema_evolve.features.rows import row_series
from dbt_schema_evolve.ports import CatalogSource
from dbt_schema_evolve.predict.plan_memory import work_memory
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.look_ahead import (
    LookedAhead,
    Ratios,
    TwinAt,
    look_ahead,
    texts_of,
)


def look_ahead_and_keep(
    lineage: Lineage, history: DuckHistory, warehouse: CatalogSource, now: datetime
) -> LookedAhead:
    """Ask twins of the warehouse for the outlooks of every query and build; keep them.

    Raises WarehouseError or TwinError where there is no warehouse, or no server can be started.
    """
    catalog = warehouse.catalog()
    profiles = history.relation_profiles()
    standing = standing_still(profiles, history.column_profiles())
    texts, unpriced = texts_of(lineage, catalog)
    with twins(catalog, warehouse.search_path(), now, standing) as twin_at:
        found = look_ahead(
            texts, row_series(profiles, now), work_memory(catalog.settings), twin_at, now
        )
    history.add_outlooks(found.outlooks)
    return LookedAhead(found.outlooks, (*unpriced, *found.skips))


@contextmanager
def twins(
    catalog: Catalog,
    search_path: Sequence[str],
    now: datetime,
    standing: Collection[ColumnName] = (),
) -> Iterator[TwinAt]:
    """Hand out twins of a catalog at any later time, all on one server of our own."""
    with (
        tempfile.TemporaryDirectory(prefix="schema-evolve-") as folder,
        Cluster(Path(folder) / "twins", SERVER) as cluster,
    ):

        def twin_at(ratios: Ratios, days: float) -> PlannerTwin:
            later = grown(catalog, ratios, standing, Later(now, days))
            return PlannerTwin(cluster, later, search_path=search_path)

        yield twin_at
