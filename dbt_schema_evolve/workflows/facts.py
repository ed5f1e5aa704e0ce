"""Everything that a history and its lineage know, as what features are made from."""

from collections.abc import Collection
from datetime import datetime, timedelta

from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.flow_changes import WINDOW, FlowHistory
from dbt_schema_evolve.features.skew import deciding
from dbt_schema_evolve.lineage.garbage import collected_in_batches
from dbt_schema_evolve.lineage.sql.parsing import parse_once
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.records.profiles import ColumnProfile
from dbt_schema_evolve.records.relations import ColumnName
from dbt_schema_evolve.records.workload import QueryUses
from dbt_schema_evolve.workflows.lineage import Lineage
from dbt_schema_evolve.workflows.lineage_diff import changes_by_state

_SKEWED = 0.05  # of the rows: a share that is smaller makes no key that everybody waits for
_SKEW_SEEN = timedelta(days=60)  # as far back as features look for drift
_OUTLOOKS_LAST = timedelta(days=30)  # as far as they look ahead
_FLOW_SEEN = 3 * WINDOW  # so that a change before the window still tells how long ago it was


def read_facts(lineage: Lineage, history: History, since: datetime) -> Facts:
    """Return the facts of consumers' queries and of builds, for cut-offs from `since` on."""
    asked = {name for consumer in lineage.graph.consumers for name in consumer.fingerprints}
    changes = changes_by_state(history.lineage, since - _FLOW_SEEN)
    uses = {**lineage.uses, **_model_uses(lineage)}
    decide = {column for each in uses.values() for column in deciding(each.uses)}
    return Facts(
        graph=lineage.graph,
        ids=dict(lineage.schema.owners),
        uses=uses,
        stats=tuple(stat for stat in lineage.stats if stat.fingerprint in asked),
        runs=history.node_runs(),
        relations=history.relation_profiles(),
        columns=_columns(history, since - _SKEW_SEEN, decide),
        outlooks=history.outlooks(since - _OUTLOOKS_LAST, since),
        flow=FlowHistory(changes, lineage.graph.consumers),
    )


def _model_uses(lineage: Lineage) -> dict[str, QueryUses]:
    found = collected_in_batches(
        lambda node: query_uses(
            node.unique_id, node.compiled_code or "", lineage.schema, parse_once
        ),
        [node for node in lineage.project.models if node.compiled_code and node.language == "sql"],
    )
    return {uses.fingerprint: uses for uses in found if isinstance(uses, QueryUses)}


def _columns(
    history: History, since: datetime, decide: Collection[ColumnName]
) -> tuple[ColumnProfile, ...]:
    """Return all columns as they are, and the past of those whose skew may make a query slow.

    Of a large warehouse the past of all columns would be a million profiles.
    """
    latest = history.latest_column_profiles()
    skewed = {
        ColumnName(each.relation, each.column)
        for each in latest
        if (each.top_value_ratio or 0.0) >= _SKEWED
    }
    return (*latest, *history.column_profiles(since, skewed.intersection(decide)))
