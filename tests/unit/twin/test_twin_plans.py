"""A plan is known by its nodes, relations and index structures, not by names of indexes."""

from typing import Any

from dbt_schema_evolve.backends.postgres.plans import index_uses, read_plan
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

ORDERS = RelationName("Märkte", "orders")
SPEC = IndexSpec(ORDERS, (IndexKey("Tag", descending=True, nulls_first=True),))


def plan(index_name: str) -> dict[str, Any]:
    scan = {"Node Type": "Bitmap Index Scan", "Index Name": index_name}
    return {
        "Node Type": "Hash Join",
        "Join Type": "Left",
        "Total Cost": 12.5,
        "Plan Rows": 3,
        "Plan Width": 8,
        "Plans": [
            {
                "Node Type": "Bitmap Heap Scan",
                "Schema": "Märkte",
                "Relation Name": "orders",
                "Plans": [{"Node Type": "BitmapAnd", "Plans": [scan, scan]}],
            },
            {
                "Node Type": "Aggregate",
                "Strategy": "Hashed",
                "Partial Mode": "Partial",
                "Plans": [{"Node Type": "CTE Scan", "CTE Name": "recent"}],
            },
        ],
    }


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
