"""What past and expected plans say of a query, whatever the number of times that somebody asked."""

from datetime import datetime
from math import inf, isfinite

import pytest

from dbt_schema_evolve.features.plans import Outlooks
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.records.outlooks import Outlook
from tests.fakes.forecasting import day


def said(on: datetime, *plans: str) -> list[Outlook]:
    """One look: the plan of now, then those of later days."""
    return [
        Outlook("q", on, days, 10.0, plan, 0.0)
        for days, plan in zip((0.0, 7.0, 14.0, 30.0), plans, strict=False)
    ]


def features(looks: list[Outlook]) -> dict[str, float]:
    found = Outlooks(looks).at("q", days_of(day(30)))
    assert found is not None
    return dict(found.features(days_of(day(30))))


PAST = [*said(day(0), "index"), *said(day(10), "scan"), *said(day(16), "index")]


def test_a_plan_was_held_for_the_time_that_it_was_the_newest_known() -> None:
    found = features([*PAST, *said(day(20), "index")])
    assert found["plan_held_share"] == pytest.approx(14 / 20)
    assert (found["plans_so_far"], found["plan_changes"]) == (2, 2)
    assert features(said(day(3), "index"))["plan_held_share"] == 1


def test_who_asks_more_often_hears_the_same() -> None:
    seldom = [*PAST, *said(day(20), "index", "scan")]
    often = [
        *seldom, *said(day(4), "index"), *said(day(8), "index"), *said(day(13), "scan"),
    ]  # fmt: skip
    assert features(often) == features(seldom)


def test_a_plan_that_was_there_before_returns_and_a_new_one_does_not() -> None:
    found = features([*PAST, *said(day(20), "index", "scan", "index", "hash")])
    other = {days: found[f"plan_differs_{days}"] for days in (7, 14, 30)}
    back = {days: found[f"plan_returns_{days}"] for days in (7, 14, 30)}
    assert other == {7: 1, 14: 0, 30: 1}
    assert back == {7: 1, 14: 0, 30: 0}


def test_a_cost_without_end_makes_no_ratio() -> None:
    endless, plain = (Outlook("q", day(20), days, cost, "scan", 0.0) for days, cost in
                      ((0.0, inf), (7.0, 10.0)))  # fmt: skip
    assert not isfinite(features([endless, plain])["plan_log_cost_ratio_7"])
