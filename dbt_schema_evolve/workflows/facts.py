"""Everything that a history and its lineage know, as what features are made from."""

from datetime import datetime, timedelta

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import WINDOW, FlowHistory
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.records.workload import QueryUses
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.lineage_diff import changes_by_state

_OUTLOOKS_LAST = timedelta(days=30)  # as far as they look ahead
_FLOW_SEEN = 3 * WINDOW  # so that a change before the window still tells how long ago it was


def read_facts(lineage: Lineage, history: History, since: datetime) -> Facts:
    """Return the facts of consumers' queries and of builds; the flow's from before `since` on."""
    asked = {name for consumer in lineage.graph.consumers for name in consumer.fingerprints}
    changes = changes_by_state(history.lineage, since - _FLOW_SEEN)
    return Facts(
        graph=lineage.graph,
        ids=dict(lineage.schema.owners),
        uses={**lineage.uses, **_model_uses(lineage)},
        stats=tuple(stat for stat in lineage.stats if stat.fingerprint in asked),
        runs=history.node_runs(),
        relations=history.relation_profiles(),
        columns=history.latest_column_profiles(),
        outlooks=history.outlooks(since - _OUTLOOKS_LAST),
        flow=FlowHistory(changes, lineage.graph.consumers),
    )


def _model_uses(lineage: Lineage) -> dict[str, QueryUses]:
    uses = {}
    for node in lineage.project.models:
        if node.compiled_code and node.language == "sql":
            found = query_uses(node.unique_id, node.compiled_code, lineage.schema)
            if isinstance(found, QueryUses):
                uses[node.unique_id] = found
    return uses
