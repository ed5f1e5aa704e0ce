"""A flip has come when a plan changed within the horizon, and stayed changed on most runs after."""

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.fleet.flips import FlipCounts, flip_came, flip_counts
from benchmarks.fleet.records import Run
from dbt_schema_evolve.records.outlooks import Outlook

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def runs(plans: str) -> tuple[Run, ...]:
    """A run a day, with these plans."""
    return tuple(
        Run(day, FIRST + timedelta(days=day), 1, 1, 0, 1, plan, 1.0)
        for day, plan in enumerate(plans)
    )


def outlook(day: int, horizon_days: float = 7.0, flips: tuple[str, ...] = ()) -> Outlook:
    at = FIRST + timedelta(days=day)
    return Outlook("query", at, horizon_days, 1.0, "a", 0.0, flips)


@pytest.mark.parametrize(
    ("plans", "came"),
    [
        ("aaaaaaaaaaaaaaa", False),
        ("aaabbbbbbbbbbbb", True),
        ("aaabaaaaaaaaaaa", False),  # for a day only
        ("aaababbbabbabbb", True),  # back now and then
        ("aaaaaaaaaabbbbb", False),  # after the horizon
        ("aaaaaa", None),  # nobody knows
        ("", None),
    ],
)
def test_a_change_has_to_last(plans: str, came: bool | None) -> None:
    assert flip_came(runs(plans), outlook(2)) is came


def test_counts_tell_what_was_foreseen_from_what_came() -> None:
    held = {"query": runs("aaaaabbbbbbbbbbbbbbb")}
    said = [
        outlook(0, 0.0),
        outlook(0, flips=("Sort besides",)),
        outlook(1),
        outlook(8, flips=("Sort no more",)),
        outlook(8, 10.0),
    ]
    assert flip_counts(said, held) == {7.0: FlipCounts(1, 1, 1), 10.0: FlipCounts()}
    (at_7, at_10) = flip_counts(said, held).values()
    assert (at_7.recall, at_7.precision) == (0.5, 0.5)
    assert (at_10.recall, at_10.precision) == (None, None)
