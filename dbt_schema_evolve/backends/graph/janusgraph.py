"""The lineage graph in JanusGraph, over Gremlin; needs the extra `janusgraph`."""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import attrgetter
from types import TracebackType
from typing import Any, Self, TypeVar

from aiohttp import ClientError
from gremlin_python.driver.client import Client
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.driver.protocol import ConfigurationError, GremlinServerError
from gremlin_python.driver.serializer import GraphSONSerializersV3d0
from gremlin_python.process.anonymous_traversal import traversal
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import Direction, Merge, P, T
from gremlin_python.statics import long

from dbt_schema_evolve.backends.graph.closure import reached
from dbt_schema_evolve.backends.graph.difference import HeldEdge, batched, difference, digest
from dbt_schema_evolve.backends.graph.janusgraph_schema import define_schema
from dbt_schema_evolve.errors import GraphStoreError
from dbt_schema_evolve.ports import PushResult
from dbt_schema_evolve.records.property_graph import (
    EDGE_PROPERTIES,
    VERTEX_PROPERTIES,
    Edge,
    EdgeLabel,
    PropertyGraph,
    Vertex,
    VertexLabel,
)

# A request is one transaction and, as JanusGraph's server is delivered, at most 64 KiB long.
MOST_BYTES = 40_000
MOST_ELEMENTS = 100
MOST_KEYS = 500
_BYTES_OF_STEPS = 1_000  # around an element's properties; measured in its tests

_DIGITS = "0123456789abcdef"
_EDGE_LABELS = tuple(label.value for label in EdgeLabel)
_EDGE_ROW = ("key", "label", "source", "target", "properties")
_OURS = {"lineage_key", "lineage_part", "lineage_digest"}

Element = TypeVar("Element", Vertex, Edge)

# The driver also logs what it raises, and would print it where nobody listens.
logging.getLogger("gremlinpython").addHandler(logging.NullHandler())


class JanusGraph:
    """One graph of a JanusGraph server, open within `with`.

    A push is many small transactions: first all that is new or changed, then all that is gone.
    """

    def __init__(
        self,
        uri: str,
        user: str = "",
        password: str = "",
        source: str | None = None,
        define: Callable[[Client], None] = define_schema,
    ) -> None:
        """Take the name of a traversal source, which stands for a graph; default `g`."""
        self._uri = uri
        self._user, self._password = user, password
        self._source_name = source or "g"
        self._define = define

    def __enter__(self) -> Self:
        """Connect; raises GraphStoreError."""
        with self._plainly():
            self._connection = DriverRemoteConnection(
                self._uri,
                self._source_name,
                pool_size=1,
                username=self._user,
                password=self._password,
                message_serializer=GraphSONSerializersV3d0(),
            )
        try:
            with self._plainly():
                self._g = traversal().with_remote(self._connection)
                self._g.inject(1).next()
        except BaseException:
            self._connection.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._connection.close()

    def replace(self, graph: PropertyGraph) -> PushResult:
        """Make a project's part of the graph this one, and touch nothing else in it."""
        with self._plainly():
            self._define(self._connection._client)
            found, result = difference(
                graph, self._held_vertices(graph.project), self._held_edges(graph.project)
            )
            for vertices in requests(found.vertices):
                self._merge_vertices(graph.project, vertices)
            for edges in requests(found.edges):
                self._merge_edges(edges)
            for gone in batched(found.gone_edges, MOST_ELEMENTS):
                self._drop_edges(gone)
            for keys in batched(found.gone_vertices, MOST_ELEMENTS):
                self._with_keys(keys).drop().iterate()
        return result

    def read(self, project: str) -> PropertyGraph:
        """Return a project's part of the graph as it was written."""
        with self._plainly():
            vertices = [
                Vertex(row["key"], VertexLabel(row["label"]), _given(row["properties"]))
                for part in self._parts(project)
                for row in part.project("key", "label", "properties")
                .by("lineage_key").by(T.label).by(__.value_map().by(__.unfold())).to_list()
            ]  # fmt: skip
            edges = [
                Edge(row["key"], EdgeLabel(row["label"]), row["source"], row["target"],
                     _given(row["properties"]))
                for part in self._parts(project)
                for row in _our_edges(part).project(*_EDGE_ROW)
                .by("lineage_key").by(T.label)
                .by(__.out_v().values("lineage_key")).by(__.in_v().values("lineage_key"))
                .by(__.value_map().by(__.unfold())).to_list()
            ]  # fmt: skip
        by_key = attrgetter("key")
        return PropertyGraph(
            project, tuple(sorted(vertices, key=by_key)), tuple(sorted(edges, key=by_key))
        )

    def downstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices that edges of one label lead to; the start left out."""
        return self._reached(start, depth, lambda vertices: vertices.out(along.value))

    def upstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices from which edges of one label lead here."""
        return self._reached(start, depth, lambda vertices: vertices.in_(along.value))

    def _reached(
        self, start: str, depth: int | None, step: Callable[[Any], Any]
    ) -> tuple[str, ...]:
        def neighbours(keys: Collection[str]) -> Iterator[str]:
            for some in batched(sorted(keys), MOST_KEYS):
                yield from step(self._with_keys(some)).dedup().values("lineage_key").to_list()

        with self._plainly():
            return reached(neighbours, start, depth)

    def _merge_vertices(self, project: str, vertices: Sequence[Vertex]) -> None:
        steps = self._g.inject(0)
        for vertex in vertices:
            steps = steps.merge_v({T.label: vertex.label.value, "lineage_key": vertex.key})
            steps = steps.property("lineage_part", _part(project, vertex.key))
            steps = _described(steps, vertex, VERTEX_PROPERTIES[vertex.label])
        steps.iterate()

    def _merge_edges(self, edges: Sequence[Edge]) -> None:
        steps = self._g.inject(0)
        for edge in edges:
            ends = {Direction.OUT: Merge.out_v, Direction.IN: Merge.in_v}
            steps = (
                steps.merge_e({T.label: edge.label.value, "lineage_key": edge.key, **ends})
                .option(Merge.out_v, {"lineage_key": edge.source})
                .option(Merge.in_v, {"lineage_key": edge.target})
            )
            steps = _described(steps, edge, EDGE_PROPERTIES[edge.label])
        steps.iterate()

    def _drop_edges(self, gone: Sequence[HeldEdge]) -> None:
        sources = self._with_keys(sorted({edge.source for edge in gone}))
        keys = [edge.key for edge in gone]
        sources.out_e(*_EDGE_LABELS).has("lineage_key", P.within(keys)).drop().iterate()

    def _held_vertices(self, project: str) -> dict[str, str]:
        return {
            row["key"]: row["digest"]
            for part in self._parts(project)
            for row in part.project("key", "digest")
            .by("lineage_key").by("lineage_digest").to_list()
        }  # fmt: skip

    def _held_edges(self, project: str) -> dict[str, HeldEdge]:
        return {
            row["key"]: HeldEdge(row["key"], EdgeLabel(row["label"]), row["source"], row["digest"])
            for part in self._parts(project)
            for row in _our_edges(part).project("key", "label", "source", "digest")
            .by("lineage_key").by(T.label).by(__.out_v().values("lineage_key"))
            .by("lineage_digest").to_list()
        }  # fmt: skip

    def _parts(self, project: str) -> Iterator[Any]:
        """Yield a project's vertices in sixteen parts, each one entry of the index."""
        for digit in _DIGITS:
            yield self._g.V().has("lineage_part", _part(project, digit))

    def _with_keys(self, keys: Sequence[str]) -> Any:
        return self._g.V().has("lineage_key", P.within(list(keys)))

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn the driver's troubles, not our own mistakes, into errors for the user."""
        try:
            yield
        except (ConfigurationError, GremlinServerError) as error:
            code = getattr(error, "status_code", 401)
            if code == 401:
                raise GraphStoreError(
                    "the Gremlin server does not accept the user and password",
                    at=self._uri,
                    remedy="check --user and the password in SCHEMA_EVOLVE_GRAPH_PASSWORD",
                ) from error
            raise GraphStoreError(
                f"the Gremlin server refused: {_first_line(error)}",
                at=self._uri,
                remedy="check that it is a JanusGraph, and push again: it goes on from what is"
                " there",
            ) from error
        except (ClientError, OSError, RuntimeError, ValueError) as error:  # closed: RuntimeError
            raise GraphStoreError(
                f"no Gremlin server answers: {_first_line(error)}",
                at=self._uri,
                remedy="check that it runs; write for example ws://localhost:8182/gremlin",
            ) from error


def requests(elements: Sequence[Element]) -> Iterator[Sequence[Element]]:
    """Cut what is to be written into requests that the server takes."""
    request: list[Element] = []
    size = 0
    for element in elements:
        needs = _BYTES_OF_STEPS + len(json.dumps(element.properties))
        if request and (size + needs > MOST_BYTES or len(request) == MOST_ELEMENTS):
            yield request
            request, size = [], 0
        request.append(element)
        size += needs
    if request:
        yield request


def _described(steps: Any, element: Vertex | Edge, possible: Collection[str]) -> Any:
    """Set every property that an element has, and drop every other that it could have."""
    for name, value in element.properties.items():
        is_number = isinstance(value, int) and not isinstance(value, bool)
        steps = steps.property(name, long(value) if is_number else value)
    steps = steps.property("lineage_digest", digest(element))
    absent = [name for name in possible if name not in element.properties]
    return steps.side_effect(__.properties(*absent).drop()) if absent else steps


def _our_edges(vertices: Any) -> Any:
    return vertices.out_e(*_EDGE_LABELS).has("lineage_key")


def _part(project: str, key: str) -> str:
    return f"{project}/{key[0]}"


def _given(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in _OURS}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
