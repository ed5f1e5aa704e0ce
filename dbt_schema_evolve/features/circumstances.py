"""Everything that is known around one subject at a cut-off, before it is turned into numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.features.critical import Place
from dbt_schema_evolve.features.flow_changes import Changed
from dbt_schema_evolve.features.known_rows import relation_id
from dbt_schema_evolve.features.plans import Plans
from dbt_schema_evolve.features.skew import Skew
from dbt_schema_evolve.features.subjects import Subject
from dbt_schema_evolve.features.upstream import Reached, Wait
from dbt_schema_evolve.features.usage import Usage
from dbt_schema_evolve.records.forecasts import Driver
from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True, eq=False)
class Circumstances:
    """One subject's, at one cut-off."""

    subject: Subject
    count: int  # of its observations that are known
    cutoff: float  # in days since 1970
    relations: Sequence[RelationName]  # stored ones that it reads, largest first
    conditions: Mapping[RelationName, Mapping[str, float]]  # of those of them that were captured
    driver: Driver | None
    reached: Sequence[Reached]  # stored relations above, what stirs it most first
    wait: Wait | None  # for the stalest model between it and what stirs it most
    plans: Plans | None
    skew: Skew | None  # of the worst column that decides about its rows
    usage: Usage
    place: Place | None  # among all builds
    flow: Mapping[str, float]  # what changed in what it reads and is read by
    changed: Changed | None  # what of that, or of code above it, changed last
    new_code: Mapping[str, Changed]  # by node, what code changed last of it or above it
    names: Mapping[str, str]  # what people call nodes and consumers
    ids: Mapping[RelationName, str]  # lineage node ids

    def node(self, relation: RelationName) -> str:
        """Return the lineage node id of a relation."""
        return relation_id(relation, self.ids)
