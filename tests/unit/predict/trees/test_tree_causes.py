"""The leading cause of a forecast is the one that made it, in words that a user can act on."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dbt_schema_evolve.predict.trees.causes import because, causes, pushes
from dbt_schema_evolve.records.forecasts import CauseKind, Forecast, Suspect
from tests.fakes.fleet import KINDS, case

Foretold = Callable[..., Forecast]


def test_growth_upstream_is_named(foretold: Foretold) -> None:
    found = foretold(case(growth=0.10))
    assert found.causes[0].kind is CauseKind.GROWTH
    assert found.cause_id == "source.shop.events"
    assert found.reason == "because `raw.events` grows 10.0 % a day"


def test_bloat_is_named(foretold: Foretold) -> None:
    found = foretold(case(bloat=0.08))
    assert found.causes[0].kind is CauseKind.BLOAT
    assert found.reason == "because dead rows pile up in `raw.events`"


def test_a_flip_is_told_behind_the_growth_that_brings_it_about(foretold: Foretold) -> None:
    found = foretold(case(growth=0.04, flips=True))
    assert [cause.kind for cause in found.causes[:2]] == [CauseKind.GROWTH, CauseKind.PLAN_FLIP]
    assert found.cause_id == "source.shop.events"
    assert found.reason == (
        "because `raw.events` grows 4.0 % a day, and the planner will leave the index"
    )


def test_a_flip_of_what_does_not_grow_leads_itself(foretold: Foretold) -> None:
    found = foretold(case(flips=True))
    assert found.causes[0].kind is CauseKind.PLAN_FLIP
    assert found.reason == "because the planner will leave the index"


def test_of_two_causes_both_are_told(foretold: Foretold) -> None:
    found = foretold(case(growth=0.10, bloat=0.08))
    assert {CauseKind.GROWTH, CauseKind.BLOAT} <= {cause.kind for cause in found.causes}


def test_what_creeps_is_explained_though_it_is_unlikely_to_degrade_within_a_week(
    foretold: Foretold,
) -> None:
    found = foretold(case(growth=0.03), 30)
    assert found.predicted_probability is not None
    assert found.predicted_probability < 0.1
    assert found.predicted_ratio > 1.5
    assert found.reason == "because `raw.events` grows 3.0 % a day"


def test_a_trend_is_a_symptom_where_a_cause_is_known() -> None:
    pushed = {CauseKind.OWN_TREND: 2.0, CauseKind.GROWTH: 0.5}
    assert [cause.kind for cause in causes(case(growth=0.04), pushed)] == [
        CauseKind.GROWTH,
        CauseKind.OWN_TREND,
    ]


def test_a_cause_that_says_next_to_nothing_does_not_explain_a_trend() -> None:
    pushed = {CauseKind.OWN_TREND: 2.0, CauseKind.GROWTH: 0.05}
    found = causes(case(growth=0.001), pushed)
    assert found[0].kind is CauseKind.OWN_TREND
    assert because(found) == (
        "it has been getting slower, and nothing that is known of it explains why"
    )


def test_a_kind_that_nobody_is_suspected_of_is_no_cause() -> None:
    found = causes(case(growth=0.04), {CauseKind.SKEW: 3.0, CauseKind.GROWTH: 1.0})
    assert [(cause.kind, cause.share) for cause in found] == [(CauseKind.GROWTH, 1.0)]


def test_rows_that_new_code_brought_speak_for_the_deployment_and_so_does_their_flip() -> None:
    said = "the code of `marts.daily` changed on 3 March, and it has grown 3.0 times within 7 days"
    deployed = replace(
        case(flips=True),
        suspects=(
            Suspect(CauseKind.PLAN_FLIP, "", "the planner will leave the index"),
            Suspect(CauseKind.CHANGED_FLOW, "model.shop.daily", said, brings_rows=True),
        ),
    )
    found = causes(deployed, {CauseKind.GROWTH: 3.0, CauseKind.PLAN_FLIP: 1.0})
    assert [(cause.kind, cause.share) for cause in found] == [
        (CauseKind.CHANGED_FLOW, 1.0),
        (CauseKind.PLAN_FLIP, 0.25),
    ]
    assert because(found) == f"because {said}, and the planner will leave the index"


def test_new_code_that_brought_no_rows_does_not_answer_for_growth() -> None:
    deployed = replace(
        case(growth=0.04),
        suspects=(
            *case(growth=0.04).suspects,
            Suspect(CauseKind.CHANGED_FLOW, "model.shop.daily", "its code changed on 3 March"),
        ),
    )
    found = causes(deployed, {CauseKind.GROWTH: 3.0, CauseKind.CHANGED_FLOW: 1.0})
    assert [(cause.kind, cause.share) for cause in found] == [
        (CauseKind.GROWTH, 0.75),
        (CauseKind.CHANGED_FLOW, 0.25),
    ]


def test_what_speaks_against_a_slowdown_is_no_cause() -> None:
    said = pushes([-1.0, 0.5, 0.0, 2.0], list(KINDS), KINDS)
    assert said == {CauseKind.PLAN_FLIP: 0.5, CauseKind.OWN_TREND: 2.0}


def test_a_feature_that_speaks_of_nothing_is_no_cause() -> None:
    assert pushes([3.0], ["windows"], KINDS) == {}


def test_shares_are_shares_and_growth_holds_that_of_its_flip() -> None:
    pushed = {CauseKind.GROWTH: 1.0, CauseKind.PLAN_FLIP: 2.0, CauseKind.BLOAT: 1.0}
    shares = {
        cause.kind: cause.share
        for cause in causes(case(growth=0.04, flips=True, bloat=0.1), pushed)
    }
    assert shares == pytest.approx(
        {CauseKind.GROWTH: 0.75, CauseKind.PLAN_FLIP: 0.5, CauseKind.BLOAT: 0.25}
    )
