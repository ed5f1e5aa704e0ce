"""One warehouse's facts, put in order once for all cut-offs."""

from collections.abc import Mapping
from datetime import UTC, datetime

from dbt_schema_evolve.features.bayes import Belief
from dbt_schema_evolve.features.elasticity import INCREMENTAL_PRIOR, QUERY_PRIOR
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.features.known_rows import relation_id
from dbt_schema_evolve.features.observations import build_observations, query_observations
from dbt_schema_evolve.features.plans import Outlooks
from dbt_schema_evolve.features.reading import readings
from dbt_schema_evolve.features.sizes import sizes
from dbt_schema_evolve.features.skew import Shares
from dbt_schema_evolve.features.stored_graph import StoredGraph
from dbt_schema_evolve.features.subjects import Subject, subjects
from dbt_schema_evolve.features.timeline import OPENING
from dbt_schema_evolve.features.usage import Users

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_ADDS_ROWS = frozenset({"incremental", "snapshot"})


class Index:
    """Facts of all times by what they are about, each in order of time."""

    def __init__(self, facts: Facts) -> None:
        """Take facts in any order."""
        self.ids = facts.ids
        self.flow = facts.flow
        queries = subjects(query_observations(facts.stats), are_builds=False)
        builds = subjects(build_observations(facts.runs), are_builds=True)
        self.subjects = (*queries, *builds)
        self.builds = {build.name: build.days for build in builds}
        self.sizes = sizes(facts.relations)
        self.relations = {relation_id(each, facts.ids): each for each in self.sizes}
        self.graph = StoredGraph(facts.graph)
        self.readings = readings(self.subjects, facts, self.graph)
        self.shares = Shares(facts.columns)
        self.outlooks = Outlooks(facts.outlooks)
        self.opened = _opened(facts)
        self.users = Users(facts.graph, facts.flow.consumers, self.opened)
        self.names = _names(facts)
        self._first_made = _first_made(facts)

    def prior(self, subject: Subject) -> Belief:
        """Return what is believed beforehand of how a subject's time follows rows."""
        adds_rows = subject.is_build and self._first_made.get(subject.name) in _ADDS_ROWS
        return INCREMENTAL_PRIOR if adds_rows else QUERY_PRIOR


def _opened(facts: Facts) -> datetime:
    """Return when the first week of a history was over."""
    seen = (
        *(stat.window_end for stat in facts.stats),
        *(run.captured_at for run in facts.runs if run.captured_at is not None),
    )
    return min(seen, default=_NEVER) + OPENING


def _first_made(facts: Facts) -> Mapping[str, str]:
    """Return how each model was materialized first, which no later build can change."""
    runs = (run for run in facts.runs if run.captured_at is not None and run.materialized)
    latest_first = sorted(
        runs, key=lambda run: (run.captured_at, run.invocation_id, run.materialized), reverse=True
    )
    return {run.unique_id: run.materialized for run in latest_first}


def _names(facts: Facts) -> Mapping[str, str]:
    """Return what people call nodes and consumers."""
    names = {
        node.id: node.name if node.relation is None else str(node.relation)
        for node in facts.graph.nodes
    }
    names |= {node: str(relation) for relation, node in facts.ids.items()}
    consumers = (*facts.graph.consumers, *facts.flow.consumers)
    return names | {consumer.id: consumer.name for consumer in consumers}
