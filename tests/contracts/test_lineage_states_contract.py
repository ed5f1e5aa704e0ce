"""Every keeper of the graph through time returns each state as it was, and when it was seen."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.ports import LineageStates
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    Detail,
    EdgeKind,
    LineageGraph,
    LineageNode,
    RelationEdge,
    Seen,
)
from dbt_schema_evolve.records.lineage_states import ColumnType, Commit
from dbt_schema_evolve.records.relations import Column
from tests.fakes.history import DictHistory
from tests.fakes.lineage_graphs import IDS, NAMES, START, graphs, state

KEEPERS = ("file", "memory")


@contextmanager
def opened(keeper: str) -> Iterator[LineageStates]:
    if keeper == "memory":
        yield DictHistory().lineage
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        DuckHistory(Path(folder) / "history.duckdb") as history,
    ):
        yield history.lineage


@pytest.fixture(params=KEEPERS)
def keeper(request: pytest.FixtureRequest) -> Iterator[LineageStates]:
    with opened(request.param) as found:
        yield found


def orders(*columns: Column, edges: bool = True) -> LineageGraph:
    made = (
        ColumnEdge("source.shop.raw.o", column.name, "model.shop.a", column.name, EdgeKind.IDENTITY)
        for column in columns
        if edges
    )
    nodes = (
        LineageNode("model.shop.a", "model", "a", columns=columns, materialized="table"),
        LineageNode("source.shop.raw.o", "source", "o"),
    )
    return LineageGraph(
        nodes, (RelationEdge("source.shop.raw.o", "model.shop.a"),) if edges else (), tuple(made)
    )


def test_nothing_was_seen_before_the_first_state(keeper: LineageStates) -> None:
    assert keeper.states() == ()
    assert keeper.seen().nodes == {}
    assert keeper.type_history("model.shop.a", "id") == ()


def test_states_come_out_as_they_went_in(keeper: LineageStates) -> None:
    first = replace(state(0), commit=Commit("5d41402abc", is_dirty=True), which="run")
    assert keeper.add(first, orders())
    assert keeper.add(state(1), orders())
    assert keeper.states() == (first, state(1))


@pytest.mark.parametrize("keeper_name", KEEPERS)
@settings(max_examples=40, deadline=None)
@given(st.lists(graphs(), min_size=1, max_size=5))
def test_every_state_reads_back_as_its_graph(keeper_name: str, told: list[LineageGraph]) -> None:
    with opened(keeper_name) as keeper:
        for number, graph in enumerate(told):
            assert keeper.add(state(number), graph)
        for number, graph in enumerate(told):
            assert keeper.graph_at(state(number)) == graph


@settings(max_examples=40, deadline=None)
@given(st.lists(graphs(), min_size=1, max_size=5), st.sets(st.sampled_from(IDS)))
def test_the_file_answers_as_whole_graphs_do(told: list[LineageGraph], some: set[str]) -> None:
    """The fake keeps whole graphs and looks through all of them."""
    with opened("file") as file, opened("memory") as memory:
        for number, graph in enumerate(told):
            file.add(state(number), graph)
            memory.add(state(number), graph)
        newest = state(len(told) - 1)
        assert file.seen() == memory.seen()
        assert file.graph_at(newest, some) == memory.graph_at(newest, some)
        assert file.last_known(some) == memory.last_known(some)
        assert file.touched(state(0), newest) == memory.touched(state(0), newest)
        for node in IDS:
            for name in NAMES:
                assert file.type_history(node, name) == memory.type_history(node, name)


@pytest.mark.parametrize("keeper_name", KEEPERS)
@settings(max_examples=25, deadline=None)
@given(
    st.permutations([(n, g) for n, g in enumerate("abcd")]),
    st.lists(graphs(), min_size=4, max_size=4),
)
def test_the_past_is_never_rewritten(
    keeper_name: str, arrivals: list[tuple[int, str]], told: list[LineageGraph]
) -> None:
    """Whatever the order of arrival, what was once told of a state stays."""
    with opened(keeper_name) as keeper:
        newest = -1
        kept = []
        for number, _ in arrivals:
            assert keeper.add(state(number), told[number]) == (number > newest)
            if number > newest:
                newest = number
                kept.append(number)
            for each in kept:
                assert keeper.graph_at(state(each)) == told[each]
        assert keeper.states() == tuple(map(state, kept))


def test_the_same_state_twice_changes_nothing(keeper: LineageStates) -> None:
    keeper.add(state(0), orders(Column("id", "integer")))
    assert not keeper.add(state(0), orders())
    assert keeper.states() == (state(0),)
    assert keeper.graph_at(state(0)) == orders(Column("id", "integer"))


def test_what_vanishes_and_comes_back_was_first_seen_at_first_and_is_absent_between(
    keeper: LineageStates,
) -> None:
    column = Column("id", "integer")
    for number, has_edges in enumerate([True, False, True, True]):
        keeper.add(state(number), orders(column, edges=has_edges))
    edge = ("source.shop.raw.o", "id", "model.shop.a", "id")
    assert keeper.seen().column_edges == {edge: Seen(START, START + timedelta(days=3))}
    assert keeper.graph_at(state(1)).column_edges == ()
    assert len(keeper.graph_at(state(2)).column_edges) == 1


def test_what_is_gone_is_not_in_what_is_seen(keeper: LineageStates) -> None:
    keeper.add(state(0), orders(Column("id", "integer"), Column("total", "numeric")))
    keeper.add(state(1), orders(Column("id", "integer")))
    assert set(keeper.seen().columns) == {("model.shop.a", "id")}


def test_a_columns_types_are_listed_with_their_times_and_silence_is_no_type(
    keeper: LineageStates,
) -> None:
    for number, kind in enumerate(["", "integer", "", "integer", "bigint"]):
        keeper.add(state(number), orders(Column("id", kind)))
    day = timedelta(days=1)
    assert keeper.type_history("model.shop.a", "id") == (
        ColumnType("integer", Seen(START + day, START + 3 * day)),
        ColumnType("bigint", Seen(START + 4 * day, START + 4 * day)),
    )


def test_what_stands_of_a_node_is_from_the_last_state_in_which_it_was_compiled(
    keeper: LineageStates,
) -> None:
    compiled = orders(Column("id", "integer"))
    keeper.add(state(0), compiled)
    stale, source = compiled.nodes
    parsed = LineageGraph(
        (replace(stale, detail=Detail.STALE), source),
        (*compiled.relation_edges, RelationEdge("model.shop.b", "model.shop.a")),
        compiled.column_edges,
    )
    keeper.add(state(1), parsed)
    keeper.add(state(2), LineageGraph((source,), (), ()))  # disabled for a day
    (known,) = keeper.last_known({"model.shop.a", "model.shop.never"}).values()
    assert known.reads == ("source.shop.raw.o",)
    assert known.column_edges == compiled.column_edges


def test_nodes_in_which_nothing_changed_are_not_touched(keeper: LineageStates) -> None:
    keeper.add(state(0), orders(Column("id", "integer")))
    keeper.add(state(1), orders(Column("id", "bigint")))
    assert keeper.touched(state(0), state(1)) == {"model.shop.a"}
    assert keeper.touched(state(1), state(0)) == {"model.shop.a"}
    assert keeper.touched(state(1), state(1)) == frozenset()


def test_two_warehouses_have_two_pasts(tmp_path: Path) -> None:
    path = tmp_path / "history.duckdb"
    with DuckHistory(path, "dev") as dev:
        dev.lineage.add(state(5), orders())
    with DuckHistory(path, "prod") as prod:
        assert prod.lineage.states() == ()
        assert prod.lineage.add(state(1), orders(Column("id", "integer")))
        assert prod.lineage.seen().columns.keys() == {("model.shop.a", "id")}
    with DuckHistory(path, "dev") as dev:
        assert dev.lineage.seen().columns == {}


def test_only_changes_are_written(tmp_path: Path) -> None:
    with DuckHistory(tmp_path / "history.duckdb") as history:
        history.lineage.add(state(0), orders(Column("id", "integer"), Column("total", "numeric")))
        for number in range(1, 4):
            changed = orders(Column("id", "integer"), Column("total", f"numeric({number},0)"))
            history.lineage.add(state(number), changed)
        rows = history.lineage.database.execute(
            "select (select count(*) from lineage_columns), (select count(*) from lineage_nodes),"
            " (select count(*) from lineage_column_edges)"
        ).fetchall()
    assert rows == [(5, 2, 2)]
