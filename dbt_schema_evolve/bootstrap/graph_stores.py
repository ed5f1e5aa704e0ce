"""The graph databases by name, each with the package that it needs."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dbt_schema_evolve.errors import GraphStoreError
from dbt_schema_evolve.ports import GraphStore


class GraphKind(StrEnum):
    """What kind of graph database; those that need a package are named as its extra."""

    FILE = "file"
    NEO4J = "neo4j"
    JANUSGRAPH = "janusgraph"


_USUAL = {
    GraphKind.NEO4J: "bolt://localhost:7687",
    GraphKind.JANUSGRAPH: "ws://localhost:8182/gremlin",
}
_SCHEMES = {
    GraphKind.NEO4J: {
        f"{protocol}{secure}" for protocol in ("bolt", "neo4j") for secure in ("", "+s", "+ssc")
    },
    GraphKind.JANUSGRAPH: {"ws", "wss"},
}


@dataclass(frozen=True, slots=True)
class GraphAddress:
    """Where a graph database is, and who we are to it; what is empty has the usual value."""

    kind: GraphKind
    uri: str = ""
    user: str = ""
    password: str = ""
    database: str = ""


def graph_store(address: GraphAddress, default_file: Path) -> AbstractContextManager[GraphStore]:
    """Return a graph database, to be opened by `with`.

    Raises GraphStoreError for what is no address, and where a package is not installed.
    """
    if address.kind == GraphKind.FILE:
        path = Path(address.uri) if address.uri else default_file
        file: AbstractContextManager[GraphStore] = _backend("embedded").EmbeddedGraph(path)
        return file
    who = (_server(address), address.user, address.password, address.database or None)
    backend = _backend(address.kind.value)
    server: AbstractContextManager[GraphStore] = (
        backend.Neo4jGraph(*who) if address.kind == GraphKind.NEO4J else backend.JanusGraph(*who)
    )
    return server


def _server(address: GraphAddress) -> str:
    uri = address.uri or _USUAL[address.kind]
    try:
        parts = urlsplit(uri)
        is_address = parts.scheme in _SCHEMES[address.kind] and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise GraphStoreError(
            f"this is no address of a {address.kind.value} server",
            at=uri,
            remedy=f"write for example {_USUAL[address.kind]}",
        )
    if parts.password is not None:
        raise GraphStoreError(
            "the address holds a password",
            at=f"{parts.scheme}://{parts.hostname}",
            remedy="give --user, and the password in SCHEMA_EVOLVE_GRAPH_PASSWORD",
        )
    return uri


def _backend(name: str) -> Any:
    try:
        return import_module(f"dbt_schema_evolve.backends.graph.{name}")
    except ImportError as error:
        raise GraphStoreError(
            f"the package that speaks to {name} is not installed: {error}",
            remedy=f"pip install 'dbt-schema-evolve[{name}]'",
        ) from error
