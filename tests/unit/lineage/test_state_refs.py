"""A state is found by the words that people use for it, and never guessed."""

from datetime import UTC, datetime

import pytest

from dbt_schema_evolve.errors import HistoryError
from dbt_schema_evolve.lineage.states.state_refs import find_state, state_name
from dbt_schema_evolve.records.lineage_states import Commit, LineageState


def at(day: int, hour: int, invocation: str, commit: Commit | None = None) -> LineageState:
    return LineageState(invocation, datetime(2026, 3, day, hour, tzinfo=UTC), commit, "build")


FIRST = at(1, 6, "aaaa1111", Commit("5d41402abc4b2a76"))
SECOND = at(1, 18, "bbbb2222", Commit("5d41402abc4b2a76", is_dirty=True))
THIRD = at(2, 6, "bbbb3333", Commit("7d793037a0760186"))
FOURTH = at(3, 6, "cccc4444")
STATES = (FIRST, SECOND, THIRD, FOURTH)


@pytest.mark.parametrize(
    ("ref", "meant"),
    [
        ("latest", FOURTH),
        ("previous", THIRD),
        ("2026-03-01", SECOND),  # the whole day
        ("2026-03-01T12:00:00", FIRST),
        ("2026-03-01 20:00+02:00", SECOND),
        ("2026-03-01T06:00:00Z", FIRST),
        ("2030-01-01", FOURTH),
        ("aaaa", FIRST),
        ("bbbb3", THIRD),
        ("5d41402", SECOND),  # the newest of its commit
        ("7D793037A0760186", THIRD),
    ],
)
def test_a_reference_means_one_state(ref: str, meant: LineageState) -> None:
    assert find_state(STATES, ref) is meant


@pytest.mark.parametrize(
    ("ref", "problem", "remedy"),
    [
        ("bbbb", "means 2 states", "bbbb2222 of 2026-03-01 18:00:00, bbbb3333"),
        ("dddd", "no state of the graph is called 'dddd'", "holds 4 states from 2026-03-01"),
        ("a", "too short", "4 characters"),
        ("", "too short", "4 characters"),
        ("2026-02-28", "there was no state of the graph at", "4 states"),
        ("2026-13-45", "is no date", "2026-03-01"),
    ],
)
def test_a_reference_to_none_or_to_several_is_refused(ref: str, problem: str, remedy: str) -> None:
    with pytest.raises(HistoryError) as caught:
        find_state(STATES, ref)
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


def test_one_state_has_no_previous_one() -> None:
    with pytest.raises(HistoryError, match="one state"):
        find_state(STATES[:1], "previous")
    with pytest.raises(HistoryError, match="no state yet"):
        find_state((), "latest")


def test_a_state_is_named_by_time_command_invocation_and_commit() -> None:
    assert state_name(SECOND) == (
        "2026-03-01 18:00:00 UTC, dbt build, invocation bbbb2222, commit 5d41402abc with edits"
    )
    assert state_name(FOURTH) == "2026-03-03 06:00:00 UTC, dbt build, invocation cccc4444"
