"""Counters that only grow, turned into windows: resets, gaps, evictions, disorder."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_schema_evolve.ingest.deltas import partial_captures, query_stats, statements
from dbt_schema_evolve.records.captures import Capture
from dbt_schema_evolve.records.workload import QueryStat, Skip, StatementSnapshot

START = datetime(2026, 3, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def seen(
    number: float,
    calls: int,
    *,
    queryid: int = 1,
    role: str = "shop",
    text: str = "q",
    since: datetime | None = None,
    capture: str = "",
) -> StatementSnapshot:
    return StatementSnapshot(
        capture or f"c{number}", day(number), queryid, role, text, calls, calls * 1_000,
        calls * 2, calls * 3, calls * 4, since,
    )  # fmt: skip


def other(*numbers: float) -> list[StatementSnapshot]:
    """Another query, which shows that somebody looked on these days."""
    return [seen(number, 5, queryid=99, text="other") for number in numbers]


def windows(
    snapshots: Sequence[StatementSnapshot], partial: frozenset[str] = frozenset()
) -> list[tuple[float, float, int]]:
    """Windows with calls of the query `q`, in days."""
    stats = query_stats(snapshots, str, partial)
    return [
        ((s.window_start - START).days, (s.window_end - START).days, s.calls)
        for s in stats
        if s.fingerprint == "q"
    ]


def test_counts_are_those_between_two_captures() -> None:
    (stat,) = query_stats([seen(0, 10), seen(1, 25)], str)
    assert stat == QueryStat("q", "shop", day(0), day(1), 15, 15_000, 30, 45, 60)
    assert stat.mean_us == 1_000


def test_the_first_capture_ever_is_only_a_base() -> None:
    assert query_stats([seen(0, 1_000_000)], str) == ()


def test_a_query_seen_for_the_first_time_counts_from_zero() -> None:
    assert windows([*other(0, 1), seen(1, 7)]) == [(0, 1, 7)]


def test_a_window_without_calls_is_left_out() -> None:
    assert windows([seen(0, 10), seen(1, 10), seen(2, 11)]) == [(1, 2, 1)]


def test_a_counter_that_falls_began_at_zero_again() -> None:
    assert windows([seen(0, 100), seen(1, 8), seen(2, 10)]) == [(0, 1, 8), (1, 2, 2)]


def test_a_reset_shows_in_the_time_when_calls_have_overtaken_the_old_count() -> None:
    fast = replace(seen(1, 120), total_us=10)
    assert windows([seen(0, 100), fast]) == [(0, 1, 120)]


def test_a_reset_shows_in_stats_since_when_every_counter_has_overtaken() -> None:
    snapshots = [seen(0, 100, since=day(-9)), seen(1, 300, since=day(0.5))]
    assert windows(snapshots) == [(0, 1, 300)]


def test_a_query_that_was_evicted_and_came_back_counts_from_zero() -> None:
    assert windows([seen(0, 50), *other(0, 1, 2), seen(2, 60)]) == [(1, 2, 60)]


def test_an_entry_that_lived_through_a_capture_that_missed_it_spans_the_gap() -> None:
    snapshots = [seen(0, 50, since=day(-3)), *other(0, 1, 2), seen(2, 60, since=day(-3))]
    assert windows(snapshots) == [(0, 2, 10)]


def test_a_capture_without_rights_does_not_make_old_queries_new() -> None:
    snapshots = [*other(0, 1), seen(1, 1_000_000), seen(2, 1_000_004)]
    assert windows(snapshots, frozenset({"c0"})) == [(1, 2, 4)]


def test_a_capture_without_rights_is_a_gap_for_what_it_did_not_see() -> None:
    snapshots = [seen(0, 50), *other(0, 1, 2), seen(2, 60)]
    assert windows(snapshots, frozenset({"c1"})) == [(0, 2, 10)]


def test_an_entry_older_than_what_was_seen_before_is_not_new() -> None:
    """It began before the newest entry of the capture before, which therefore could not see it."""
    early = seen(0, 5, queryid=99, text="other", since=day(-1))
    assert windows([early, seen(1, 1_000_000, since=day(-2)), *other(1)]) == []
    assert windows([early, seen(1, 7, since=day(-0.5)), *other(1)]) == [(0, 1, 7)]


def test_a_simulated_clock_far_from_the_servers_changes_nothing() -> None:
    real = datetime(2031, 1, 1, tzinfo=UTC)
    snapshots = [seen(0, 10, since=real), seen(1, 25, since=real), seen(2, 26, since=real)]
    assert windows(snapshots) == [(0, 1, 15), (1, 2, 1)]


def test_captures_whose_clocks_disagree_do_not_count_twice() -> None:
    snapshots = [
        seen(0, 10, since=START),
        seen(1, 30, since=START),  # in truth after the next one
        seen(2, 20, since=START),
        seen(3, 31, since=START),
    ]
    assert windows(snapshots) == [(0, 1, 20), (2, 3, 1)]


def test_captures_at_one_instant_are_one() -> None:
    snapshots = [seen(0, 10), seen(1, 20, capture="a"), seen(1, 25, capture="b"), seen(2, 30)]
    assert windows(snapshots) == [(0, 1, 15), (1, 2, 5)]


def test_query_ids_of_one_fingerprint_add_up_in_one_window() -> None:
    snapshots = [
        *(seen(number, 10 * number, queryid=1, text="select '1'") for number in range(3)),
        *(seen(number, 3 * number, queryid=2, text="select '2'") for number in range(3)),
    ]
    stats = query_stats(snapshots, lambda text: text[:6])
    assert [(s.fingerprint, s.calls) for s in stats] == [("select", 13), ("select", 13)]


def test_roles_are_kept_apart() -> None:
    snapshots = [seen(n, 10 * n, role=role) for n in (0, 1) for role in ("a b", "Ä")]
    assert [(s.role, s.calls) for s in query_stats(snapshots, str)] == [("a b", 10), ("Ä", 10)]


def test_calls_inside_functions_are_counted_apart_and_added() -> None:
    inner = [replace(seen(n, 4 * n), toplevel=False) for n in (0, 1)]
    assert windows([seen(0, 0), seen(1, 10), *inner]) == [(0, 1, 14)]


def test_captures_that_could_not_see_every_statement_are_partial() -> None:
    def capture(name: str, *subjects: str) -> Capture:
        return Capture(name, START, not_looked_at=tuple(Skip(s, "no rights") for s in subjects))

    captures = [
        capture("all"),
        capture("own", "statements of other roles"),
        capture("none", "statements"),
        capture("sizes", "sizes and indexes of 2 relations"),
    ]
    assert partial_captures(captures) == {"own", "none"}


counts = st.lists(st.integers(0, 50), min_size=1, max_size=8)


@given(counts)
def test_without_resets_the_windows_add_up_to_the_last_count_minus_the_first(
    steps: list[int],
) -> None:
    totals = [sum(steps[: end + 1]) for end in range(len(steps))]
    stats = query_stats([seen(n, total) for n, total in enumerate(totals)], str)
    assert sum(s.calls for s in stats) == totals[-1] - totals[0]
    assert sum(s.total_us for s in stats) == (totals[-1] - totals[0]) * 1_000


wild = st.lists(
    st.builds(
        seen,
        st.integers(0, 6),
        st.integers(0, 100),
        queryid=st.integers(1, 3),
        role=st.sampled_from(["a", "b"]),
        text=st.sampled_from(["q", "r"]),
        since=st.none() | st.integers(-5, 6).map(day),
        capture=st.sampled_from(["x", "y"]),
    ),
    max_size=30,
)


@given(wild, st.randoms(use_true_random=False))
def test_order_and_copies_of_the_snapshots_do_not_show(
    snapshots: list[StatementSnapshot], rng: Random
) -> None:
    shuffled = [*snapshots, *snapshots[:5]]
    rng.shuffle(shuffled)
    assert query_stats(shuffled, str) == query_stats(snapshots, str)


@given(wild)
def test_nothing_is_ever_negative_and_windows_run_forward(
    snapshots: list[StatementSnapshot],
) -> None:
    for stat in query_stats(snapshots, str, frozenset({"y"})):
        assert stat.calls > 0
        assert min(stat.total_us, stat.rows, stat.shared_blocks, stat.temp_blocks) >= 0
        assert stat.window_start < stat.window_end


def test_a_statement_gathers_its_roles_and_tags() -> None:
    snapshots = [
        seen(0, 1, role="b", text="select  1 /*route*/"),
        seen(0, 1, role="a", text="select 1", queryid=2),
        seen(1, 2, role="a", text="select 1", queryid=2),
    ]
    (statement,) = statements(
        snapshots,
        lambda text: text.split("/*")[0].replace(" ", ""),
        lambda text: frozenset({("route", "/api")}) if "/*route*/" in text else frozenset(),
    )
    assert statement.text == "select 1"
    assert statement.roles == {"a", "b"}
    assert statement.tags == {("route", "/api")}
    assert statement.node_id is None


@pytest.mark.parametrize(
    ("nodes", "owner"), [(["model.a"], "model.a"), (["model.a", "model.b"], None), ([], None)]
)
def test_a_statement_belongs_to_a_node_only_when_one_node_sends_it(
    nodes: list[str], owner: str | None
) -> None:
    snapshots = [seen(0, 1, queryid=n, text=f"q{node}") for n, node in enumerate(nodes)]
    found = statements(
        [*snapshots, seen(0, 1, text="q")],
        lambda text: text[0],
        lambda text: frozenset({("dbt_node_id", text[1:])}) if text[1:] else frozenset(),
    )
    assert [statement.node_id for statement in found] == [owner]


def test_a_text_that_could_not_be_read_is_no_statement() -> None:
    hidden = [seen(n, n, text="<insufficient privilege>") for n in range(3)]
    assert statements(hidden, str, lambda _: frozenset()) == ()
    assert query_stats(hidden, str) == ()
