"""The lineage graph in Neo4j, over Bolt with the official driver; needs the extra `neo4j`."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from neo4j import Driver, GraphDatabase, ManagedTransaction, Session, exceptions

from dbt_schema_evolve.backends.graph.closure import reached
from dbt_schema_evolve.backends.graph.difference import (
    Difference,
    HeldEdge,
    batched,
    difference,
    digest,
    parts,
)
from dbt_schema_evolve.errors import GraphStoreError
from dbt_schema_evolve.ports import PushResult
from dbt_schema_evolve.records.property_graph import (
    Edge,
    EdgeLabel,
    PropertyGraph,
    Vertex,
    VertexLabel,
)

# A transaction lives in the server's heap; a million changed elements would need gigabytes of it.
MOST_IN_A_TRANSACTION = 50_000
MOST_IN_A_STATEMENT = 5_000

_SCHEMA = (
    "create constraint lineage_key if not exists for (n:Lineage) require n.lineage_key is unique",
    "create index lineage_project if not exists for (n:Lineage) on (n.project)",
    "create index lineage_node_name if not exists for (n:LineageNode) on (n.name)",
    "create index lineage_column_name if not exists for (n:Column) on (n.name)",
)
_LABELS = {label.value for label in VertexLabel}
_OURS = {"lineage_key", "lineage_digest"}


class Neo4jGraph:
    """One database of a Neo4j server, open within `with`.

    Changes of up to 50,000 elements are one transaction; more are several, of which the first only
    add and the last only delete.
    """

    def __init__(self, uri: str, user: str, password: str, database: str | None = None) -> None:
        self._uri = uri
        self._auth = (user, password) if user else None
        self._database = database

    def __enter__(self) -> Self:
        """Connect; raises GraphStoreError."""
        with self._plainly():
            self._driver: Driver = GraphDatabase.driver(self._uri, auth=self._auth)
        try:
            # Neither asks again and again, as the driver does for all that changes something.
            with self._plainly(), self._session() as session:
                self._driver.verify_connectivity()
                session.run("return 1").consume()
        except BaseException:
            self._driver.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._driver.close()

    def replace(self, graph: PropertyGraph) -> PushResult:
        """Make a project's part of the database this graph, and touch nothing else in it."""
        with self._plainly(), self._session() as session:
            for statement in _SCHEMA:
                session.run(statement).consume()
            held_vertices = session.execute_read(_held_vertices, graph.project)
            held_edges = session.execute_read(_held_edges, graph.project)
            found, result = difference(graph, held_vertices, held_edges)
            for part in parts(found, MOST_IN_A_TRANSACTION):
                session.execute_write(_apply, part)
        return result

    def read(self, project: str) -> PropertyGraph:
        """Return a project's part of the database as it was written."""
        with self._plainly(), self._session() as session:
            return PropertyGraph(
                project,
                session.execute_read(_vertices, project),
                session.execute_read(_edges, project),
            )

    def downstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices that edges of one label lead to; the start left out."""
        return self._reached(start, f"-[:{along.value}]->", depth)

    def upstream(self, start: str, along: EdgeLabel, depth: int | None = None) -> tuple[str, ...]:
        """Return the keys of the vertices from which edges of one label lead here."""
        return self._reached(start, f"<-[:{along.value}]-", depth)

    def _reached(self, start: str, arrow: str, depth: int | None) -> tuple[str, ...]:
        query = (
            "unwind $keys as key"
            f" match (:Lineage {{lineage_key: key}}){arrow}(n:Lineage)"
            " return distinct n.lineage_key as key"
        )

        def neighbours(keys: Collection[str]) -> list[str]:
            return session.execute_read(_keys, query, keys)

        with self._plainly(), self._session() as session:
            return reached(neighbours, start, depth)

    def _session(self) -> Session:
        return self._driver.session(database=self._database)

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn the driver's troubles, not our own mistakes, into errors for the user."""
        try:
            yield
        except exceptions.AuthError as error:
            raise GraphStoreError(
                "Neo4j does not accept the user and password",
                at=self._uri,
                remedy="check --user and the password in SCHEMA_EVOLVE_GRAPH_PASSWORD",
            ) from error
        except exceptions.ServiceUnavailable as error:
            raise GraphStoreError(
                f"no Neo4j server answers: {_first_line(error)}",
                at=self._uri,
                remedy="check that it runs, and that --uri names its Bolt port, usually 7687",
            ) from error
        except (exceptions.ConfigurationError, ValueError) as error:
            raise GraphStoreError(
                f"this is no address of a Neo4j server: {_first_line(error)}",
                at=self._uri,
                remedy="write for example bolt://localhost:7687 or neo4j+s://host:7687",
            ) from error
        except (exceptions.Neo4jError, exceptions.DriverError) as error:
            raise GraphStoreError(
                f"Neo4j refused: {_first_line(error)}",
                at=self._uri,
                remedy="check the name of the database and the user's rights, and push again:"
                " it goes on from what is there",
            ) from error


def _apply(transaction: ManagedTransaction, part: Difference) -> None:
    """Write one part; labels are ours, all that comes from outside is a parameter."""
    vertices: dict[VertexLabel, list[Vertex]] = defaultdict(list)
    for vertex in part.vertices:
        vertices[vertex.label].append(vertex)
    for label, some in vertices.items():
        _run(
            transaction,
            f"merge (n:{_labels(label)} {{lineage_key: row.lineage_key}}) set n = row",
            [_row(vertex) for vertex in some],
        )
    edges: dict[EdgeLabel, list[Edge]] = defaultdict(list)
    for edge in part.edges:
        edges[edge.label].append(edge)
    for kind, found in edges.items():
        _run(
            transaction,
            "match (a:Lineage {lineage_key: row.source})"
            " match (b:Lineage {lineage_key: row.target})"
            f" merge (a)-[r:{kind.value} {{lineage_key: row.edge.lineage_key}}]->(b)"
            " set r = row.edge",
            [{"source": e.source, "target": e.target, "edge": _row(e)} for e in found],
        )
    gone: dict[EdgeLabel, list[HeldEdge]] = defaultdict(list)
    for held in part.gone_edges:
        gone[held.label].append(held)
    for kind, lost in gone.items():
        _run(
            transaction,
            "match (:Lineage {lineage_key: row.source})"
            f"-[r:{kind.value} {{lineage_key: row.key}}]->() delete r",
            [{"source": each.source, "key": each.key} for each in lost],
        )
    _run(
        transaction,
        "match (n:Lineage {lineage_key: row}) detach delete n",
        part.gone_vertices,
    )


def _run(transaction: ManagedTransaction, statement: str, rows: Sequence[Any]) -> None:
    for batch in batched(rows, MOST_IN_A_STATEMENT):
        transaction.run(f"unwind $rows as row {statement}", rows=list(batch)).consume()


def _labels(label: VertexLabel) -> str:
    common = "Lineage:LineageNode" if label.is_node else "Lineage"
    return f"{common}:{label.value}"


def _row(element: Vertex | Edge) -> dict[str, Any]:
    own = {"lineage_key": element.key, "lineage_digest": digest(element)}
    return {**element.properties, **own}


def _held_vertices(transaction: ManagedTransaction, project: str) -> dict[str, str]:
    found = transaction.run(
        "match (n:Lineage {project: $project})"
        " return n.lineage_key as key, n.lineage_digest as digest",
        project=project,
    )
    return {row["key"]: row["digest"] for row in found}


def _held_edges(transaction: ManagedTransaction, project: str) -> dict[str, HeldEdge]:
    found = transaction.run(
        "match (a:Lineage {project: $project})-[r]->() where r.lineage_key is not null"
        " return r.lineage_key as key, type(r) as label, a.lineage_key as source,"
        " r.lineage_digest as digest",
        project=project,
    )
    return {
        row["key"]: HeldEdge(row["key"], EdgeLabel(row["label"]), row["source"], row["digest"])
        for row in found
    }


def _vertices(transaction: ManagedTransaction, project: str) -> tuple[Vertex, ...]:
    found = transaction.run(
        "match (n:Lineage {project: $project})"
        " return n.lineage_key as key, labels(n) as labels, properties(n) as properties"
        " order by key",
        project=project,
    )
    return tuple(
        Vertex(
            row["key"],
            next(VertexLabel(label) for label in row["labels"] if label in _LABELS),
            _given(row["properties"]),
        )
        for row in found
    )


def _edges(transaction: ManagedTransaction, project: str) -> tuple[Edge, ...]:
    found = transaction.run(
        "match (a:Lineage {project: $project})-[r]->(b) where r.lineage_key is not null"
        " return r.lineage_key as key, type(r) as label, a.lineage_key as source,"
        " b.lineage_key as target, properties(r) as properties"
        " order by key",
        project=project,
    )
    return tuple(
        Edge(
            row["key"], EdgeLabel(row["label"]), row["source"], row["target"],
            _given(row["properties"]),
        )
        for row in found
    )  # fmt: skip


def _given(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in properties.items() if key not in _OURS}


def _keys(transaction: ManagedTransaction, query: str, keys: Collection[str]) -> list[str]:
    return [row["key"] for row in transaction.run(query, keys=list(keys))]


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
