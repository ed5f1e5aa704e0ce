"""From when to look ahead, where captures are old or of a clock that is wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from dbt_schema_evolve.bootstrap.today import today
from dbt_schema_evolve.records.captures import Capture

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def seen(*days_ago: float) -> list[Capture]:
    return [Capture(f"{days}", NOW - timedelta(days=days)) for days in days_ago]


@pytest.mark.parametrize("days_ago", [(), (3.0,), (40.0, 0.0), (1.0, -0.02)])
def test_what_is_fresh_is_looked_at_from_now(days_ago: tuple[float, ...]) -> None:
    assert today(seen(*days_ago), NOW) == (NOW, ())


def test_where_facts_end_long_ago_their_end_is_today() -> None:
    instant, notes = today(seen(60.0, 30.0), NOW)
    assert instant == NOW - timedelta(days=30)
    assert notes == ("the last capture is of 2026-01-30, and that is taken for today",)


def test_a_capture_of_after_now_does_not_make_an_old_history_fresh() -> None:
    instant, notes = today(seen(30.0, -10.0, -400.0), NOW)
    assert instant == NOW - timedelta(days=30)
    assert notes[0] == "2 captures are of after now, up to 2027-04-05, and not believed yet"
