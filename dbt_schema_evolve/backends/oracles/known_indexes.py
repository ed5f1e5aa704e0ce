"""The indexes that a database has, known by structure."""

from typing import Any

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_indexes import read_indexes
from dbt_schema_evolve.backends.postgres.plans import IndexUse
from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.records.catalog import IndexShape
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexSpec, MaterializationSpec, Spec


class KnownIndexes:
    """What was there when the oracle began; whoever changes indexes meanwhile begins again."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        with connection.transaction():
            # Expressions must be printed as the catalog reader and the twin print them.
            connection.execute("set /* schema_evolve */ local search_path = ''")
            self.shapes = read_indexes(connection)

    @property
    def structures(self) -> dict[IndexUse, IndexSpec]:
        """Each index by how a plan names it."""
        return {(shape.spec.relation, shape.name): shape.spec for shape in self.shapes}

    def find(self, spec: IndexSpec) -> IndexShape | None:
        """Return the index of this structure; of two alike the one that backs no constraint."""
        alike = [
            shape
            for shape in self.shapes
            if shape.is_valid and shape.spec.relation == spec.relation and shape.spec.is_like(spec)
        ]
        return min(alike, key=lambda shape: bool(shape.constraint), default=None)


def refuse_kind(spec: Spec, oracle: str) -> OracleError:
    """Return the error for a kind of change that an oracle cannot price."""
    kind = {
        IndexSpec: "such an index",
        DropIndexSpec: "the absence of an index",
        MaterializationSpec: "a materialization",
    }[type(spec)]
    return OracleError(
        f"{oracle} cannot price {kind}", at=str(spec), remedy="ask the planner twin, which can"
    )
