"""What each recommender proposes, case by case."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from dbt_schema_evolve.recommend import RECOMMENDERS, Recommender
from tests.fakes.evidence import evidence_of

GOLDEN = Path(__file__).parents[2] / "golden" / "recommend"


def _cases() -> list[Any]:
    found = []
    for recommender in RECOMMENDERS:
        cases = yaml.safe_load((GOLDEN / f"{recommender.kind}.yml").read_text(encoding="utf-8"))
        found += [
            pytest.param(recommender, case, id=f"{recommender.kind}-{name}")
            for name, case in cases.items()
        ]
    return found


@pytest.mark.parametrize(("recommender", "case"), _cases())
def test_proposes_exactly_what_the_case_expects(
    recommender: Recommender, case: dict[str, Any]
) -> None:
    proposed = list(recommender.propose(evidence_of(case)))
    expected = case["expect"]
    assert all(candidate.kind == recommender.kind for candidate in proposed)
    if isinstance(expected, dict):
        assert {str(each.spec): each.reason for each in proposed} == expected
        assert len(proposed) == len(expected)
    else:
        assert [str(each.spec) for each in proposed] == expected
