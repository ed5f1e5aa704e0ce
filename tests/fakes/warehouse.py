"""A warehouse that has the relations it is told of, and no captures."""

from collections.abc import Collection, Iterable, Mapping

from dbt_schema_evolve.records.captures import CapturedFacts
from dbt_schema_evolve.records.catalog import Catalog, TableShape
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName


class StillWarehouse:
    """Nothing happens in it."""

    def __init__(self, columns: Mapping[RelationName, tuple[Column, ...]]) -> None:
        self._columns = columns

    def catalog(self) -> Catalog:
        tables = tuple(
            TableShape(relation, RelationKind.TABLE, columns, 0, 0, 0, ())
            for relation, columns in self._columns.items()
        )
        return Catalog(180000, (), (), tables, (), ())

    def search_path(self) -> tuple[str, ...]:
        return ("public",)

    def captures(self, known: Collection[str]) -> Iterable[CapturedFacts]:
        del known
        return ()
