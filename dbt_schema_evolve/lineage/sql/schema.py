"""What names in SQL can mean: the warehouse's relations, columns and views."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from dbt_schema_evolve.lineage.sql.rows import Output, Rows, Stored
from dbt_schema_evolve.records.relations import Column, ColumnName, RelationName
from dbt_schema_evolve.records.workload import ColumnUse

SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "pg_toast"})


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """What executing a view amounts to, in columns of stored relations."""

    rows: Rows
    base_relations: frozenset[RelationName]
    views: frozenset[RelationName]
    uses: frozenset[ColumnUse]


@dataclass(slots=True, eq=False)
class Leaf:
    """A relation in FROM that is read as it is."""

    relation: RelationName
    schema: "LineageSchema"
    rows: Rows
    is_open: bool

    def known(self) -> Iterable[Output]:
        """Return the columns that are known, in order."""
        return self.rows.outputs

    def find(self, name: str) -> Output | None:
        """Return a column that is known to be there."""
        return self.rows.find(name)

    def infer(self, name: str) -> Output | None:
        """Return a column that the warehouse did not tell us of."""
        if not self.is_open:
            return None
        return Output(name, {self.schema.column(self.relation, name): 0})


class LineageSchema:
    """Relations with their columns in order, and the queries of views; names are case-exact.

    A relation that is absent from `columns` may have any column. The facts never change; what is
    worked out from them is remembered, so ask all questions of one warehouse through one schema.
    """

    def __init__(
        self,
        columns: Mapping[RelationName, tuple[Column, ...]],
        views: Mapping[RelationName, str] | None = None,
        search_path: tuple[str, ...] = ("public",),
        owners: Mapping[RelationName, str] | None = None,
    ) -> None:
        self.columns: dict[RelationName, tuple[Column, ...]] = dict(columns)
        self.views = dict(views or {})
        self.search_path = search_path
        self.owners = dict(owners or {})  # unique id of the dbt node behind a relation
        self.expanded: dict[RelationName, ViewFacts | None] = {}  # None: cannot be expanded
        self.by_id: dict[str, RelationName] = {}  # of the relations that node_id was asked for
        self.asked: set[RelationName] = set()  # every name looked up since this was last emptied
        self._namesakes: dict[str, set[RelationName]] = defaultdict(set)
        for relation in (*self.columns, *self.views):
            self._namesakes[relation.name].add(relation)
        self._signatures: dict[RelationName, bytes] = {}
        self._leaves: dict[RelationName, Leaf] = {}
        self._stored: dict[tuple[RelationName, str], Stored] = {}

    def relation(self, schema: str, name: str) -> RelationName:
        """Return the relation that a name means, whether or not it is known.

        A session may have had another search path than any that we know of. A name that the known
        ones do not hold, and one relation of the whole warehouse has, means that one.
        """
        if schema:
            return RelationName(schema, name)
        for candidate in self.search_path:
            relation = RelationName(candidate, name)
            self.asked.add(relation)
            if relation in self.columns or relation in self.views:
                return relation
        self.asked.add(RelationName("", name))
        if len(self._namesakes[name]) == 1:
            return next(iter(self._namesakes[name]))
        if name.startswith("pg_"):
            return RelationName("pg_catalog", name)
        return RelationName(self.search_path[0] if self.search_path else "public", name)

    def column(self, relation: RelationName, name: str) -> Stored:
        """Return the one object that stands for a column."""
        key = (relation, name)
        if key not in self._stored:
            self._stored[key] = Stored(ColumnName(relation, name))
        return self._stored[key]

    def leaf(self, relation: RelationName) -> Leaf:
        """Return a relation as something to read from."""
        self.asked.add(relation)
        if relation not in self._leaves:
            outputs = []
            for column in self.columns.get(relation, ()):
                stored = self.column(relation, column.name)
                stored.type = column.type
                outputs.append(Output(column.name, {stored: 0}, column.type))
            self._leaves[relation] = Leaf(
                relation, self, Rows(outputs), is_open=relation not in self.columns
            )
        return self._leaves[relation]

    def learn(self, relation: RelationName, columns: tuple[Column, ...]) -> None:
        """Add a relation whose columns were worked out from the query that makes it."""
        if relation not in self.columns:
            self.columns[relation] = columns
            self._namesakes[relation.name].add(relation)
            self._signatures.pop(RelationName("", relation.name), None)
            self._leaves.pop(relation, None)
            self._signatures.pop(relation, None)

    def signature(self, relation: RelationName) -> bytes:
        """Return what stands for everything that a statement can learn of a relation here.

        As long as the signatures of all relations that a statement `asked` for stay the same, its
        lineage does, too.
        """
        found = self._signatures.get(relation)
        if found is None:
            facts = (
                self.owners.get(relation),
                relation in self.views,
                self.columns.get(relation),
                () if relation.schema else sorted(self._namesakes.get(relation.name, ())),
            )
            content = msgspec.msgpack.encode(facts)
            found = hashlib.blake2b(content, digest_size=8).digest()
            self._signatures[relation] = found
        return found

    def node_id(self, relation: RelationName) -> str:
        """Return the lineage node that a relation is."""
        found = self.owners.get(relation) or f"relation.{relation.schema}.{relation.name}"
        self.by_id[found] = relation
        return found
