"""Statements that fill nodes -> what each says of its node, parents first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dbt_schema_evolve.lineage.sql.models import node_lineage
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.lineage import NodeLineage
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import Skip


@dataclass(frozen=True, slots=True)
class Filling:
    """A statement that fills a node, and the relation that the node is, where it has one."""

    node: str
    sql: str
    relation: RelationName | None


Outcome = NodeLineage | Skip
Resolve = Callable[[Sequence[Filling], LineageSchema], Iterable[Outcome]]
"""Returns an outcome for each filling, in order; may remember, or share the work out."""


def resolve_in_order(fillings: Sequence[Filling], schema: LineageSchema) -> Iterable[Outcome]:
    """Resolve one after the other; each learns the columns of those before it."""
    for filling in fillings:
        outcome = node_lineage(filling.node, filling.sql, schema)
        learn(filling, outcome, schema)
        yield outcome


def learn(filling: Filling, outcome: Outcome, schema: LineageSchema) -> None:
    """Tell the schema the columns of a relation that the warehouse said nothing of."""
    relation = filling.relation
    if relation is None or relation in schema.columns or isinstance(outcome, Skip):
        return
    schema.learn(relation, tuple(Column(name, "") for name in outcome.columns))
