"""Which dbt node sent a statement, and which node a relation of dbt's own making stands for."""

import re
from collections import defaultdict

from dbt_schema_evolve.lineage.schema import LineageSchema
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Statement

DBT = ("application", "dbt")
_STEP = re.compile(r"__dbt_(?:tmp|backup)\d*\Z")


class Attribution:
    """Answers for the nodes of one project."""

    def __init__(self, schema: LineageSchema) -> None:
        self._owners = schema.owners
        self._by_name: dict[str, set[RelationName]] = defaultdict(set)
        for relation in schema.owners:
            self._by_name[relation.name].add(relation)

    def node_id(self, statement: Statement, writes: RelationName | None) -> str | None:
        """Return the node that sent a statement: its comment's, else that whose relation it fills.

        Where neither says, `application_name` may tell that dbt sent it, but not for which node.
        """
        if statement.node_id is not None:
            return statement.node_id
        owner = None if writes is None else self._owners.get(self.settled(writes))
        return None if owner is None or owner.startswith("source.") else owner

    def settled(self, relation: RelationName) -> RelationName:
        """Return the node's relation where dbt builds beside it: `orders__dbt_tmp123` is `orders`.

        A temporary table has no schema, so its node is known by its name, if only one has it.
        """
        name = _STEP.sub("", relation.name)
        beside = RelationName(relation.schema, name)
        if name == relation.name or beside in self._owners:
            return beside
        named = self._by_name.get(name, set())
        return next(iter(named)) if len(named) == 1 else relation


def is_dbts(statement: Statement) -> bool:
    """Return whether dbt sent a statement, for whichever node."""
    return statement.node_id is not None or DBT in statement.tags
