"""Which dbt node sent a statement, and which node it fills."""

from collections import defaultdict

from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import Statement

DBT = ("application", "dbt")
_TRANSIENT = ("__dbt_tmp", "__dbt_backup")


class Attribution:
    """Answers for the nodes of one project."""

    def __init__(self, schema: LineageSchema) -> None:
        self._schema = schema
        self._by_name: dict[str, list[RelationName]] = defaultdict(list)
        for relation in schema.owners:
            self._by_name[relation.name].append(relation)

    def node_id(self, statement: Statement, writes: RelationName | None) -> str | None:
        """Return the node that sent a statement: its comment's, else that whose relation it fills.

        Where neither says, `application_name` may tell that dbt sent it, but not for which node.
        """
        if statement.node_id is not None or writes is None:
            return statement.node_id
        owner = self._schema.owners.get(self.target(statement, writes))
        return None if owner is None or owner.startswith("source.") else owner

    def target(self, statement: Statement, writes: RelationName) -> RelationName:
        """Return what a statement fills in the end; `writes` is without dbt's `__dbt_tmp123`.

        Such a table is often a temporary one, without a schema: its node is known by its name, if
        only one has it.
        """
        named = self._by_name.get(writes.name, [])
        is_transient = any(mark in statement.text for mark in _TRANSIENT)
        is_known = writes in self._schema.owners or writes in self._schema.columns
        return named[0] if is_transient and not is_known and len(named) == 1 else writes


def is_dbts(statement: Statement) -> bool:
    """Return whether dbt sent a statement, for whichever node."""
    return statement.node_id is not None or DBT in statement.tags
