"""Forecasts whose outcome is known are found however many were issued since."""

from datetime import timedelta

import pytest

from dbt_schema_evolve.records.forecasts import Case, FeatureVector, Observation
from dbt_schema_evolve.records.prospects import Issued
from dbt_schema_evolve.workflows import past
from tests.fakes.forecasting import day


def case(subject: str) -> Case:
    runs = tuple(Observation(day(n), 10, 50_000.0, 100.0, 0.0, 1.0) for n in range(30))
    return Case(subject, day(29), runs, None, FeatureVector(subject, day(29), ()))


def issued(subject: str, on: int) -> Issued:
    at = day(on) + timedelta(minutes=1)
    return Issued("prior 1", subject, at, 30.0, 5e4, 6e4, 5e4, 7e4, 0.1)


def test_forecasts_of_today_do_not_crowd_out_those_whose_outcome_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past, "_MOST", 8)
    subjects = [f"q{number}" for number in range(20)]
    said = [issued(subject, on) for subject in subjects for on in (28, 20, 12)]
    found = past.matured(said, [case(subject) for subject in subjects])
    assert len(found) == 8
    assert {each.made_at.day for each in found} == {issued("q0", 20).made_at.day}
    assert not any(each.degraded for each in found)
