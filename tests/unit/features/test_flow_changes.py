"""Changes in the flow of data are counted before the cut-off, and only there."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.features.flow_changes import Changed, FlowHistory, KnownFlow
from dbt_schema_evolve.features.stored_graph import StoredGraph
from dbt_schema_evolve.records.lineage import Consumer, LineageGraph, LineageNode, RelationEdge
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
FCT, STG, MART = "model.shop.fct", "model.shop.stg", "model.shop.mart"
GRAPH = StoredGraph(
    LineageGraph(
        tuple(LineageNode(name, "model", name) for name in (FCT, MART, STG)),
        (RelationEdge(STG, FCT), RelationEdge(FCT, MART)),
        (),
    )
)


def flow_features(
    nodes: Collection[str],
    states: Iterable[DatedChanges],
    consumers: Iterable[Consumer],
    cutoff: datetime,
    window: timedelta,
) -> Mapping[str, float]:
    return known(states, consumers, cutoff, window).features(nodes)


def known(
    states: Iterable[DatedChanges],
    consumers: Iterable[Consumer] = (),
    cutoff: datetime = NOON,
    window: timedelta = WEEK,
) -> KnownFlow:
    return KnownFlow(FlowHistory(tuple(states), tuple(consumers)), GRAPH, cutoff, window)


def new_code(node: str) -> LineageChange:
    return LineageChange(node, Aspect.CODE, "a" * 16, "b" * 16)


def ago(days: float, *changes: LineageChange) -> DatedChanges:
    return DatedChanges(NOON - timedelta(days=days), changes)


NEW_PARENT = LineageChange(FCT, Aspect.RELATION_EDGE, None, "", "", STG)
LOST_PARENT = LineageChange(FCT, Aspect.RELATION_EDGE, "", None, "", "model.shop.old")
NEW_READER = LineageChange(MART, Aspect.RELATION_EDGE, None, "", "", FCT)
REBUILT = (
    LineageChange(FCT, Aspect.EDGE_KIND, "identity", "aggregate", "total", STG, "total"),
    LineageChange(FCT, Aspect.EXPRESSION, "", "sum(total)", "total", STG, "total"),
)
RETYPED = LineageChange(FCT, Aspect.TYPE, "integer", "bigint", "id")

_changes = st.lists(
    st.builds(
        LineageChange,
        st.sampled_from([FCT, STG, MART]),
        st.sampled_from(Aspect),
        st.sampled_from([None, "", "a"]),
        st.sampled_from([None, "", "b"]),
        st.sampled_from(["", "id"]),
        st.sampled_from([FCT, STG]),
    ),
    max_size=4,
).map(tuple)
_days = st.floats(-20, 20).map(lambda days: NOON + timedelta(days=days))
_states = st.lists(st.builds(DatedChanges, _days, _changes), max_size=6)
_consumers = st.lists(
    st.builds(
        Consumer,
        st.sampled_from(["role.a", "role.b"]),
        st.just("role"),
        st.just("a"),
        reads=st.sets(st.sampled_from([FCT, STG])).map(frozenset),
        first_seen=st.none() | _days,
    ),
    max_size=3,
)


def test_each_kind_of_change_in_the_window_is_counted() -> None:
    states = (ago(3, NEW_PARENT, LOST_PARENT, *REBUILT), ago(1.5, RETYPED, NEW_READER))
    reader = Consumer("role.bi", "role", "bi", reads=frozenset({FCT}), first_seen=NOON - WEEK / 7)
    assert flow_features({FCT}, states, [reader], NOON, WEEK) == {
        "flow_new_upstream": 1.0,
        "flow_lost_upstream": 1.0,
        "flow_columns_rebuilt": 1.0,  # its kind and its SQL: one column
        "flow_types_changed": 1.0,
        "flow_materializations_changed": 0.0,
        "flow_new_readers": 2.0,  # a model and a role
        "flow_days_since_change": 1.5,
    }


def test_what_changed_before_the_window_is_only_remembered_by_its_age() -> None:
    found = flow_features({FCT}, (ago(9, NEW_PARENT), ago(1)), (), NOON, WEEK)
    assert found["flow_new_upstream"] == 0.0
    assert found["flow_days_since_change"] == 9.0


def test_a_node_in_which_nothing_changed_has_zeros_and_no_age() -> None:
    found = flow_features({"model.shop.calm"}, (ago(1, NEW_PARENT),), (), NOON, WEEK)
    assert set(found.values()) == {0.0}
    assert "flow_days_since_change" not in found


def test_new_code_is_felt_below_the_model_and_not_above_it() -> None:
    flow = known((ago(2, new_code(FCT)),))
    assert flow.features({MART})["flow_days_since_new_code"] == 2.0
    assert "flow_days_since_change" not in flow.features({MART})
    assert "flow_days_since_new_code" not in flow.features({STG})
    assert flow.last_change({MART}) == Changed(NOON - timedelta(2), 1, FCT, is_code=True)
    assert flow.last_change({STG}) is None


def test_of_all_code_that_changed_above_the_newest_is_told_and_of_one_day_the_nearest() -> None:
    newest = known((ago(3, new_code(FCT)), ago(1, new_code(STG)))).last_change({MART})
    assert newest == Changed(NOON - timedelta(1), 2, STG, is_code=True)
    nearest = known((ago(1, new_code(FCT), new_code(STG)),)).last_change({MART})
    assert nearest == Changed(NOON - timedelta(1), 1, FCT, is_code=True)


def test_code_that_changed_before_the_window_is_no_news_to_those_below() -> None:
    flow = known((ago(9, new_code(FCT)), ago(1)))
    assert flow.last_change({MART}) is None
    assert "flow_days_since_new_code" not in flow.features({FCT, MART})


def test_another_column_above_is_nothing_that_those_below_hear_of() -> None:
    assert known((ago(1, RETYPED),)).last_change({MART}) is None
    assert known((ago(1, RETYPED),)).last_change({FCT}) == Changed(
        NOON - timedelta(1), 0, FCT, is_code=False
    )


def test_where_no_state_was_compared_nothing_is_known() -> None:
    assert flow_features({FCT}, (), (), NOON, WEEK) == {}
    assert flow_features({FCT}, (ago(-1, NEW_PARENT),), (), NOON, WEEK) == {}


def test_reading_each_other_makes_no_new_readers() -> None:
    found = flow_features({FCT, MART}, (ago(1, NEW_READER),), (), NOON, WEEK)
    assert found["flow_new_readers"] == 0.0


@given(_states, _consumers, _states, _consumers)
def test_nothing_after_the_cut_off_is_ever_read(
    states: list[DatedChanges],
    consumers: list[Consumer],
    other_states: list[DatedChanges],
    other_consumers: list[Consumer],
) -> None:
    """Everything later is exchanged for something else."""
    past = [s for s in states if s.at <= NOON]
    known = [c for c in consumers if c.first_seen is None or c.first_seen <= NOON]
    future = [s for s in other_states if s.at > NOON]
    unborn = [c for c in other_consumers if c.first_seen is not None and c.first_seen > NOON]
    expected = flow_features({FCT}, states, consumers, NOON, WEEK)
    assert flow_features({FCT}, past + future, known + unborn, NOON, WEEK) == expected


@given(_states, _consumers, st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(
    states: list[DatedChanges], consumers: list[Consumer], rng: Random
) -> None:
    expected = flow_features({FCT}, states, consumers, NOON, WEEK)
    rng.shuffle(states)
    assert flow_features({FCT}, states, consumers[::-1], NOON, WEEK) == expected
