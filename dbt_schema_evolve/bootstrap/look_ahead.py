"""What looking ahead needs of the world: a server on which one twin after another is made."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.backends.twin import SERVER, PlannerTwin
from dbt_schema_evolve.backends.twin.growth import Later, drifting, grown, in_order, standing_still
from dbt_schema_evolve.features.expected_rows import RowForecasts
from dbt_schema_evolve.ports import CatalogSource
from dbt_schema_evolve.predict.plan_memory import work_memory
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.workflows.facts import read_facts
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
    facts = read_facts(lineage, history, now)
    standing = standing_still(facts.relations, history.column_profiles(None, in_order(catalog)))
    drifts = drifting(facts.columns, now)
    texts, unpriced = texts_of(lineage, catalog)
    with (
        tempfile.TemporaryDirectory(prefix="schema-evolve-") as folder,
        Cluster(Path(folder) / "twins", SERVER) as cluster,
    ):
        twin_at = twins_on(cluster, catalog, warehouse.search_path(), now, standing, drifts)
        memory = work_memory(catalog.settings)
        found = look_ahead(texts, RowForecasts(facts).at(now), memory, twin_at, now)
    history.add_outlooks(found.outlooks)
    return LookedAhead(found.outlooks, (*unpriced, *found.skips))


def twins_on(
    cluster: Cluster,
    catalog: Catalog,
    search_path: Sequence[str],
    now: datetime,
    standing: Collection[ColumnName] = (),
    drifts: Mapping[ColumnName, float] = MappingProxyType({}),
) -> TwinAt:
    """Make twins of a catalog at any later time, one after the other on one server."""

    def twin_at(ratios: Ratios, days: float) -> PlannerTwin:
        later = grown(catalog, ratios, standing, Later(now, days, drifts))
        return PlannerTwin(cluster, later, search_path=search_path)

    return twin_at
