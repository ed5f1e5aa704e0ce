"""What will be slower at the horizon: consumers' queries and model builds."""

from dataclasses import dataclass
from datetime import datetime

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import WINDOW, FlowHistory
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
    asked = {name for consumer in lineage.graph.consumers for name in consumer.fingerprints}
    changes = changes_by_state(history.lineage, now - _FLOW_SEEN)
    facts = Facts(
        graph=lineage.graph,
        ids=dict(lineage.schema.owners),
        uses={**lineage.uses, **_model_uses(lineage)},
        stats=tuple(stat for stat in lineage.stats if stat.fingerprint in asked),
        runs=tuple(history.node_runs()),
        relations=tuple(history.relation_profiles()),
        columns=tuple(history.latest_column_profiles()),
        flow=FlowHistory(changes, lineage.graph.consumers),
    )
    found, skips = forecasts(Cases(facts).at(now), horizon_days)
    return Prediction(found, skips)


def _model_uses(lineage: Lineage) -> dict[str, QueryUses]:
    uses = {}
    for node in lineage.project.models:
        if node.compiled_code and node.language == "sql":
            found = query_uses(node.unique_id, node.compiled_code, lineage.schema)
            if isinstance(found, QueryUses):
                uses[node.unique_id] = found
    return uses
