"""One value that takes over a column: told of where it matters, and nowhere else."""

from typing import Any

import pytest

from dbt_schema_evolve.recommend.skew import notices
from tests.fakes.evidence import evidence_of

QUERIES = {
    "mart": {"join": ["marts.orders/customer_id"], "output": ["marts.orders/customer_id"]},
    "route": {"equality": ["marts.orders/customer_id"]},
    "page": {"equality": ["marts.orders/customer_id"]},
}


def case(top: Any, queries: Any = QUERIES, size: int = 900_000_000, **past: Any) -> Any:
    column = {"type": "bigint", "past": {"top": top, "days": 60, **past}}
    relation = {"rows": 10_000_000, "bytes": size, "columns": {"customer_id": column}}
    return evidence_of({"relations": {"marts.orders": relation}, "queries": queries})


def test_a_value_that_takes_over_is_told_with_what_it_means_for_those_who_use_it() -> None:
    (notice,) = notices(case([0.3, 0.36]))
    assert notice.sentence.startswith(
        "36 % of the rows share one value of `marts.orders.customer_id`, 0.1 points more each day"
    )
    assert "half of them in 1" in notice.sentence  # 39 or 40: the line is drawn through floats
    assert notice.meaning == (
        "Joins on it in 1 query: a hash join that outgrows work_mem cannot split the rows of one "
        "value, and a hash partition takes them all. Searches for a value of it in 2 queries: for "
        "this one an index is no help; an index that leaves it out (`where`) is about 36 % smaller."
    )


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(case(0.36), id="it stands still"),
        pytest.param(case([0.5, 0.36]), id="it falls"),
        pytest.param(case([0.1, 0.2]), id="it is small"),
        pytest.param(case([0.3, 0.36], days=10), id="for a week and a half"),
        pytest.param(case([0.3, 0.36], every=60), id="two looks"),
        pytest.param(case([0.3, 0.36], queries={}), id="nobody asks"),
        pytest.param(case([0.3, 0.36], size=8192), id="the table is small"),
        pytest.param(case([float("nan"), float("nan")]), id="nobody could compute it"),
    ],
)
def test_nothing_is_said_where(evidence: Any) -> None:
    assert notices(evidence) == ()


def test_where_half_share_it_already_no_day_is_named() -> None:
    (notice,) = notices(case([0.5, 0.6]))
    assert "half of them" not in notice.sentence
