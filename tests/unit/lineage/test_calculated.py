"""Which columns somebody calculates with."""

from dbt_schema_evolve.lineage.calculated import calculated
from dbt_schema_evolve.records.lineage import EdgeKind
from tests.fakes.columns import named
from tests.unit.lineage.test_same_values import graph

FLOW = graph(
    ("raw.orders.amount", "none.e.amount", EdgeKind.IDENTITY),
    ("none.e.amount", "stg.orders.value", EdgeKind.CAST),
    ("stg.orders.value", "marts.fct.gross", EdgeKind.EXPRESSION),
    ("marts.fct.gross", "marts.day.gross", EdgeKind.AGGREGATE),
    ("raw.orders.id", "stg.orders.id", EdgeKind.RENAME),
    ephemeral="none.e",
)


def test_an_expression_far_downstream_is_found_and_what_it_makes_is_another_column() -> None:
    assert calculated(FLOW, {EdgeKind.EXPRESSION}) == {
        named("raw.orders.amount"),
        named("stg.orders.value"),
    }
    assert calculated(FLOW, {EdgeKind.AGGREGATE}) == {named("marts.fct.gross")}


def test_columns_that_are_made_of_each_other_end() -> None:
    circle = graph(
        ("a.a.x", "b.b.x", EdgeKind.IDENTITY),
        ("b.b.x", "a.a.x", EdgeKind.IDENTITY),
        ("b.b.x", "b.b.x", EdgeKind.EXPRESSION),
    )
    assert calculated(circle, {EdgeKind.EXPRESSION}) == {named("a.a.x"), named("b.b.x")}
