"""Everything that is known of one warehouse: what features are made from, at any cut-off."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import QueryStat, QueryUses


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of all times, in any order; whoever looks names a cut-off and reads none after it."""

    graph: LineageGraph
    ids: Mapping[RelationName, str]  # lineage node ids
    uses: Mapping[str, QueryUses]  # by fingerprint, and by the unique id of a model
    stats: tuple[QueryStat, ...] = ()
    runs: tuple[NodeRun, ...] = ()
    relations: tuple[RelationProfile, ...] = ()
    columns: tuple[ColumnProfile, ...] = ()
    outlooks: tuple[Outlook, ...] = ()
    flow: FlowHistory = field(default_factory=FlowHistory)
