"""The tables in which the history keeps the elements of a lineage graph."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from dbt_schema_evolve.backends.history.file import query_text
from dbt_schema_evolve.backends.history.rows import Row
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    Origin,
    RelationEdge,
)
from dbt_schema_evolve.records.relations import Column, RelationName


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One kind of element: how it is written, whose it is, and what makes it the same thing."""

    name: str
    columns: Mapping[str, Callable[[Any], Any]]
    owner: str
    key: tuple[str, ...]
    order: str


def _fields(*names: str) -> dict[str, Callable[[Any], Any]]:
    return {name: attrgetter(name) for name in names}


NODES = Table(
    "lineage_nodes",
    {
        "node": attrgetter("id"),
        "schema_name": lambda n: n.relation and n.relation.schema,
        "relation_name": lambda n: n.relation and n.relation.name,
        **_fields("kind", "name", "materialized", "has_inferred_columns", "detail", "code_digest"),
    },
    owner="node",
    key=("node",),
    order="node",
)
COLUMNS = Table(
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
RELATION_EDGES = Table(
    "lineage_relation_edges",
    _fields("source", "target", "origin"),
    owner="target",
    key=("source", "target"),
    order="target, source, origin",
)
COLUMN_EDGES = Table(
    "lineage_column_edges",
    _fields("source", "source_column", "target", "target_column", "kind", "expression", "origin"),
    owner="target",
    key=("source", "source_column", "target", "target_column"),
    order="target, target_column, source, source_column, kind, expression, origin",
)
INDIRECT_EDGES = Table(
    "lineage_indirect_edges",
    _fields("source", "source_column", "target", "kind", "origin"),
    owner="target",
    key=("source", "source_column", "target", "kind"),
    order="target, source, source_column, kind, origin",
)
TABLES = (NODES, COLUMNS, RELATION_EDGES, COLUMN_EDGES, INDIRECT_EDGES)


def filled(name: str, table: Table) -> str:
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


def elements_of(graph: LineageGraph) -> Iterator[Collection[Any]]:
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


def graph_of(rows: Mapping[Table, Iterable[Row]]) -> LineageGraph:
    """Make a graph from the rows of all tables, in the order in which they are."""
    columns: dict[str, list[Column]] = {}
    for node, _, *column in rows[COLUMNS]:
        columns.setdefault(node, []).append(Column(*column))
    return LineageGraph(
        nodes=tuple(_node(row, tuple(columns.get(row[0], ()))) for row in rows[NODES]),
        relation_edges=tuple(
            RelationEdge(source, target, _ORIGINS[origin])
            for source, target, origin in rows[RELATION_EDGES]
        ),
        column_edges=tuple(
            ColumnEdge(source, name, target, column, _KINDS[kind], expression, _ORIGINS[origin])
            for source, name, target, column, kind, expression, origin in rows[COLUMN_EDGES]
        ),
        indirect_edges=tuple(
            IndirectEdge(source, name, target, IndirectKind(kind), _ORIGINS[origin])
            for source, name, target, kind, origin in rows[INDIRECT_EDGES]
        ),
    )


_ORIGINS = {origin.value: origin for origin in Origin}
_KINDS = {kind.value: kind for kind in EdgeKind}


def _node(row: Row, columns: tuple[Column, ...]) -> LineageNode:
    node, schema, relation, kind, name, materialized, has_inferred_columns, detail, code = row
    return LineageNode(
        id=node,
        kind=kind,
        name=name,
        relation=None if relation is None else RelationName(schema, relation),
        columns=columns,
        has_inferred_columns=has_inferred_columns,
        detail=Detail(detail),
        materialized=materialized,
        code_digest=code or "",
    )
