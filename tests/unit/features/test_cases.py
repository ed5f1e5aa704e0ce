"""What a predictor may look at: facts up to the cut-off, and the relation that drives them."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite, log
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.features.bayes import Fits, fit
from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.elasticity import QUERY_PRIOR
from dbt_schema_evolve.features.flow_changes import FlowHistory
from dbt_schema_evolve.features.known_rows import KnownRows
from dbt_schema_evolve.features.sizes import sizes
from dbt_schema_evolve.features.timeline import days_of
from dbt_schema_evolve.records.forecasts import Case
from dbt_schema_evolve.records.lineage_changes import Aspect, DatedChanges, LineageChange
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import QueryStat
from tests.fakes.forecasting import EVENTS, NATIONS, ORDERS, World, day, uses, world

_FACTS = world(lambda t: 1 + 0.03 * t, queries=3)


def cases(facts: World, cutoff: datetime | None = None) -> tuple[Case, ...]:
    return Cases(facts.facts).at(cutoff or facts.today)


def exponent(case: Case) -> float:
    assert case.driver is not None
    return case.driver.elasticity.exponent


def test_the_relation_that_explains_the_times_drives_the_query() -> None:
    for case in cases(world(lambda t: 1 + 0.05 * t, exponents=(1.1,), queries=6)):
        assert case.driver is not None
        assert case.driver.relation == EVENTS
        assert case.driver.elasticity.driver_id == "source.shop.events"


def test_changes_in_the_flow_of_what_a_query_reads_are_features_up_to_the_cutoff() -> None:
    facts = world(lambda _: 1.0, queries=1)
    widened = LineageChange("source.shop.events", Aspect.TYPE, "integer", "bigint", "id")
    flow = FlowHistory((DatedChanges(day(10), (widened,)),))
    (after,) = cases(replace(facts, flow=flow), day(12))
    (before,) = cases(replace(facts, flow=flow), day(9))
    found = dict(after.features.values)
    assert (found["flow_types_changed"], found["flow_days_since_change"]) == (1.0, 2.0)
    assert not any(name.startswith("flow") for name, _ in before.features.values)


def test_a_small_relation_drives_when_the_blocks_say_so() -> None:
    """EVENTS has four times the rows but stands still; only the growth of ORDERS fits."""
    facts = world(lambda _: 1.0, queries=1, exponents=(0.0,))
    growing = tuple(
        replace(s, shared_blocks=int(s.shared_blocks * (1 + 0.02 * n)))
        for n, s in enumerate(facts.stats, start=1)
    )
    (case,) = cases(replace(facts, stats=growing))
    assert case.driver is not None
    assert case.driver.relation == ORDERS
    assert exponent(case) == pytest.approx(0.9, abs=0.25)


def test_an_indexed_lookup_is_told_from_a_scan_within_two_weeks() -> None:
    lookups = cases(world(lambda t: 1 + 0.02 * t, exponents=(0.0,), queries=12))
    scans = cases(world(lambda t: 1 + 0.02 * t, exponents=(1.1,), queries=12))
    assert max(map(exponent, lookups)) < min(map(exponent, scans))


def test_without_growth_the_exponent_is_what_was_believed_before() -> None:
    facts = world(lambda _: 1.0, queries=1)
    alone = {fingerprint: uses(fingerprint, NATIONS) for fingerprint in facts.uses}
    (case,) = cases(replace(facts, uses=alone))
    assert exponent(case) == pytest.approx(QUERY_PRIOR.mean)


def test_a_table_of_25_rows_does_not_drive_a_query_that_reads_a_million() -> None:
    (case,) = cases(world(lambda _: 1.0, queries=1))
    assert case.driver is not None
    assert case.driver.relation != NATIONS


def test_blocks_make_the_exponent_more_certain_than_times_alone() -> None:
    facts = world(lambda t: 1 + 0.02 * t, queries=1, exponents=(1.0,))
    blind = replace(facts, stats=tuple(replace(s, shared_blocks=0) for s in facts.stats))
    (seen,), (unseen,) = cases(facts), cases(blind)
    assert seen.driver is not None
    assert unseen.driver is not None
    assert seen.driver.elasticity.stderr < unseen.driver.elasticity.stderr


def test_a_subject_whose_lineage_is_not_known_has_no_driver() -> None:
    facts = replace(world(lambda t: 1 + t, queries=1), uses={})
    (case,) = cases(facts)
    assert case.driver is None
    assert case.relations == ()
    assert dict(case.features.values)["windows"] == 14


def test_relations_without_row_counts_cannot_drive() -> None:
    facts = world(lambda t: 1 + t, queries=1)
    (case,) = cases(replace(facts, row_series={EVENTS: facts.row_series[EVENTS][:2]}))
    assert case.driver is None
    assert set(case.relations) == {EVENTS, ORDERS, NATIONS}


def test_roles_of_one_window_are_one_observation() -> None:
    facts = world(lambda _: 1.0, queries=1, days=5)
    doubled = (*facts.stats, *(replace(s, role="other") for s in facts.stats))
    (case,) = cases(replace(facts, stats=doubled))
    assert [o.calls for o in case.observations] == [40] * 5


def test_features_name_levels_slopes_and_growth() -> None:
    (case,) = cases(world(lambda t: 1 + 0.02 * t, queries=1, exponents=(1.0,)))
    values = dict(case.features.values)
    assert values["log_blocks_level"] == pytest.approx(7.1, abs=0.1)
    assert values["driver_growth_ratio_per_day"] == pytest.approx(0.0156, abs=0.002)
    assert values["log_us_slope_per_day"] == pytest.approx(0.017, abs=0.02)
    assert list(values) == sorted(values)
    assert all(isfinite(value) for value in values.values())


def test_rows_between_captures_are_interpolated_and_held_at_the_ends() -> None:
    facts = replace(_FACTS, row_series={EVENTS: ((day(0), 100), (day(2), 300))})
    rows = KnownRows(sizes(facts.facts.relations), {}, days_of(day(9)))
    asked = np.array([days_of(day(n)) for n in (-1, 0, 1, 2, 5)])
    assert rows.at(EVENTS, asked).tolist() == [100, 100, 200, 300, 300]
    assert rows.log_change(EVENTS, days_of(day(1))) == pytest.approx(log(300 / 200))
    assert rows.log_change(EVENTS, days_of(day(-1))) is None


def test_rows_captured_after_the_cutoff_are_not_interpolated_towards() -> None:
    facts = replace(_FACTS, row_series={EVENTS: ((day(0), 100), (day(2), 300))})
    rows = KnownRows(sizes(facts.facts.relations), {}, days_of(day(1)))
    assert rows.at(EVENTS, np.array([days_of(day(1))])).tolist() == [100]


def line(ys: list[float]) -> Fits:
    xs, weights = np.array([[0.02 * n for n in range(14)]]), np.ones((1, 14))
    return fit(xs, np.array([ys]), weights, np.array([0.8]), np.array([0.5]), 0.1)


def test_a_noisy_neighbour_is_not_news_about_the_query() -> None:
    ys = [0.02 * n for n in range(14)]
    wild = [y + 3.0 * (n == 11) for n, y in enumerate(ys)]
    assert line(wild).mean[0] == pytest.approx(line(ys).mean[0], abs=0.2)


run_times = st.integers(0, 10**7)


def build(n: int, us: int, *, materialized: str = "table", status: str = "success") -> NodeRun:
    return NodeRun(
        f"run{n}", "model.shop.große", status, None, us, day(n), EVENTS, materialized, us
    )


def test_builds_become_cases_of_their_model() -> None:
    facts = world(lambda t: 1 + 0.02 * t)
    runs = tuple(build(n, 1_000_000 + 20_000 * n) for n in range(15))
    read = {"model.shop.große": uses("", EVENTS)}
    (case,) = cases(replace(facts, stats=(), runs=runs, uses=read))
    assert case.subject == "model.shop.große"
    assert case.driver is not None
    assert case.driver.relation == EVENTS
    assert len(case.observations) == 15


@pytest.mark.parametrize(
    "runs",
    [
        [build(1, 5, materialized="view")],
        [build(1, 5, status="error")],
        [replace(build(1, 5), unique_id="test.shop.unique")],
        [replace(build(1, 5), captured_at=None)],
    ],
)
def test_what_is_no_build_of_stored_rows_is_no_case(runs: list[NodeRun]) -> None:
    facts = replace(world(lambda _: 1.0), stats=(), runs=tuple(runs))
    assert cases(facts, day(30)) == ()


def test_an_incremental_model_is_believed_to_follow_its_sources_less() -> None:
    facts = world(lambda _: 1.0)
    read = {"model.shop.große": uses("", NATIONS)}

    def believed(materialized: str) -> float:
        runs = tuple(build(n, 1_000_000, materialized=materialized) for n in range(15))
        (case,) = cases(replace(facts, stats=(), runs=runs, uses=read))
        return exponent(case)

    assert believed("incremental") < believed("table")


later = st.builds(
    QueryStat,
    fingerprint=st.sampled_from(["q000", "q001", "new"]),
    role=st.just("shop"),
    window_start=st.floats(0, 40).map(day),
    window_end=st.floats(10.01, 50).map(day),
    calls=st.integers(1, 10**6),
    total_us=st.integers(0, 10**12),
    rows=st.integers(0, 10**9),
    shared_blocks=st.integers(0, 10**9),
    temp_blocks=st.integers(0, 10**9),
)
later_counts = st.lists(
    st.tuples(st.floats(10.01, 50).map(day), st.integers(0, 2**62)), max_size=10
)


@settings(deadline=None)
@given(st.lists(later, max_size=20), later_counts, st.randoms(use_true_random=False))
def test_nothing_after_the_cutoff_is_ever_read(
    stats: list[QueryStat], counts: list[tuple[datetime, int]], rng: Random
) -> None:
    cutoff = day(10)
    known = [s for s in _FACTS.stats if s.window_end <= cutoff]
    scrambled = [*known, *stats]
    rng.shuffle(scrambled)
    grown = {
        relation: (*(p for p in series if p[0] <= cutoff), *counts)
        for relation, series in _FACTS.row_series.items()
    }
    truth = cases(_FACTS, cutoff)
    assert cases(replace(_FACTS, stats=tuple(scrambled), row_series=grown), cutoff) == truth


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(10.01, 50), run_times), max_size=10))
def test_builds_after_the_cutoff_are_never_read(
    after: list[tuple[float, int]],
) -> None:
    runs = tuple(build(n, 1_000_000 + n) for n in range(10))
    more = tuple(
        replace(build(99 + n, us), captured_at=day(at)) for n, (at, us) in enumerate(after)
    )
    known = replace(_FACTS, stats=(), runs=runs, uses={"model.shop.große": uses("", EVENTS)})
    assert cases(replace(known, runs=more + runs), day(10)) == cases(known, day(10))


def test_relations_are_listed_largest_first() -> None:
    (case, *_) = cases(world(lambda _: 1.0, queries=1))
    assert case.relations == (EVENTS, ORDERS, NATIONS)
    assert isinstance(case.relations[0], RelationName)
    assert case.cutoff - case.observations[-1].at < timedelta(days=1)
