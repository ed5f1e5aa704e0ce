"""The lineage graph through time in the history file: only what changes is written."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from dbt_schema_evolve.backends.history.file import plainly, query_text
from dbt_schema_evolve.backends.history.rows import Row, columns_of, plain_instant
from dbt_schema_evolve.backends.history.transaction import (
    Database,
    column_types,
    stage,
    transaction,
)
from dbt_schema_evolve.lineage.node_lineages import node_lineages
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    NodeLineage,
    Origin,
    RelationEdge,
    Seen,
)
from dbt_schema_evolve.records.lineage_states import ColumnType, Commit, GraphSeen, LineageState
from dbt_schema_evolve.records.relations import Column, RelationName


@dataclass(frozen=True, slots=True)
class _Table:
    """One kind of element: how it is written, whose it is, and what makes it the same thing."""

    name: str
    columns: Mapping[str, Callable[[Any], Any]]
    owner: str
    key: tuple[str, ...]
    order: str


def _fields(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: attrgetter(name) for name in names}


_NODES = _Table(
    "lineage_nodes",
    {
        "node": attrgetter("id"),
        "schema_name": lambda n: n.relation and n.relation.schema,
        "relation_name": lambda n: n.relation and n.relation.name,
        **_fields("kind", "name", "materialized", "has_inferred_columns", "detail"),
    },
    owner="node",
    key=("node",),
    order="node",
)
_COLUMNS = _Table(
    "lineage_columns",
    {
        "node": lambda c: c[0],
        "position": lambda c: c[1],
        "column_name": lambda c: c[2].name,
        "type": lambda c: c[2].type,
        "not_null": lambda c: c[2].not_null,
        "collation_sql": lambda c: c[2].collation,
    },
    owner="node",
    key=("node", "column_name"),
    order="node, position",
)
_RELATION_EDGES = _Table(
    "lineage_relation_edges",
    _fields("source", "target", "origin"),
    owner="target",
    key=("source", "target"),
    order="target, source, origin",
)
_COLUMN_EDGES = _Table(
    "lineage_column_edges",
    _fields("source", "source_column", "target", "target_column", "kind", "expression", "origin"),
    owner="target",
    key=("source", "source_column", "target", "target_column"),
    order="target, target_column, source, source_column, kind, expression, origin",
)
_INDIRECT_EDGES = _Table(
    "lineage_indirect_edges",
    _fields("source", "source_column", "target", "kind", "origin"),
    owner="target",
    key=("source", "source_column", "target", "kind"),
    order="target, source, source_column, kind, origin",
)
_TABLES = (_NODES, _COLUMNS, _RELATION_EDGES, _COLUMN_EDGES, _INDIRECT_EDGES)


@dataclass(frozen=True, slots=True)
class DuckLineageStates:
    """The states of one warehouse's graph, in an open history file."""

    database: Database
    path: Path
    warehouse: str

    def add(self, state: LineageState, graph: LineageGraph) -> bool:
        """Keep a state that is newer than all others; return whether it was."""
        with plainly(self.path), transaction(self.database) as db:
            number = self._newest() + 1
            earlier = self.states()
            if earlier and state.generated_at <= earlier[-1].generated_at:
                return False
            db.execute(
                "insert into lineage_states values ($warehouse, $number, $invocation_id,"
                " $generated_at, $git_commit, $is_dirty, $which)",
                {
                    "warehouse": self.warehouse,
                    "number": number,
                    "invocation_id": state.invocation_id,
                    "generated_at": plain_instant(state.generated_at),
                    "git_commit": state.commit and state.commit.sha,
                    "is_dirty": bool(state.commit and state.commit.is_dirty),
                    "which": state.which,
                },
            )
            types = column_types(db)
            for table, elements in zip(_TABLES, _elements(graph), strict=True):
                stage(db, types[table.name], columns_of(elements, table.columns))
                own = {"warehouse": self.warehouse, "state": number}
                for step in ("lineage_close", "lineage_open"):
                    db.execute(_filled(step, table), own)
                db.execute("drop table incoming")
        return True

    def states(self) -> tuple[LineageState, ...]:
        """Return every state, oldest first."""
        found = self._rows(
            "select invocation_id, generated_at, git_commit, is_dirty, which"
            " from lineage_states where warehouse = $warehouse order by state_number"
        )
        return tuple(
            LineageState(
                invocation_id,
                _utc(generated_at),
                None if commit is None else Commit(commit, is_dirty),
                which,
            )
            for invocation_id, generated_at, commit, is_dirty, which in found
        )

    def graph_at(self, state: LineageState, nodes: Collection[str] | None = None) -> LineageGraph:
        """Return the graph of a state; of some nodes alone, with the edges that end in them."""
        return self._graph(self._number(state), nodes)

    def last_known(self, nodes: Collection[str]) -> Mapping[str, NodeLineage]:
        """Return what was said of nodes when they were last compiled, where they ever were."""
        last: dict[int, list[str]] = {}
        for number, node in self._rows(
            query_text("lineage_compiled"), newest=self._newest(), nodes=json.dumps(sorted(nodes))
        ):
            last.setdefault(number, []).append(node)
        found: dict[str, NodeLineage] = {}
        for number, compiled in last.items():
            found |= node_lineages(self._graph(number, compiled))
        return found

    def touched(self, before: LineageState, after: LineageState) -> frozenset[str]:
        """Return the nodes of which anything differs between two states, and perhaps more."""
        ends = sorted((self._number(before), self._number(after)))
        return frozenset(
            node
            for table in _TABLES
            for (node,) in self._rows(
                _filled("lineage_touched", table), before=ends[0], after=ends[1]
            )
        )

    def seen(self) -> GraphSeen:
        """Return when each element of the newest state was first and last seen."""
        nodes, columns, relation_edges, column_edges, indirect_edges = map(self._seen, _TABLES)
        return GraphSeen(
            {node: seen for (node,), seen in nodes.items()},
            columns,
            relation_edges,
            column_edges,
            indirect_edges,
        )

    def _graph(self, number: int, nodes: Collection[str] | None) -> LineageGraph:
        wanted = None if nodes is None else json.dumps(sorted(nodes))
        found = {
            table.name: self._rows(_filled("lineage_at", table), state=number, nodes=wanted)
            for table in _TABLES
        }
        columns: dict[str, list[Column]] = {}
        for node, _, *column in found["lineage_columns"]:
            columns.setdefault(node, []).append(Column(*column))
        return LineageGraph(
            nodes=tuple(_node(row, tuple(columns.get(row[0], ()))) for row in found[_NODES.name]),
            relation_edges=tuple(
                RelationEdge(source, target, _ORIGINS[origin])
                for source, target, origin in found[_RELATION_EDGES.name]
            ),
            column_edges=tuple(
                ColumnEdge(source, name, target, column, _KINDS[kind], expression, _ORIGINS[origin])
                for source, name, target, column, kind, expression, origin in found[
                    _COLUMN_EDGES.name
                ]
            ),
            indirect_edges=tuple(
                IndirectEdge(source, name, target, IndirectKind(kind), _ORIGINS[origin])
                for source, name, target, kind, origin in found[_INDIRECT_EDGES.name]
            ),
        )

    def _seen(self, table: _Table) -> dict[Any, Seen]:
        """Return the times of one kind of elements, by their keys."""
        found = self._rows(_filled("lineage_seen", table), newest=self._newest())
        return {tuple(key): Seen(_utc(first), _utc(last)) for *key, first, last in found}

    def type_history(self, node: str, column: str) -> tuple[ColumnType, ...]:
        """Return the types that a column was known to have, oldest first."""
        found = self._rows(
            query_text("lineage_type_history"),
            newest=self._newest(),
            node=node,
            column=column,
        )
        return tuple(ColumnType(kind, Seen(_utc(first), _utc(last))) for kind, first, last in found)

    def _newest(self) -> int:
        ((number,),) = self._rows(
            "select coalesce(max(state_number), 0) from lineage_states where warehouse = $warehouse"
        )
        return int(number)

    def _number(self, state: LineageState) -> int:
        ((number,),) = self._rows(
            "select state_number from lineage_states where warehouse = $warehouse"
            " and generated_at = $generated_at",
            generated_at=plain_instant(state.generated_at),
        )
        return int(number)

    def _rows(self, query: str, **parameters: Any) -> list[Row]:
        with plainly(self.path):
            own = {"warehouse": self.warehouse, **parameters}
            return self.database.execute(query, own).fetchall()


_ORIGINS = {origin.value: origin for origin in Origin}
_KINDS = {kind.value: kind for kind in EdgeKind}


def _filled(name: str, table: _Table) -> str:
    """Return the text of a query on one of the tables."""
    return query_text(name).format(
        table=table.name,
        names=", ".join(table.columns),
        same=" and ".join(
            f"held.{name} is not distinct from gone.{name}" for name in table.columns
        ),
        owner=table.owner,
        key=", ".join(f"held.{name}" for name in table.key),
        order=table.order,
    )


def _elements(graph: LineageGraph) -> Iterator[Collection[Any]]:
    """Yield what goes into each of the tables, in their order."""
    yield graph.nodes
    yield [
        (node.id, position, column)
        for node in graph.nodes
        for position, column in enumerate(node.columns)
    ]
    yield graph.relation_edges
    yield graph.column_edges
    yield graph.indirect_edges


def _node(row: Row, columns: tuple[Column, ...]) -> LineageNode:
    node, schema, relation, kind, name, materialized, has_inferred_columns, detail = row
    return LineageNode(
        id=node,
        kind=kind,
        name=name,
        relation=None if relation is None else RelationName(schema, relation),
        columns=columns,
        has_inferred_columns=has_inferred_columns,
        detail=Detail(detail),
        materialized=materialized,
    )


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
