"""What a project says of its own relations in `meta.schema_evolve`, whatever a workload says."""

from dataclasses import dataclass

from dbt_schema_evolve.records.changes import IndexSpec
from dbt_schema_evolve.records.relations import RelationName


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """An index that has to be there: advised where it is missing, never dropped."""

    spec: IndexSpec
    model_id: str  # the dbt node that says so


@dataclass(frozen=True, slots=True)
class Veto:
    """Something that is not to be advised."""

    relation: RelationName
    model_id: str
    kind: str = ""  # the recommender's name; empty: whatever kind
    spec: IndexSpec | None = None  # this index alone: neither built nor dropped


@dataclass(frozen=True, slots=True)
class Wishes:
    """All pins and vetoes of a project."""

    pins: tuple[Pin, ...] = ()
    vetoes: tuple[Veto, ...] = ()


NO_WISHES = Wishes()
