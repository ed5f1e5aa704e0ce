"""What changed between two plans, in the words of somebody who reads plans."""

import pytest

from dbt_schema_evolve.predict.plan_flips import plan_flips
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.plans import PlanNode
from dbt_schema_evolve.records.relations import RelationName

ORDERS, CUSTOMERS = RelationName("marts", "orders"), RelationName("raw", "customers")
BY_DAY = IndexSpec(ORDERS, (IndexKey("day"),))

Plan = tuple[tuple[str, ...], tuple[PlanNode, ...]]


def plan(*steps: str) -> Plan:
    """A plan from lines, indented by a space a level; the words are those that estimates have."""
    words, nodes = [], []
    for step in steps:
        word = step.strip()
        relation = next((each for each in (ORDERS, CUSTOMERS) if str(each) in word), None)
        index = BY_DAY if str(BY_DAY) in word else None
        kind = word.replace("Parallel ", "").partition(" marts")[0].partition(" raw")[0]
        words.append(word)
        depth = len(step) - len(word)
        nodes.append(PlanNode(depth, kind, relation, index, 10.0, 8, 0.0, 1.0))
    return tuple(words), tuple(nodes)


SEQ, INDEX = "Seq Scan marts.orders", "Index Scan marts.orders (day)"


@pytest.mark.parametrize(
    ("before", "after", "flips"),
    [
        ((INDEX,), (SEQ,), ("Index Scan (day) on marts.orders -> Seq Scan",)),
        ((SEQ,), (SEQ,), ()),
        (
            ("Aggregate sorted", " Sort", f"  {SEQ}"),
            ("Aggregate hashed", f" {SEQ}"),
            ("Aggregate sorted + Sort on marts.orders -> Aggregate hashed",),
        ),
        ((SEQ,), ("Sort", f" {SEQ}"), ("Sort on marts.orders besides",)),
        (("Sort", f" {SEQ}"), (SEQ,), ("Sort on marts.orders no more",)),
        (
            ("Hash Join", f" {SEQ}", " Hash", "  Seq Scan raw.customers"),
            ("Nested Loop", f" {SEQ}", " Seq Scan raw.customers"),
            ("Hash Join on marts.orders, raw.customers -> Nested Loop",),
        ),
        (
            ("Hash Join", f" {SEQ}", " Hash", "  Seq Scan raw.customers"),
            ("Hash Join", " Seq Scan raw.customers", " Hash", f"  {SEQ}"),
            ("the same steps in another order",),
        ),
        ((SEQ,), ("Gather", f" Parallel {SEQ}"), ("one process -> several",)),
    ],
)
def test_flips_say_what_became_of_what(
    before: tuple[str, ...], after: tuple[str, ...], flips: tuple[str, ...]
) -> None:
    assert plan_flips(*plan(*before), *plan(*after)) == flips
