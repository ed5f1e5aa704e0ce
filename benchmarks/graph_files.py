"""The candidates that the embedded graph store was chosen over: plain files, and Ladybug."""

import csv
import gzip
import os
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

import ladybug
import msgspec

from dbt_schema_evolve.backends.graph.closure import reached
from dbt_schema_evolve.backends.graph.difference import HeldEdge, batched, difference, digest
from dbt_schema_evolve.records.property_graph import EdgeLabel, PropertyGraph


class PlainFile:
    """One compressed file, written beside the old one and renamed over it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def replace(self, graph: PropertyGraph) -> None:
        """Write a graph."""
        content = gzip.compress(msgspec.msgpack.encode(graph), 1, mtime=0)
        if self._path.exists() and self._path.read_bytes() == content:
            return
        with tempfile.NamedTemporaryFile(dir=self._path.parent, delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self._path)

    def read(self, _: str) -> PropertyGraph:
        """Return the graph."""
        content = gzip.decompress(self._path.read_bytes())
        return msgspec.msgpack.decode(content, type=PropertyGraph)

    def downstream(self, start: str, along: EdgeLabel) -> tuple[str, ...]:
        """Return the keys that one leads to."""
        after = defaultdict(list)
        for edge in self.read("").edges:
            if edge.label == along:
                after[edge.source].append(edge.target)
        return reached(lambda keys: [end for key in keys for end in after[key]], start, None)


class Ladybug:
    """A Ladybug database with one table of vertices and one of edges."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Self:
        self._database = ladybug.Database(str(self._path))
        self._connection = ladybug.Connection(self._database)
        self._rows(
            "create node table if not exists Lineage(key string primary key, label string,"
            " properties string, digest string)"
        )
        self._rows(
            "create rel table if not exists Flow(from Lineage to Lineage, key string,"
            " label string, properties string, digest string)"
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._database.close()

    def replace(self, graph: PropertyGraph) -> None:
        """Write a graph."""
        vertices = self._rows("match (n:Lineage) return n.key, n.digest")
        edges = self._rows("match (a)-[r:Flow]->() return r.key, r.label, a.key, r.digest")
        found, _ = difference(
            graph,
            {row[0]: row[1] for row in vertices},
            {row[0]: HeldEdge(row[0], EdgeLabel(row[1]), row[2], row[3]) for row in edges},
        )
        encode = msgspec.json.encode
        self._rows("begin transaction")
        self._each(
            "merge (n:Lineage {key: row.key}) set n.label = row.label,"
            " n.properties = row.properties, n.digest = row.digest",
            [
                {"key": v.key, "label": v.label.value, "properties": encode(v.properties).decode(),
                 "digest": digest(v)}
                for v in found.vertices
            ],
        )  # fmt: skip
        held = {row[0] for row in edges}
        self._each(
            "match (a:Lineage {key: row.source})-[r:Flow {key: row.key}]->() delete r",
            [{"source": e.source, "key": e.key} for e in found.edges if e.key in held]
            + [{"source": e.source, "key": e.key} for e in found.gone_edges],
        )
        with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(
                (e.source, e.target, e.key, e.label.value, encode(e.properties).decode(), digest(e))
                for e in found.edges
            )
            file.flush()
            if found.edges:  # joining them by `match` takes 70 times as long
                self._rows(f"copy Flow from '{file.name}' (parallel = false, escape = '\"')")
        self._each(
            "match (n:Lineage {key: row.key}) detach delete n",
            [{"key": key} for key in found.gone_vertices],
        )
        self._rows("commit")

    def digests(self) -> tuple[set[str], set[str]]:
        """Return what is there."""
        return (
            {row[0] for row in self._rows("match (n:Lineage) return n.digest")},
            {row[0] for row in self._rows("match ()-[r:Flow]->() return r.digest")},
        )

    def downstream(self, start: str, along: EdgeLabel) -> tuple[str, ...]:
        """Return the keys that one leads to."""
        query = (
            "unwind $keys as key match (:Lineage {key: key})-[:Flow {label: $label}]->(n)"
            " return distinct n.key"
        )

        def neighbours(keys: Any) -> list[str]:
            return [row[0] for row in self._rows(query, keys=list(keys), label=along.value)]

        return reached(neighbours, start, None)

    def _each(self, statement: str, rows: list[dict[str, str]]) -> None:
        for some in batched(rows, 10_000):
            self._rows(f"unwind $rows as row {statement}", rows=list(some))

    def _rows(self, query: str, **parameters: Any) -> list[Any]:
        found: list[Any] = self._connection.execute(query, parameters or None).get_all()
        return found
