"""A plan is known by its nodes, relations and index structures, not by names of indexes."""

from typing import Any

from dbt_schema_evolve.backends.postgres.plans import index_uses, read_plan
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

ORDERS = RelationName("Märkte", "orders")
SPEC = IndexSpec(ORDERS, (IndexKey("Tag", descending=True, nulls_first=True),))


def _node(kind: str, rows: float, side: str, **more: Any) -> dict[str, Any]:
    costs = {"Startup Cost": 0.0, "Total Cost": 12.5, "Plan Rows": rows, "Plan Width": 8}
    return {"Node Type": kind, "Parent Relationship": side, **costs, **more}


def plan(index_name: str) -> dict[str, Any]:
    scan = _node("Bitmap Index Scan", 3, "Member", **{"Index Name": index_name})
    heap = {"Schema": "Märkte", "Relation Name": "orders"}
    return _node(
        "Hash Join",
        3,
        "",
        **{"Join Type": "Left"},
        Plans=[
            _node(
                "Bitmap Heap Scan",
                3,
                "Outer",
                **heap,
                Plans=[_node("BitmapAnd", 3, "Outer", Plans=[scan, scan])],
            ),
            _node(
                "Aggregate",
                3,
                "Inner",
                **{"Strategy": "Hashed", "Partial Mode": "Partial"},
                Plans=[_node("CTE Scan", 3, "Outer", **{"CTE Name": "recent"})],
            ),
        ],
    )


def test_a_bitmap_index_scan_belongs_to_the_relation_above_it() -> None:
    assert index_uses(plan("i")) == {(ORDERS, "i")}


def test_plans_with_differently_named_indexes_compare_equal() -> None:
    one = read_plan(plan("a"), {(ORDERS, "a"): SPEC})
    other = read_plan(plan("b"), {(ORDERS, "b"): SPEC})
    assert one == other
    assert one.plan == (
        "Hash Join left",
        'Bitmap Heap Scan "Märkte".orders',
        "BitmapAnd",
        'Bitmap Index Scan "Märkte".orders (Tag desc)',
        'Bitmap Index Scan "Märkte".orders (Tag desc)',
        "Partial Aggregate hashed",
        "CTE Scan recent",
    )


def test_only_requested_indexes_count_as_used() -> None:
    requested = {(ORDERS, "a"): SPEC, (ORDERS, "unused"): IndexSpec(ORDERS, (IndexKey("x"),))}
    assert read_plan(plan("a"), {}, requested).used == {SPEC}
    assert read_plan(plan("a"), {}).used == frozenset()


def test_nodes_say_how_often_loops_start_them() -> None:
    nodes = read_plan(NESTED, {(ORDERS, "a"): SPEC}).nodes
    assert [(node.kind, node.depth, node.estimated_loops, node.workers) for node in nodes] == [
        ("Gather", 0, 1.0, 0),
        ("Nested Loop", 1, 1.0, 2),
        ("Result", 2, 1.0, 2),  # an InitPlan comes first, and is no side of the join
        ("Seq Scan", 2, 1.0, 2),
        ("Nested Loop", 2, 40.0, 2),
        ("Seq Scan", 3, 40.0, 2),
        ("Index Scan", 3, 120.0, 2),
    ]
    assert nodes[-1].index == SPEC


def test_what_is_materialized_is_computed_once() -> None:
    inner = _node("Materialize", 5, "Inner", Plans=[_node("Seq Scan", 5, "Outer")])
    join = _node("Nested Loop", 200, "", Plans=[_node("Seq Scan", 40, "Outer"), inner])
    loops = [node.estimated_loops for node in read_plan(join, {}).nodes]
    assert loops == [1.0, 1.0, 40.0, 1.0]


_SCAN = {"Relation Name": ORDERS.name, "Schema": ORDERS.schema}
NESTED = _node(
    "Gather",
    100,
    "",
    **{"Workers Planned": 2},
    Plans=[
        _node(
            "Nested Loop",
            100,
            "Outer",
            Plans=[
                _node("Result", 7, "InitPlan"),
                _node("Seq Scan", 40, "Outer", **_SCAN),
                _node(
                    "Nested Loop",
                    3,
                    "Inner",
                    Plans=[
                        _node("Seq Scan", 3, "Outer", **_SCAN),
                        _node("Index Scan", 1, "Inner", **_SCAN, **{"Index Name": "a"}),
                    ],
                ),
            ],
        )
    ],
)
