"""A small lineage graph with everything in it, and one whose names are hostile."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Consumer,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    LineageGraph,
    LineageNode,
    LineageQuery,
    NodeUse,
    RelationEdge,
    Seen,
)
from dbt_schema_evolve.records.lineage_states import GraphSeen
from dbt_schema_evolve.records.relations import Column, RelationName
from dbt_schema_evolve.records.workload import UseKind

MARCH = datetime(2026, 3, 1, 6, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, 6, tzinfo=UTC)

ORDERS, STAGED, REVENUE = "source.shop.raw.orders", "model.shop.stg_orders", "model.shop.revenue"
SHOP = LineageGraph(
    nodes=(
        LineageNode(
            ORDERS, "source", "orders", RelationName("raw", "orders"),
            (Column("id", "bigint"), Column("amount", "numeric"), Column("note", "text")),
        ),
        LineageNode(
            STAGED, "model", "stg_orders", RelationName("marts", "stg_orders"),
            (Column("order_id", "bigint"), Column("total", "numeric")),
        ),
        LineageNode(
            REVENUE, "model", "revenue", RelationName("marts", "revenue"),
            (Column("revenue", "numeric"), Column("orders", "bigint")),
        ),
    ),
    relation_edges=(RelationEdge(ORDERS, STAGED), RelationEdge(STAGED, REVENUE)),
    column_edges=(
        ColumnEdge(ORDERS, "id", STAGED, "order_id", EdgeKind.RENAME),
        ColumnEdge(ORDERS, "amount", STAGED, "total", EdgeKind.EXPRESSION, "amount * 2"),
        ColumnEdge(STAGED, "total", REVENUE, "revenue", EdgeKind.AGGREGATE, "sum(total)"),
        ColumnEdge(STAGED, "order_id", REVENUE, "orders", EdgeKind.AGGREGATE, "count(order_id)"),
    ),
    indirect_edges=(IndirectEdge(ORDERS, "note", STAGED, IndirectKind.FILTER),),
    queries=(
        LineageQuery(
            "q1", "select revenue from marts.revenue", frozenset({REVENUE}),
            (NodeUse(REVENUE, "revenue", UseKind.OUTPUT),), roles=frozenset({"web", "ann"}),
            calls=16, total_us=609, first_seen=MARCH, last_seen=APRIL,
        ),
        LineageQuery(
            "q2", "insert into raw.orders select ?", frozenset(), (), writes=ORDERS, calls=2,
        ),
    ),
    consumers=(
        Consumer(
            "route.shop./orders", "route", "/orders", reads=frozenset({REVENUE}),
            fingerprints=frozenset({"q1"}), calls=16, total_us=609, last_seen=APRIL,
        ),
    ),
)  # fmt: skip

_HOSTILE = (
    'it\'s "quoted" `ticked` $dollar {brace} \\ back',
    "two\nlines\r\n\ttab",
    "🧨" * 15 + "\u202e",
    "'; drop graph; --",
    "select",
    "é" * 31,
    "${1+1}<script>",
    "lineage_key",
    " ",
)
HOSTILE = LineageGraph(
    nodes=tuple(
        LineageNode(
            f"relation.{name}", "relation", name, RelationName("s", name),
            tuple(Column(column, "text") for column in _HOSTILE),
        )
        for name in _HOSTILE
    ),
    relation_edges=tuple(
        RelationEdge(f"relation.{one}", f"relation.{other}")
        for one, other in pairwise(_HOSTILE)
    ),
    column_edges=tuple(
        ColumnEdge(
            f"relation.{one}", one, f"relation.{other}", other, EdgeKind.EXPRESSION,
            f"{one} || {other} || " * 1_000,
        )
        for one, other in pairwise(_HOSTILE)
    ),
    queries=(
        LineageQuery("q'\n", _HOSTILE[0] * 1_000, frozenset({f"relation.{_HOSTILE[0]}"}), ()),
    ),
)  # fmt: skip


SEEN = GraphSeen(
    nodes={ORDERS: Seen(MARCH, APRIL)},
    columns={(REVENUE, "revenue"): Seen(MARCH, APRIL)},
    relation_edges={(STAGED, REVENUE): Seen(MARCH, APRIL)},
    column_edges={(ORDERS, "amount", STAGED, "total"): Seen(MARCH, MARCH)},
    indirect_edges={(ORDERS, "note", STAGED, "filter"): Seen(APRIL, APRIL)},
)


def without_revenue(graph: LineageGraph = SHOP) -> LineageGraph:
    """The shop after its last model and all that read it have gone."""
    return replace(
        graph,
        nodes=graph.nodes[:2],
        relation_edges=graph.relation_edges[:1],
        column_edges=graph.column_edges[:2],
        queries=graph.queries[1:],
        consumers=(),
    )
