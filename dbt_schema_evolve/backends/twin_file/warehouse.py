"""A warehouse as a twin file describes it, for verbs that need its schema and no more."""

from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.twin_file import FiledCatalog


class FiledWarehouse:
    """Answers what a warehouse would, from a file that was read."""

    def __init__(self, filed: FiledCatalog) -> None:
        self._filed = filed

    def catalog(self) -> Catalog:
        """Return schema and statistics as they were when the file was written."""
        return self._filed.catalog

    def search_path(self) -> tuple[str, ...]:
        """Return the schemas in which unqualified names may be."""
        return self._filed.search_path
