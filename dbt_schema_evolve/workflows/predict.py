"""What will be slower at the horizon: consumers' queries and model builds."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.features.cases import build_cases, query_cases
from dbt_schema_evolve.features.flow_changes import WINDOW, FlowHistory
from dbt_schema_evolve.features.rows import row_series
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.predict.forecasts import forecasts
from dbt_schema_evolve.records.forecasts import Forecast
from dbt_schema_evolve.records.workload import QueryUses, Skip
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.lineage_diff import changes_by_state

_FLOW_SEEN = 3 * WINDOW  # so that a change before the window still tells how long ago it was


@dataclass(frozen=True, slots=True)
class Prediction:
    """Forecasts, the steepest first, and the subjects whose history does not carry one."""

    forecasts: tuple[Forecast, ...]
    skips: tuple[Skip, ...]


def predict(lineage: Lineage, history: History, now: datetime, horizon_days: float) -> Prediction:
    """Forecast every consumer's query and every build from facts no later than `now`."""
    rows = row_series(history.relation_profiles(), now)
    asked = {name for consumer in lineage.graph.consumers for name in consumer.fingerprints}
    stats = [stat for stat in lineage.stats if stat.fingerprint in asked]
    ids = dict(lineage.schema.owners)
    changes = changes_by_state(history.lineage, now - _FLOW_SEEN)
    flow = FlowHistory(changes, lineage.graph.consumers)
    queries = query_cases(stats, lineage.uses, rows, ids, now, flow)
    builds = build_cases(history.node_runs(), _model_uses(lineage), rows, ids, now, flow)
    found, skips = forecasts((*queries, *builds), horizon_days)
    return Prediction(found, skips)


def _model_uses(lineage: Lineage) -> dict[str, QueryUses]:
    uses = {}
    for node in lineage.project.models:
        if node.compiled_code and node.language == "sql":
            found = query_uses(node.unique_id, node.compiled_code, lineage.schema)
            if isinstance(found, QueryUses):
                uses[node.unique_id] = found
    return uses
