"""What is upstream and downstream, whatever the shape of the graph."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.lineage.questions.impact import impact
from dbt_schema_evolve.lineage.questions.paths import paths
from dbt_schema_evolve.lineage.questions.reach import downstream, upstream
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal
from dbt_schema_evolve.lineage.questions.unused import unused
from dbt_schema_evolve.records.answers import Effect, Watch
from dbt_schema_evolve.records.lineage import LineageGraph
from dbt_schema_evolve.report.impact_text import impact_text
from dbt_schema_evolve.report.lineage_text import paths_text, reach_text
from tests.unit.lineage.graphs import COLUMNS, NAMES, chain, graph, graphs

names = st.sampled_from([f"model.{name}" for name in NAMES])
columns = st.tuples(names, st.sampled_from(COLUMNS))


@given(graphs, names, names)
def test_a_node_is_downstream_of_those_upstream_of_it(
    found: LineageGraph, one: str, other: str
) -> None:
    traversal = Traversal(found)
    assert (one in traversal.downstream(other)) == (other in traversal.upstream(one))


@given(graphs, columns, columns)
def test_a_column_is_downstream_of_those_upstream_of_it(
    found: LineageGraph, one: tuple[str, str], other: tuple[str, str]
) -> None:
    traversal = Traversal(found)
    assert (one in traversal.downstream_columns(*other)) == (
        other in traversal.upstream_columns(*one)
    )


@given(graphs, columns, st.integers(1, 4))
def test_more_depth_reaches_no_less(
    found: LineageGraph, start: tuple[str, str], depth: int
) -> None:
    traversal = Traversal(found)
    near = set(traversal.downstream_columns(*start, depth=depth))
    assert near <= set(traversal.downstream_columns(*start, depth=depth + 1))
    assert near <= set(traversal.downstream_columns(*start))


@given(graphs, columns)
def test_what_a_column_reaches_its_node_reaches(
    found: LineageGraph, start: tuple[str, str]
) -> None:
    traversal = Traversal(found)
    of_column = impact(traversal, start, Watch())
    of_node = impact(traversal, (start[0], ROWS), Watch())
    within = {each.place for each in of_node.columns}
    # The node's own columns are where its impact starts.
    assert {e.place for e in of_column.columns if e.place.node != start[0]} <= within
    assert {e.place for e in of_column.rows} <= {e.place for e in of_node.rows}


@given(graphs, columns, columns)
def test_there_is_a_path_where_there_is_a_way(
    found: LineageGraph, start: tuple[str, str], end: tuple[str, str]
) -> None:
    traversal = Traversal(found)
    answer = paths(traversal, start, end)
    arrives = end in traversal.downstream_columns(*start)
    assert (answer.effect is Effect.VALUES) == arrives
    assert bool(answer.count) == (answer.effect is not None) == bool(answer.paths)
    for way in answer.paths:
        assert (way[0].source.node, way[0].source.column) == start
        assert way[-1].target.node == end[0]
        assert all(one.target == other.source for one, other in itertools.pairwise(way))


@given(graphs, names)
def test_a_tree_names_all_that_is_reached_and_spells_nothing_out_twice(
    found: LineageGraph, start: str
) -> None:
    traversal = Traversal(found)
    reach = downstream(traversal, [(start, ROWS)])
    assert {each.place.node for each in reach.places if each.distance} == set(
        traversal.downstream(start)
    )
    lines = reach_text(reach, 10_000).splitlines()
    assert len(lines) == len(reach.edges) + 1
    assert {line.strip("└├─│ ").split(" ")[0] for line in lines} == {
        each.place.name for each in reach.places
    }


def test_a_circle_ends() -> None:
    traversal = Traversal(graph("a.x>b.x", "b.x>a.x", "a.x>a"))
    assert traversal.downstream("model.a") == ("model.b",)
    assert traversal.upstream_columns("model.a", "x") == (("model.b", "x"),)


def test_kinds_that_decide_about_rows_are_found_at_the_start_only() -> None:
    traversal = Traversal(graph("a.x>b", "b.x>c", "b.y>c.y"))
    found = upstream(traversal, [("model.c", "y")], kinds=("filter",))
    assert [(str(hop.source), str(hop.target)) for hop in found.edges] == [("b.x", "c")]
    found = downstream(traversal, [("model.a", "x")], kinds=("filter",))
    assert [(str(hop.source), str(hop.target)) for hop in found.edges] == [("a.x", "b")]


def test_columns_that_only_edges_name_are_columns_too() -> None:
    traversal = Traversal(graph("a.hidden>b.x"))
    assert "hidden" in traversal.columns_of("model.a")


def test_ten_thousand_models_in_a_row_are_answered() -> None:
    traversal = Traversal(chain(10_000))
    first, last = "model.n00000", "model.n09999"
    assert len(traversal.downstream(first)) == 9_999
    answer = impact(traversal, (first, "y"), Watch())
    assert (len(answer.columns), len(answer.rows)) == (0, 9_999)
    assert answer.rows[0].kinds == ("join",)
    assert len(impact_text(answer, 10).splitlines()) < 20
    way = paths(traversal, (first, "x"), (last, "x"))
    assert (way.count, len(way.paths[0])) == (1, 9_999)
    assert paths_text(way)
    assert len(reach_text(upstream(traversal, [(last, ROWS)]), 60).splitlines()) == 61
    assert len(unused(traversal, Watch(), 30, {}).nodes) == 10_000
