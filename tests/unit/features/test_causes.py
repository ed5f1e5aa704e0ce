"""Every feature is described, by code and page alike, and every description is of a feature."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.causes import FEATURES, cause_of
from dbt_schema_evolve.records.forecasts import CauseKind
from tests.fakes.forecasting import day
from tests.fakes.marts import marts

PAGE = Path(__file__).parents[3] / "docs" / "features.md"
_BEGIN, _END = "<!-- features: written by `make golden` -->\n", "<!-- /features -->\n"


def emitted() -> set[str]:
    """Names of all features of a warehouse with facts of all kinds."""
    facts = marts()
    spilling = replace(facts, stats=tuple(replace(s, temp_blocks=9) for s in facts.stats))
    return {
        name
        for n in (20, 41)
        for case in Cases(spilling).at(day(n) + timedelta(hours=4))
        for name, _ in case.features.values
    }


def table() -> str:
    rows = [
        f"| `{each.name}` | {each.unit} | {each.says} | {each.cause or ''} |"
        for each in FEATURES.values()
    ]
    return "\n".join(["| name | unit | what it says | cause |", "|---|---|---|---|", *rows, ""])


def test_each_feature_is_described_and_each_description_is_of_a_feature() -> None:
    assert emitted() == set(FEATURES)


def test_the_page_holds_the_descriptions_of_the_code() -> None:
    before, rest = PAGE.read_text(encoding="utf-8").split(_BEGIN)
    _, after = rest.split(_END)
    page = before + _BEGIN + table() + _END + after
    if os.environ.get("SCHEMA_EVOLVE_GOLDEN") == "write":
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def test_each_kind_of_cause_has_a_feature_that_speaks_for_it() -> None:
    assert {each.cause for each in FEATURES.values()} == {None, *CauseKind}


def test_what_no_feature_is_called_has_no_cause() -> None:
    assert cause_of("upstream_not_arrived") is CauseKind.GROWTH
    assert cause_of("exponent") is None
    with pytest.raises(KeyError):
        cause_of("weather")
