"""Each question to the lineage, by the facts that its answer must state."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.errors import ProjectError
from dbt_schema_evolve.lineage.questions.critical_path import critical_path
from dbt_schema_evolve.lineage.questions.impact import impact
from dbt_schema_evolve.lineage.questions.paths import paths
from dbt_schema_evolve.lineage.questions.traverse import ROWS, Traversal
from dbt_schema_evolve.lineage.questions.unused import unused
from dbt_schema_evolve.records.answers import Effect, Unused, Watch
from dbt_schema_evolve.records.captures import Capture
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.lineage import (
    Consumer,
    Detail,
    LineageGraph,
    LineageQuery,
    NodeUse,
)
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.workload import Skip, UseKind
from dbt_schema_evolve.workflows.ask_lineage import recent_runs, watched
from tests.unit.lineage.asked import questions
from tests.unit.lineage.graphs import NAMES, acyclic, graph
from tests.unit.lineage.test_graph import NOON

LONG = Watch(NOON - timedelta(days=60), NOON)
DAY = timedelta(days=1)


def query(name: str, *uses: str, days_ago: float | None = 0, calls: int = 1) -> LineageQuery:
    """A query of the consumer `bi`; a use is `a.x` or, of another kind than output, `a.x?`."""
    found = tuple(
        NodeUse(
            f"model.{use[0]}",
            use.rstrip("?")[2:],
            UseKind.FILTER if use.endswith("?") else UseKind.OUTPUT,
        )
        for use in uses
        if "." in use
    )
    seen = None if days_ago is None else NOON - days_ago * DAY
    reads = frozenset(f"model.{use[0]}" for use in uses)
    return LineageQuery(name, name, reads, found, calls=calls, total_us=calls, last_seen=seen)


def used(found: LineageGraph, *queries: LineageQuery, reads: str = "") -> LineageGraph:
    """A graph with queries of one consumer, and an exposure that names nodes."""
    consumers = [Consumer("c", "bi", "bi", fingerprints=frozenset(q.fingerprint for q in queries),
                          calls=sum(q.calls for q in queries), total_us=99)]  # fmt: skip
    if reads:
        named = frozenset(f"model.{name}" for name in reads)
        consumers.append(Consumer("exposure.board", "dashboard", "board", "Ann", named))
    return replace(found, queries=queries, consumers=tuple(consumers))


def opaque(found: LineageGraph, name: str) -> LineageGraph:
    """The graph with a node that is a Python model."""
    return replace(
        found,
        nodes=tuple(
            replace(node, detail=Detail.RELATIONS) if node.name == name else node
            for node in found.nodes
        ),
    )


def names(found: Unused) -> tuple[list[str], list[str]]:
    return [str(e.place) for e in found.nodes], [str(e.place) for e in found.columns]


# Who notices a change.


def test_values_and_rows_are_told_apart() -> None:
    """What filters one model decides about the rows of all that is made from it, once each."""
    found = impact(Traversal(graph("a.x>b.x", "b.x>c", "c.y>d.y")), ("model.a", "x"), Watch())
    assert [str(each.place) for each in found.columns] == ["b.x"]
    assert [(str(e.place), e.kinds, e.distance) for e in found.rows] == [
        ("c", ("filter",), 2), ("d", (), 3),
    ]  # fmt: skip


def test_the_strongest_step_of_a_shortest_way_names_the_kind() -> None:
    found = impact(Traversal(graph("a.x>b.y", "b.y>c.y")), ("model.a", "x"), Watch())
    assert [each.kind for each in found.columns] == ["rename", "rename"]


def test_consumers_come_by_frequency_and_exposures_as_declared() -> None:
    made = used(graph("a.x>b.x"), query("often", "b.x", calls=60), query("other", "b.y"), reads="b")
    found = impact(Traversal(made), ("model.a", "x"), LONG)
    assert [(q.label, q.calls_per_day) for q in found.queries] == [("often", 1.0)]
    bi, board = found.consumers
    assert (bi.calls, bi.calls_per_day, bi.is_declared) == (60, 1.0, False)
    assert (board.name, board.owner, board.is_declared, board.calls) == ("board", "Ann", True, 0)


def test_less_than_a_day_says_nothing_about_days() -> None:
    made = used(graph("a.x>b.x"), query("q", "b.x"))
    found = impact(Traversal(made), ("model.a", "x"), Watch(NOON - DAY / 2, NOON))
    assert found.queries[0].calls_per_day is None


def test_a_query_of_other_columns_notices_other_rows_only() -> None:
    made = used(graph("a.x>b"), query("q", "b.y"))
    (found,) = impact(Traversal(made), ("model.a", "x"), LONG).queries
    assert found.effect is Effect.ROWS
    assert impact(Traversal(made), ("model.a", "y"), LONG).queries == ()


def test_dbts_own_queries_are_no_consumers_but_its_tests_are_named() -> None:
    test = replace(query("t", "b.x"), issued_by="test.unique_b_x")
    build = replace(query("w", "a.x"), writes="model.b", issued_by="model.b")
    made = replace(graph("a.x>b.x"), queries=(test, build))
    found = impact(Traversal(made), ("model.a", "x"), LONG)
    assert (found.queries, found.tests) == ((), ("test.unique_b_x",))


def test_a_model_that_cannot_be_looked_into_may_use_what_changes() -> None:
    made = opaque(used(graph("a.x>b.x", "b>c", "c>d"), query("q", "d")), "c")
    found = impact(Traversal(made), ("model.a", "x"), LONG)
    assert [(str(e.place), e.kinds, e.distance) for e in found.rows] == [
        ("c", ("unknown",), 2), ("d", (), 3),
    ]  # fmt: skip
    assert [each.effect for each in found.queries] == [Effect.ROWS]


# What nobody reads.


def test_a_column_in_whatever_use_is_in_use_and_so_is_what_it_is_made_from() -> None:
    made = used(graph("a.x>b.x", "a.y>b", nodes="ab"), query("q", "b.x?"))
    assert names(unused(Traversal(made), LONG, 30, {})) == ([], ["b.y"])


def test_a_node_that_feeds_only_unused_nodes_is_unused_and_says_so() -> None:
    made = used(graph("a.x>b.x", "c.x>d.x", nodes="abcd"), query("q", "d.x"))
    found = unused(Traversal(made), LONG, 30, {"model.a": ModelRuns("model.a", 2, 7)})
    assert [(str(e.place), [str(f) for f in e.feeds], e.median_us) for e in found.nodes] == [
        ("b", [], None), ("a", ["b"], 7),
    ]  # fmt: skip


def test_what_was_read_too_long_ago_says_when() -> None:
    made = used(graph("a.x>b.x", nodes="ab"), query("q", "b.x", days_ago=40))
    found = unused(Traversal(made), LONG, 30, {})
    assert names(found) == (["b", "a"], [])
    assert {each.last_read for each in found.nodes} == {NOON - 40 * DAY}
    assert unused(Traversal(made), LONG, 50, {}).nodes == ()


def test_an_exposure_uses_every_column_of_the_nodes_it_names() -> None:
    made = used(graph("a.x>b.x", nodes="ab"), reads="b")
    assert names(unused(Traversal(made), LONG, 30, {})) == ([], ["a.y"])


def test_columns_read_only_in_whole_rows_are_marked() -> None:
    made = used(graph("a.x>b.x", nodes="ab"), query("star", "b.x", "b.y"), query("q", "b.x"))
    found = unused(Traversal(made), LONG, 30, {})
    assert [(str(e.place), e.in_whole_rows) for e in found.columns] == [
        ("a.y", False), ("b.y", True),
    ]  # fmt: skip


def test_a_model_that_cannot_be_looked_into_uses_every_column_that_it_may_read() -> None:
    made = used(graph("a>b", nodes="ab"), query("q", "b"))
    opaque = tuple(replace(n, detail=Detail.RELATIONS) if n.name == "b" else n for n in made.nodes)
    found = unused(Traversal(replace(made, nodes=opaque)), LONG, 30, {})
    assert names(found) == ([], ["b.x", "b.y"])
    assert any("b" in doubt.split(": ")[-1] for doubt in found.doubts)


def test_a_statement_that_never_ran_while_watched_counts_unless_the_watch_is_long_enough() -> None:
    made = used(graph("a.x>b.x", nodes="ab"), query("q", "b.x", days_ago=None))
    short = Watch(NOON - 6 * DAY, NOON)
    assert unused(Traversal(made), short, 30, {}).nodes == ()
    assert [each.last_read for each in unused(Traversal(made), LONG, 30, {}).nodes] == [None, None]


def test_dbts_tests_are_no_use_but_are_mentioned() -> None:
    made = replace(graph(nodes="a"), queries=(query("t", "a.x"),))
    (found,) = unused(Traversal(made), LONG, 30, {}).nodes
    assert found.is_tested


def test_a_short_history_unread_statements_and_partial_captures_are_doubts() -> None:
    watch = Watch(NOON - 6.2 * DAY, NOON, 3, (Skip("q", "odd"),))
    doubts = "\n".join(unused(Traversal(graph()), watch, 30, {}).doubts)
    assert "6.2 days, not 30" in doubts
    assert "statements that could not be read, they may use any of this: 1" in doubts
    assert "could not see every role's statements: 3" in doubts
    assert "no captures" in unused(Traversal(graph()), Watch(), 30, {}).doubts[0]


def test_sources_are_never_listed_and_keys_that_dbt_needs_are_kept() -> None:
    found = questions().unused()
    assert {each.place.kind for each in (*found.nodes, *found.columns)} <= {"model", "seed"}
    made = used(graph(nodes="a"), query("q", "a"))
    kept = unused(Traversal(made), LONG, 30, {}, kept={("model.a", "x")})
    assert names(kept) == ([], ["a.y"])


@given(st.sampled_from(NAMES), acyclic)
def test_one_query_more_never_leaves_more_unused(name: str, found: LineageGraph) -> None:
    before = unused(Traversal(used(found, query("q", "g"))), LONG, 30, {})
    after = unused(Traversal(used(found, query("q", "g"), query("r", name))), LONG, 30, {})
    assert set(names(after)[0]) <= set(names(before)[0])
    assert name not in names(after)[0]


# How one leads to another.


def test_every_shortest_way_is_counted_and_the_first_are_spelled_out() -> None:
    edges = [f"a.x>{b}.x" for b in "bcd"] + [f"{b}.x>e.x" for b in "bcd"]
    found = paths(Traversal(graph(*edges)), ("model.a", "x"), ("model.e", "x"), most=2)
    assert (found.count, len(found.paths)) == (3, 2)
    assert [str(way[0].target) for way in found.paths] == ["b.x", "c.x"]


def test_a_column_that_only_decides_about_rows_is_told_from_one_whose_values_arrive() -> None:
    found = paths(Traversal(graph("a.x>b", "b.y>c.y")), ("model.a", "x"), ("model.c", "y"))
    assert found.effect is Effect.ROWS
    assert [hop.kind for hop in found.paths[0]] == ["filter", "rows"]


def test_no_path_says_whether_there_is_one_the_other_way() -> None:
    traversal = Traversal(graph("a.x>b.x"))
    assert paths(traversal, ("model.b", "x"), ("model.a", "x")).other_way
    assert not paths(traversal, ("model.b", "x"), ("model.c", "x")).other_way
    assert paths(traversal, ("model.a", "y"), ("model.b", "x")).nodes_only


def test_a_node_stands_for_its_columns() -> None:
    found = paths(Traversal(graph("a.x>b.y")), ("model.a", ROWS), ("model.b", "y"))
    assert [(str(hop.source), str(hop.target)) for hop in found.paths[0]] == [("a.x", "b.y")]


# How long a run must take.


def runs(**seconds: int) -> dict[str, ModelRuns]:
    return {f"model.{key}": ModelRuns(f"model.{key}", 1, us) for key, us in seconds.items()}


def test_the_longest_chain_and_the_time_to_spare_beside_it() -> None:
    found = critical_path(
        Traversal(graph("a>b", "b>d", "a>c", "c>d", nodes="abcde")), runs(a=1, b=5, c=2, d=1)
    )
    assert [place.name for place in found.path] == ["a", "b", "d"]
    assert (found.length_us, found.total_us, found.threads) == (7, 9, 2)
    times = {e.place.name: (e.starts_us, e.slack_us, e.measured_us) for e in found.nodes}
    assert times["c"] == (1, 3, 2)
    assert times["e"] == (0, 7, None)


def test_order_is_kept_through_nodes_that_were_not_asked_for() -> None:
    traversal = Traversal(graph("a>b", "b>c", nodes="abc"))
    found = critical_path(traversal, runs(a=1, b=5, c=2), {"model.a", "model.c"})
    assert ([p.name for p in found.path], found.length_us) == (["a", "c"], 3)


def test_a_circle_is_an_error_that_names_it() -> None:
    with pytest.raises(ProjectError, match=r"circle: model\.[ab] -> model\.[ab]"):
        critical_path(Traversal(graph("a>b", "b>a")), {})


@given(acyclic, st.lists(st.integers(0, 9), min_size=7, max_size=7))
def test_nobody_has_less_to_spare_than_the_longest_chain(
    found: LineageGraph, weights: list[int]
) -> None:
    given_runs = runs(**dict(zip(NAMES, weights, strict=True)))
    answer = critical_path(Traversal(found), given_runs)
    by_place = {each.place: each for each in answer.nodes}
    assert sum(by_place[place].measured_us or 0 for place in answer.path) == answer.length_us
    assert all(by_place[place].slack_us == 0 for place in answer.path)
    assert all(each.slack_us >= 0 for each in answer.nodes)
    assert answer.length_us <= answer.total_us


def test_builds_are_timed_in_the_last_days_that_anything_was_built() -> None:
    old, new = (
        NodeRun(str(us), "model.a", "success", None, us, NOON - days * DAY)
        for us, days in ((100, 40), (3, 0))
    )
    assert recent_runs((old, new))["model.a"].median_us == 3


def test_captures_that_saw_no_statements_do_not_lengthen_the_watch() -> None:
    blind = Capture("1", NOON - 9 * DAY, not_looked_at=(Skip("statements", "no extension"),))
    partial = Capture("2", NOON - DAY, not_looked_at=(Skip("statements of other roles", "no"),))
    found = watched((blind, partial, Capture("3", NOON)))
    assert (found.days, found.partial_captures) == (1.0, 1)
