"""Relations: those of postgres, and what changed about the indexes of a materialized view."""

# mypy: allow-subclassing-any

import json
from dataclasses import dataclass, field
from typing import Any

from dbt.adapters.contracts.relation import RelationConfig
from dbt.adapters.pgevolve.indexes import configured_indexes, same_sql
from dbt.adapters.postgres.relation import PostgresRelation
from dbt.adapters.postgres.relation_configs import PostgresMaterializedViewConfigChangeCollection
from dbt.adapters.relation_configs import RelationConfigChangeAction, RelationResults


@dataclass(frozen=True, order=True)
class ViewIndex:
    """An index of a materialized view by what it is, the order of its columns included."""

    columns: tuple[str, ...]
    include: tuple[str, ...]
    where: str
    unique: bool
    method: str
    name: str = field(default="", compare=False)

    @classmethod
    def from_config(cls, entry: dict[str, Any]) -> "ViewIndex":
        """Read an entry of `indexes`."""
        return cls(
            columns=tuple(map(same_sql, entry.get("columns") or ())),
            include=tuple(map(same_sql, entry.get("include") or ())),
            where=same_sql(entry.get("where") or ""),
            unique=bool(entry.get("unique")),
            method=entry.get("type") or "btree",
        )

    @classmethod
    def from_catalog(cls, definition: str) -> "ViewIndex":
        """Read what pgevolve__get_show_indexes_sql says of an existing index.

        Postgres rewrites predicates and expressions; where we made the index, its comment has the
        words of the config, so that unchanged config reads as unchanged.
        """
        found = json.loads(definition)
        written = json.loads(found.pop("written") or "{}")
        name = found.pop("name")
        entry = cls.from_config({**found, **written})
        return cls(entry.columns, entry.include, entry.where, entry.unique, entry.method, name)

    @property
    def as_node_config(self) -> dict[str, Any]:
        """The entry again, for get_create_index_sql."""
        entry: dict[str, Any] = {
            "columns": list(self.columns),
            "unique": self.unique,
            "type": self.method,
        }
        if self.include:
            entry["include"] = list(self.include)
        if self.where:
            entry["where"] = self.where
        return entry


@dataclass(frozen=True)
class ViewIndexChange:
    """One index to drop or create."""

    action: RelationConfigChangeAction
    context: ViewIndex
    requires_full_refresh: bool = False


@dataclass(frozen=True, eq=False, repr=False)
class PgEvolveRelation(PostgresRelation):
    """A relation that compares all properties of a materialized view's indexes."""

    def get_materialized_view_config_change_collection(
        self, relation_results: RelationResults, relation_config: RelationConfig
    ) -> PostgresMaterializedViewConfigChangeCollection | None:
        """Return what to drop and create, or None where nothing changed."""
        existing = {
            ViewIndex.from_catalog(row["definition"]) for row in relation_results["indexes"]
        }
        wanted = {
            ViewIndex.from_config(entry) for entry in configured_indexes(relation_config.config)
        }
        changes = [
            ViewIndexChange(RelationConfigChangeAction.drop, index)
            for index in sorted(existing - wanted)
        ]
        changes += [
            ViewIndexChange(RelationConfigChangeAction.create, index)
            for index in sorted(wanted - existing)
        ]
        return PostgresMaterializedViewConfigChangeCollection(indexes=changes) if changes else None
