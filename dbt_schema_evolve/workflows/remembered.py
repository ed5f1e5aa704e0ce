"""A warehouse as the history remembers it, for questions that need no connection."""

from dbt_schema_evolve.ingest.artifacts import read_catalog
from dbt_schema_evolve.ports import History
from dbt_schema_evolve.records.catalog import Catalog, TableShape
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName

_NEVER_ANALYZED = -1.0


class RememberedWarehouse:
    """Columns of `catalog.json` and of the last capture; no definitions of views, no statistics."""

    def __init__(self, history: History) -> None:
        self._history = history

    def catalog(self) -> Catalog:
        """Return the relations whose columns are known, all as tables."""
        columns: dict[RelationName, tuple[Column, ...]] = {}
        artifact = self._history.latest_artifact("catalog")
        if artifact is not None:
            for table in read_catalog(artifact.content, "the catalog in the history"):
                columns[table.relation] = tuple(Column(*column) for column in table.columns)
        captured: dict[RelationName, list[Column]] = {}
        for profile in self._history.latest_column_profiles():
            column = Column(profile.column, profile.type, profile.not_null)
            captured.setdefault(profile.relation, []).append(column)
        columns |= {relation: tuple(found) for relation, found in captured.items()}
        return Catalog(
            server_version=0,
            settings=(),
            types=(),
            tables=tuple(
                TableShape(relation, RelationKind.TABLE, found, _NEVER_ANALYZED, 0, 0, ())
                for relation, found in sorted(columns.items())
            ),
            views=(),
            indexes=(),
        )

    def search_path(self) -> tuple[str, ...]:
        """Return the schema that dbt built in, and `public`."""
        schemas = [each.target_schema for each in self._history.captures() if each.target_schema]
        return tuple(dict.fromkeys([*schemas[-1:], "public"]))
