"""What has to be written is found by comparing digests, and cut into parts in a safe order."""

from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.backends.graph.closure import reached
from dbt_schema_evolve.backends.graph.difference import (
    Difference,
    HeldEdge,
    difference,
    digest,
    parts,
)
from dbt_schema_evolve.lineage.property_graph import property_graph
from dbt_schema_evolve.ports import PushCounts
from dbt_schema_evolve.records.property_graph import PropertyGraph
from tests.fakes.property_graphs import SHOP, without_revenue

SHOP_GRAPH = property_graph(SHOP, "shop")
SMALLER = property_graph(without_revenue(), "shop")


def held(graph: PropertyGraph) -> tuple[dict[str, str], dict[str, HeldEdge]]:
    return (
        {vertex.key: digest(vertex) for vertex in graph.vertices},
        {
            edge.key: HeldEdge(edge.key, edge.label, edge.source, digest(edge))
            for edge in graph.edges
        },
    )


def test_nothing_is_written_where_all_is_held() -> None:
    found, result = difference(SHOP_GRAPH, *held(SHOP_GRAPH))
    assert found == Difference()
    assert result.edges == PushCounts(0, 0, 0, len(SHOP_GRAPH.edges))


def test_what_is_held_and_not_wanted_goes() -> None:
    found, result = difference(SMALLER, *held(SHOP_GRAPH))
    assert (found.vertices, found.edges) == ((), ())
    assert len(found.gone_vertices) == result.vertices.deleted == 5
    assert [edge.key for edge in found.gone_edges] == sorted(
        {edge.key for edge in SHOP_GRAPH.edges} - {edge.key for edge in SMALLER.edges}
    )


def test_the_order_of_properties_is_no_difference() -> None:
    vertex = SHOP_GRAPH.vertices[0]
    backwards = dict(reversed(list(vertex.properties.items())))
    assert digest(vertex._replace(properties=backwards)) == digest(vertex)
    assert digest(vertex._replace(properties={**backwards, "name": "other"})) != digest(vertex)


@given(st.integers(1, 50))
def test_parts_are_the_whole_and_no_edge_comes_before_its_ends(most: int) -> None:
    empty: tuple[dict[str, str], dict[str, HeldEdge]] = ({}, {})
    found, _ = difference(SHOP_GRAPH, *empty)
    cut = list(parts(found, most))
    assert [v for part in cut for v in part.vertices] == list(found.vertices)
    assert [e for part in cut for e in part.edges] == list(found.edges)
    there: set[str] = set()
    for part in cut:
        there |= {vertex.key for vertex in part.vertices}
        assert all({edge.source, edge.target} <= there for edge in part.edges)
        assert len(part.vertices) + len(part.edges) <= most


def test_a_change_that_fits_is_one_part() -> None:
    before = property_graph(without_revenue(), "shop")
    found, _ = difference(SHOP_GRAPH, *held(before))
    assert list(parts(found, 1_000)) == [found]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"))),
    st.one_of(st.none(), st.integers(0, 6)),
)
def test_what_is_reached_is_what_walking_step_by_step_reaches(
    graph: dict[str, set[str]], depth: int | None
) -> None:
    walked = {"a"}
    for _ in range(6 if depth is None else depth):
        walked |= {end for key in walked for end in graph.get(key, ())}
    found = reached(lambda keys: [end for key in keys for end in graph.get(key, ())], "a", depth)
    assert found == tuple(sorted(walked - {"a"}))
