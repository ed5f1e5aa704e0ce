"""The rows of what is built seldom follow those of what it is made from."""

from datetime import timedelta

import pytest

from dbt_schema_evolve.features.expected_rows import ExpectedRows, RowForecasts
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.records.lineage import LineageGraph
from tests.fakes.forecasting import day
from tests.fakes.marts import DAILY, EVENTS, WEEKLY, marts

HOUR = timedelta(hours=1)


def expected(facts: Facts, on_day: int) -> ExpectedRows:
    return RowForecasts(facts).at(day(on_day) + 4 * HOUR)


def began(n: int) -> float:
    """Still until day 30, then 5 % a day; the weekly mart was built on day 35."""
    return 100_000 * 1.05 ** max(n - 30, 0)


def test_each_relation_goes_on_at_its_own_pace() -> None:
    found = expected(marts(), 41).ratios(14)
    assert found[EVENTS] == pytest.approx(1.02**14, rel=0.02)
    assert found[DAILY] == pytest.approx(1.02**14, rel=0.02)


def test_a_weekly_mart_is_built_in_steps() -> None:
    ahead = expected(marts(), 37)
    assert ahead.ratios(4)[WEEKLY] == 1
    assert ahead.ratios(6)[WEEKLY] == pytest.approx(1.02**7, rel=0.03)
    assert ahead.ratios(14)[WEEKLY] == pytest.approx(1.02**14, rel=0.03)


def test_growth_that_began_upstream_is_expected_before_it_arrives() -> None:
    ahead = expected(marts(began), 40)
    assert ahead.ratios(7)[WEEKLY] == pytest.approx(1.05**7, rel=0.1)


def test_what_is_not_built_any_more_stays_as_it_is() -> None:
    facts = marts()
    runs = tuple(run for run in facts.runs if run.relation != WEEKLY or run.captured_at < day(15))
    profiles = tuple(
        each for each in facts.relations if each.relation != WEEKLY or each.captured_at < day(15)
    )
    stopped = Facts(facts.graph, facts.ids, facts.uses, runs=runs, relations=profiles)
    assert expected(stopped, 41).ratios(30).get(WEEKLY, 1.0) == 1.0


def test_nothing_after_the_cut_off_counts() -> None:
    long, short = (marts(days=days) for days in (42, 31))
    assert expected(long, 30).ratios(14) == expected(short, 30).ratios(14)


def test_without_a_past_nothing_is_expected() -> None:
    nothing = RowForecasts(Facts(LineageGraph((), (), ()), {}, {})).at(day(0))
    assert nothing.ratios(30) == {}
