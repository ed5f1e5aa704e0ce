"""Which columns hold the same values."""

from dbt_schema_evolve.lineage.same_values import same_values
from dbt_schema_evolve.records.lineage import ColumnEdge, EdgeKind, LineageGraph, LineageNode
from dbt_schema_evolve.records.relations import RelationName
from tests.fakes.columns import named


def graph(*edges: tuple[str, str, EdgeKind], ephemeral: str = "") -> LineageGraph:
    """Edges between `schema.relation.column`; one relation may be none in the warehouse."""
    places = {text.rpartition(".")[0] for edge in edges for text in edge[:2]}
    nodes = tuple(
        LineageNode(
            f"model.{place}", "model", place,
            None if place == ephemeral else RelationName(*place.split(".")),
        )
        for place in sorted(places)
    )  # fmt: skip
    found = []
    for source, target, kind in edges:
        start, _, start_column = source.rpartition(".")
        end, _, end_column = target.rpartition(".")
        found.append(ColumnEdge(f"model.{start}", start_column, f"model.{end}", end_column, kind))
    return LineageGraph(nodes, (), tuple(found))


ID, STG, FCT = named("raw.orders.id"), named("stg.orders.order_id"), named("marts.fct.order_id")


def test_values_are_followed_through_names_and_casts_and_nothing_else() -> None:
    flow = graph(
        ("raw.orders.id", "stg.orders.order_id", EdgeKind.RENAME),
        ("stg.orders.order_id", "marts.fct.order_id", EdgeKind.CAST),
        ("stg.orders.order_id", "marts.fct.orders", EdgeKind.AGGREGATE),
        ("stg.orders.order_id", "marts.fct.bucket", EdgeKind.EXPRESSION),
    )
    assert same_values(flow, (), [ID, FCT]) == {ID: (STG, FCT), FCT: ()}


def test_an_ephemeral_model_is_passed_through_and_not_named() -> None:
    flow = graph(
        ("raw.orders.id", "none.e.id", EdgeKind.IDENTITY),
        ("none.e.id", "marts.fct.order_id", EdgeKind.RENAME),
        ephemeral="none.e",
    )
    assert same_values(flow, (), [ID]) == {ID: (FCT,)}


def test_foreign_keys_lead_on_to_what_is_made_from_them() -> None:
    flow = graph(("raw.items.order_id", "marts.fct.order_id", EdgeKind.IDENTITY))
    item = named("raw.items.order_id")
    assert same_values(flow, [(item, ID)], [ID]) == {ID: (item, FCT)}


def test_columns_that_refer_to_each_other_or_to_themselves_come_once() -> None:
    parent = named("raw.orders.parent_id")
    keys = [(parent, ID), (ID, parent), (ID, ID)]
    assert same_values(graph(), keys, [ID, parent]) == {ID: (parent,), parent: (ID,)}
