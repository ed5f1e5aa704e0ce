"""The lineage graph in one DuckDB file: nothing to install, nothing to start."""

import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import msgspec

from dbt_schema_evolve.backends.graph.closure import reached
from dbt_schema_evolve.errors import GraphStoreError
from dbt_schema_evolve.ports import PushCounts, PushResult
from dbt_schema_evolve.records.property_graph import (
    Edge,
    EdgeLabel,
    PropertyGraph,
    Value,
    Vertex,
    VertexLabel,
)

# Each table and what an element is beside its key. `project` leads, so that a table is one
# project's rows after another's.
_COLUMNS = {
    "vertices": ("label", "properties"),
    "edges": ("label", "source", "target", "properties"),
}


class _VertexRow(msgspec.Struct):
    key: str
    label: str
    properties: Mapping[str, Value]


class _EdgeRow(msgspec.Struct):
    key: str
    label: str
    source: str
    target: str
    properties: Mapping[str, Value]


_encoder = msgspec.json.Encoder(order="sorted")
_properties = msgspec.json.Decoder(dict[str, str | int | bool])


class EmbeddedGraph:
    """One file, open within `with`; a push is one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        """Open the file, which is made where there is none; raises GraphStoreError."""
        with self._plainly():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = duckdb.connect(str(self._path))
            self._check()
            for table, columns in _COLUMNS.items():
                names = ", ".join(f"{column} varchar" for column in ("project", "key", *columns))
                self._connection.execute(f"create table if not exists {table} ({names})")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; a push that was cut off has not happened."""
        self._connection.close()

    def replace(self, graph: PropertyGraph) -> PushResult:
        """Make a project's part of the file this graph, and touch nothing else in it."""
        with self._plainly():
            self._connection.begin()
            try:
                result = PushResult(
                    self._replace(
                        "vertices", graph.project, (_VertexRow(*v) for v in graph.vertices)
                    ),
                    self._replace("edges", graph.project, (_EdgeRow(*e) for e in graph.edges)),
                )
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()
        return result

    def read(self, project: str) -> PropertyGraph:
        """Return a project's part of the file as it was written."""
        return PropertyGraph(
            project,
            tuple(
                Vertex(key, VertexLabel(label), _properties.decode(properties))
                for key, label, properties in self._rows("vertices", project)
            ),
            tuple(
                Edge(key, EdgeLabel(label), source, target, _properties.decode(properties))
                for key, label, source, target, properties in self._rows("edges", project)
            ),
        )

    def downstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices that edges of one label lead to; the start left out."""
        return self._reached(start, along, depth, "source", "target")

    def upstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices from which edges of one label lead here."""
        return self._reached(start, along, depth, "target", "source")

    def _check(self) -> None:
        """Leave a file alone that holds something else."""
        found = self._connection.execute("select table_name from duckdb_tables()").fetchall()
        if not {name for (name,) in found} <= _COLUMNS.keys():
            self._connection.close()
            raise _not_ours(self._path)

    def _replace(self, table: str, project: str, rows: Iterable[Any]) -> PushCounts:
        columns = _COLUMNS[table]
        self._stage(columns, rows)
        same = " and ".join(f"wanted.{column} = held.{column}" for column in columns)
        counted = self._connection.execute(
            f"""
            select
                count(*) filter (held.key is null),
                count(*) filter (not ({same})),
                count(*) filter (wanted.key is null),
                count(*) filter ({same})
            from wanted full join (from {table} where project = $project) as held
                on wanted.key = held.key
            """,
            {"project": project},
        ).fetchone()
        self._connection.execute(
            f"""
            delete from {table} as held where project = $project and not exists (
                from wanted where wanted.key = held.key and {same})
            """,
            {"project": project},
        )
        # By source: a block of the file then holds neighbours, and others need not be read.
        self._connection.execute(
            f"""
            insert into {table} select $project, * from wanted where not exists (
                from {table} as held where project = $project and held.key = wanted.key)
            order by {"source" if "source" in columns else "key"}, key
            """,
            {"project": project},
        )
        return PushCounts(*(counted or (0, 0, 0, 0)))

    def _stage(self, columns: Collection[str], rows: Iterable[Any]) -> None:
        """Bring the rows in through a file, which DuckDB reads far faster than single values."""
        types = ", ".join(f"{column}: 'varchar'" for column in ("key", *columns))
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            file.write(_encoder.encode_lines(rows))
            file.flush()
            self._connection.execute(
                "create or replace temp table wanted as from read_json("
                f"$file, format = 'newline_delimited', columns = {{{types}}})",
                {"file": file.name},
            )

    def _rows(self, table: str, project: str) -> list[tuple[str, ...]]:
        with self._plainly():
            return self._connection.execute(
                f"select key, {', '.join(_COLUMNS[table])} from {table}"
                " where project = $project order by key",
                {"project": project},
            ).fetchall()

    def _reached(
        self, start: str, along: EdgeLabel, depth: int | None, here: str, there: str
    ) -> tuple[str, ...]:
        query = (
            f"select distinct {there} from edges"
            f" where label = $label and {here} in (select unnest($keys::varchar[]))"
        )

        def neighbours(keys: Collection[str]) -> list[str]:
            found = self._connection.execute(query, {"label": along.value, "keys": list(keys)})
            return [row[0] for row in found.fetchall()]

        with self._plainly():
            return reached(neighbours, start, depth)

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn troubles with the file, not our own mistakes, into errors for the user."""
        try:
            yield
        except (OSError, duckdb.IOException) as error:
            raise GraphStoreError(
                f"the graph file cannot be used: {_first_line(error)}",
                at=str(self._path),
                remedy="end the other program that holds it, or check its rights and the disk",
            ) from error
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise _not_ours(self._path) from error
        except (
            duckdb.FatalException,
            duckdb.InternalException,
            duckdb.SerializationException,
        ) as e:
            raise GraphStoreError(
                f"the graph file is damaged: {_first_line(e)}",
                at=str(self._path),
                remedy="delete it and push again: it holds nothing that is not in the history",
            ) from e


def _not_ours(path: Path) -> GraphStoreError:
    return GraphStoreError(
        "this DuckDB file is not a lineage graph of ours",
        at=str(path),
        remedy="choose another file",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
