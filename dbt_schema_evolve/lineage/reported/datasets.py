"""Which node of the graph a data set is that an event names."""

import contextlib
import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.records.etl import Dataset, Home, Named
from dbt_schema_evolve.records.lineage import LineageGraph, LineageNode
from dbt_schema_evolve.records.relations import RelationName

DBT = "dbt"  # the namespace of what has no relation: ephemeral models, by their unique ids
_SCHEMES = frozenset({"postgres", "postgresql"})
_PORT = 5432


class Datasets:
    """Finds nodes by the names in events.

    A data set is a relation of the warehouse only where its namespace says so: a table of the
    same name on another server is another table.
    """

    def __init__(
        self, graph: LineageGraph, schema: LineageSchema, home: Home, told: Iterable[Dataset]
    ) -> None:
        self._schema, self._database = schema, home.database
        self._servers = {server(namespace) for namespace in (home.namespace, *home.also)} - {None}
        self._ids = {node.id for node in graph.nodes}
        self._known = {*schema.columns, *schema.views, *schema.owners}
        self._folded: dict[tuple[str, str], list[RelationName]] = defaultdict(list)
        for relation in sorted(self._known):
            self._folded[relation.schema.lower(), relation.name.lower()].append(relation)
        # dbt-ol calls a source by dbt's name for it, and an ephemeral model like a table.
        self._by_dbt_name = {
            (node.relation.schema, node.name): node.id
            for node in graph.nodes
            if node.kind == "source" and node.relation is not None
        }
        self._ephemeral = {
            node.name: node.id
            for node in graph.nodes
            if node.kind == "model" and node.relation is None
        }
        self._also: dict[Named, set[Named]] = defaultdict(set)
        self._first_names: dict[Named, Named] = {}
        for dataset in sorted(told, key=lambda each: each.name):
            self._also[dataset.name] |= {*dataset.also}
            for other in dataset.also:
                self._first_names.setdefault(other, dataset.name)
        self._found: dict[Named, str] = {}
        self.relations: dict[str, RelationName] = {}  # of ids that were given out
        self.outside: dict[str, LineageNode] = {}
        self.look_alikes: dict[str, Named] = {}  # an example by namespace

    def node(self, name: Named) -> str:
        """Return the id of the node that a data set is, be it in the graph or not."""
        if name not in self._found:
            self._found[name] = self._node(name)
        return self._found[name]

    def is_at_home(self, name: Named) -> bool:
        """Return whether a name claims to be a relation of the warehouse."""
        return self._parts(name) is not None

    def is_known(self, name: Named) -> bool:
        """Return whether the node that a data set is was known before any event."""
        found = self.node(name)
        return found in self._ids or self.relations.get(found) in self._known

    def _node(self, name: Named) -> str:
        for each in (name, *sorted(self._also.get(name, ()))):
            if each.namespace == DBT and each.name in self._ids:
                return each.name
            parts = self._parts(each)
            if parts is not None:
                return self._at_home(*parts)
        first = self._first_names.get(name, name)
        if first != name and self._also.get(first, set()) >= {name}:
            name = first
        if server(name.namespace) is not None and self._is_like_ours(name):
            self.look_alikes.setdefault(name.namespace, name)
        vertex = outside(name)
        self.outside[vertex.id] = vertex
        return vertex.id

    def _parts(self, name: Named) -> tuple[str, str] | None:
        """Return schema and name of a relation of the warehouse; the schema may be empty."""
        return self._names(name) if server(name.namespace) in self._servers else None

    def _names(self, name: Named) -> tuple[str, str] | None:
        """Return schema and name, whatever the server is."""
        parts = split(name.name)
        if len(parts) == 3 and parts[0].lower() == self._database.lower():
            return parts[1], parts[2]
        if len(parts) == 2:
            # Spark leaves the schema out where a job does, other producers the database.
            is_database = parts[0].lower() == self._database.lower()
            is_relation = RelationName(*parts) in self._known
            return "" if is_database and not is_relation else parts[0], parts[1]
        return ("", parts[0]) if len(parts) == 1 else None

    def _is_like_ours(self, name: Named) -> bool:
        names = self._names(name)
        return names is not None and RelationName(*names) in self._known

    def _at_home(self, schema: str, table: str) -> str:
        relation = self._schema.relation(schema, table)
        if relation not in self._known:
            folded = self._folded.get((relation.schema.lower(), relation.name.lower()), [])
            if len(folded) == 1:
                relation = folded[0]
            elif (relation.schema, relation.name) in self._by_dbt_name:
                return self._by_dbt_name[relation.schema, relation.name]
            elif relation.name in self._ephemeral:
                return self._ephemeral[relation.name]
        found = self._schema.node_id(relation)
        self.relations[found] = relation
        return found


def outside(name: Named) -> LineageNode:
    """Return the node of a data set that is no relation of the warehouse, called by its URI."""
    return LineageNode(
        f"dataset.{name.namespace}.{name.name}", "dataset", f"{name.namespace}/{name.name}"
    )


def name_outside(node: LineageNode) -> Named:
    """Return what a node is `outside`: its id and URI differ just where the name begins."""
    told = node.id.removeprefix("dataset.")
    place = next(place for place, letter in enumerate(told) if letter != node.name[place])
    return Named(told[:place], told[place + 1 :])


@lru_cache
def server(namespace: str) -> tuple[str, int] | None:
    """Return host and port of a Postgres that a namespace names; loopback has one name."""
    try:
        parts = urlsplit(namespace)
        host, port = (parts.hostname or "localhost").rstrip("."), parts.port or _PORT
    except ValueError:
        return None
    if parts.scheme.lower() not in _SCHEMES:
        return None
    with contextlib.suppress(ValueError):  # a name is no address
        host = "localhost" if ipaddress.ip_address(host).is_loopback else host
    return host, port


def split(name: str) -> list[str]:
    """Return the parts of a dotted name; a part in double quotes may hold dots."""
    parts, part, quoted = [], "", False
    position = 0
    while position < len(name):
        letter = name[position]
        if letter == '"' and quoted and name[position + 1 : position + 2] == '"':
            part += '"'
            position += 1
        elif letter == '"' and (quoted or not part):
            quoted = not quoted
        elif letter == "." and not quoted:
            parts.append(part)
            part = ""
        else:
            part += letter
        position += 1
    return [*parts, part]


def joined(*parts: str) -> str:
    """Return a dotted name that `split` takes apart again."""
    return ".".join(
        '"' + part.replace('"', '""') + '"' if "." in part or '"' in part else part
        for part in parts
    )
