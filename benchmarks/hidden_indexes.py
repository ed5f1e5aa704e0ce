"""Real indexes that are shown to the planner and hidden from it again at no cost."""

from collections.abc import Iterable

import psycopg

from dbt_schema_evolve.backends.postgres.catalog_indexes import read_indexes
from dbt_schema_evolve.records.changes import IndexSpec

PREFIX = "trial_"


class HiddenIndexes:
    """Builds each index once; `show` decides which of them the planner sees.

    The planner leaves out an index that is not valid, and a superuser may say so of any: two
    configurations can then take turns within milliseconds, on the same cache.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        # A prepared plan depends on tables only, and would outlive what is shown and hidden.
        connection.prepare_threshold = None
        self.names: dict[IndexSpec, str] = {}
        for shape in read_indexes(connection):
            if shape.name.startswith(PREFIX):
                self.names[shape.spec] = shape.name

    def build(self, spec: IndexSpec) -> None:
        """Build an index, unless it is there, and hide it."""
        if spec in self.names:
            return
        taken = {int(name.removeprefix(PREFIX)) for name in self.names.values()}
        name = f"{PREFIX}{max(taken, default=0) + 1}"
        sql = spec.create_sql.replace("index on", f"index {name} on", 1)
        self._connection.execute(sql.encode())
        self.names[spec] = name
        self.show(())

    def show(self, specs: Iterable[IndexSpec]) -> None:
        """Show these of the built indexes, and hide all others."""
        shown = [self.names[spec] for spec in specs]
        self._connection.execute(
            "update pg_index set indisvalid = not indisvalid"
            " from pg_class where pg_class.oid = indexrelid"
            " and starts_with(relname, %s) and indisvalid <> (relname = any(%s))",
            (PREFIX, shown),
        )

    def bytes(self, specs: Iterable[IndexSpec]) -> int:
        """Return the real size of some of them together."""
        names = [self.names[spec] for spec in specs]
        row = self._connection.execute(
            "select coalesce(sum(pg_relation_size(oid)), 0) from pg_class where relname = any(%s)",
            (names,),
        ).fetchone()
        assert row is not None
        return int(row[0])

    def drop(self) -> None:
        """Drop them all."""
        for name in self.names.values():
            self._connection.execute(f"drop index {name}".encode())
        self.names = {}
