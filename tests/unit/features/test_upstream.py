"""Growth on its way: what a build has yet to bring, and through which models it comes."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import log

import pytest

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.records.forecasts import Case, CauseKind
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    RelationEdge,
)
from tests.fakes.forecasting import day
from tests.fakes.marts import DAILY, EVENTS, FCT, MART, ON_DAILY, ON_WEEKLY, SOURCE, WEEKLY, marts

HOUR = timedelta(hours=1)


def case(facts: Facts, subject: str, cutoff: datetime) -> Case:
    (found,) = (each for each in Cases(facts).at(cutoff) if each.subject == subject)
    return found


def features(facts: Facts, subject: str, cutoff: datetime) -> dict[str, float]:
    return dict(case(facts, subject, cutoff).features.values)


def backfilled(n: int) -> float:
    """Three times the rows from the 36th day on; the weekly mart was built on the 35th."""
    return 100_000 if n < 36 else 300_000


def test_a_backfill_of_yesterday_has_not_arrived_at_a_weekly_mart() -> None:
    found = features(marts(backfilled), ON_WEEKLY, day(37) + 4 * HOUR)
    assert found["upstream_not_arrived"] == pytest.approx(log(3), abs=0.03)
    assert found["upstream_not_arrived_sum"] == pytest.approx(log(3), abs=0.03)
    assert found["upstream_stalest_days"] == pytest.approx(2 + 2 / 24)
    assert found["upstream_stalest_cadence_days"] == 7
    assert found["upstream_stalest_due_days"] == pytest.approx(5 - 2 / 24)
    assert found["driver_rows_over_level"] == 0


def test_it_has_arrived_once_the_mart_is_built() -> None:
    found = features(marts(backfilled, days=44), ON_WEEKLY, day(43) + 4 * HOUR)
    assert found["upstream_not_arrived"] == pytest.approx(0, abs=0.01)
    assert found["largest_log_rows_change_3"] == pytest.approx(log(3), abs=0.01)


def test_a_daily_model_brings_it_the_same_day() -> None:
    found = features(marts(backfilled), ON_DAILY, day(37) + 4 * HOUR)
    assert found["upstream_not_arrived"] == pytest.approx(0, abs=0.01)


def test_a_build_has_not_seen_what_grew_since_it_last_ran() -> None:
    found = features(marts(backfilled), MART, day(37) + 4 * HOUR)
    assert found["upstream_not_arrived"] == pytest.approx(log(3), abs=0.03)
    found = features(marts(backfilled), FCT, day(37) + 4 * HOUR)
    assert found["upstream_not_arrived"] == pytest.approx(0, abs=0.01)


def test_the_source_is_named_with_the_models_that_it_comes_through() -> None:
    facts = marts(lambda n: 100_000 * 1.04**n)
    found = case(facts, ON_WEEKLY, day(41) + 4 * HOUR)
    assert [(each.relation, each.distance) for each in found.upstream] == [
        (EVENTS, 2), (DAILY, 1), (WEEKLY, 0),
    ]  # fmt: skip
    (growth,) = (each for each in found.suspects if each.kind is CauseKind.GROWTH)
    assert growth.node_id == SOURCE
    assert growth.sentence.startswith("`raw.events` grows 3.")
    assert growth.sentence.endswith(
        " % a day and reaches it through `marts.daily` and `marts.weekly`"
    )


def test_growth_that_waits_for_a_build_is_told_with_the_build() -> None:
    found = case(marts(backfilled), ON_WEEKLY, day(37) + 4 * HOUR)
    (growth,) = (each for each in found.suspects if each.kind is CauseKind.GROWTH)
    assert growth.node_id == SOURCE
    assert growth.sentence == (
        "`raw.events` has grown 3.0 times since `marts.weekly` was last built, 2 days ago"
    )


def grouped(facts: Facts) -> Facts:
    """The weekly mart keeps one row a customer."""
    edge = IndirectEdge(FCT, "customer_id", MART, IndirectKind.GROUP)
    return replace(facts, graph=replace(facts.graph, indirect_edges=(edge,)))


def influence(facts: Facts) -> float:
    found = case(facts, ON_WEEKLY, day(41) + 4 * HOUR)
    return {each.relation: each.influence for each in found.upstream}.get(EVENTS, 0.0)


def flattened(facts: Facts) -> Facts:
    """The weekly mart keeps its 100 rows, whatever comes in."""
    return replace(
        facts,
        relations=tuple(
            replace(p, estimated_rows=100) if p.relation == WEEKLY else p for p in facts.relations
        ),
    )


def test_an_aggregate_by_a_key_that_does_not_grow_lets_no_growth_through() -> None:
    growing = marts(lambda n: 100_000 * 1.04**n)
    assert influence(growing) == pytest.approx(1, abs=0.05)
    assert influence(flattened(grouped(growing))) == pytest.approx(0, abs=0.1)


def test_without_history_the_kind_of_step_tells_how_far_growth_goes() -> None:
    still = marts(lambda _: 100_000)
    total = ColumnEdge(FCT, "amount", MART, "total", EdgeKind.AGGREGATE)
    single = replace(still, graph=replace(still.graph, column_edges=(total,)))
    assert influence(still) == pytest.approx(1)
    assert influence(grouped(still)) == pytest.approx(0.5)
    found = case(single, ON_WEEKLY, day(41) + 4 * HOUR)
    assert [each.relation for each in found.upstream] == [WEEKLY]


def test_models_that_read_each_other_in_a_circle_are_walked_once() -> None:
    facts = marts()
    edges = (*facts.graph.relation_edges, RelationEdge(MART, FCT), RelationEdge(FCT, FCT))
    found = case(
        replace(facts, graph=replace(facts.graph, relation_edges=edges)), ON_WEEKLY, day(41)
    )
    assert len(found.upstream) == len({each.relation for each in found.upstream})
    assert WEEKLY in {each.relation for each in found.upstream}


def test_a_model_whose_builds_nobody_saw_holds_up_an_unknown_amount() -> None:
    facts = marts(backfilled)
    unseen = replace(facts, runs=tuple(run for run in facts.runs if run.unique_id != MART))
    found = features(unseen, ON_WEEKLY, day(37) + 4 * HOUR)
    assert found["upstream_not_arrived"] == 0  # of the weekly mart itself; of the rest: unknown
    assert "upstream_stalest_days" in found
    assert found["upstream_depth"] == 2


def test_rows_are_drawn_ahead_to_the_builds_that_are_due() -> None:
    """On the 41st day the mart holds the rows of the 35th; six runs later those of the 42nd."""
    found = features(marts(lambda n: 100_000 * 1.04**n), ON_WEEKLY, day(41) + 4 * HOUR)
    assert found["projected_log_rows"] == pytest.approx(7 * log(1.04), abs=0.01)
    assert found["projected_log_us"] == pytest.approx(7 * log(1.04), abs=0.05)


def test_a_backfill_under_way_is_drawn_ahead_as_what_it_is() -> None:
    """It comes with the next build, and nothing comes after it."""
    found = features(marts(backfilled), ON_WEEKLY, day(37) + 4 * HOUR)
    assert found["projected_log_rows"] == pytest.approx(log(3), abs=0.03)


def test_a_backfill_that_all_runs_have_met_is_not_drawn_ahead() -> None:
    found = features(marts(backfilled, days=52), ON_WEEKLY, day(50) + 4 * HOUR)
    assert found["projected_log_rows"] == pytest.approx(0, abs=0.03)


def test_a_weekly_build_is_drawn_ahead_by_weeks() -> None:
    found = features(marts(lambda n: 100_000 * 1.01**n), MART, day(41) + 4 * HOUR)
    # From the build on the 21st day, the median of six, to the one on the 77th.
    assert found["projected_log_rows"] == pytest.approx(56 * log(1.01), abs=0.08)
