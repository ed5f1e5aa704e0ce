"""Whatever a history holds, cases come without an exception and their numbers are finite."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.features.cases import Cases
from dbt_schema_evolve.features.facts import Facts
from dbt_schema_evolve.records.forecasts import Case
from dbt_schema_evolve.records.lineage import LineageGraph
from tests.fakes.forecasting import day
from tests.fakes.marts import FCT, ON_DAILY, ON_WEEKLY, marts

WORLD = marts()
NOW = day(41) + timedelta(hours=4)
NAN = float("nan")


def cases(facts: Facts, now: datetime = NOW) -> dict[str, Case]:
    """Cases by subject, once all of their numbers were found to be finite."""
    found = {case.subject: case for case in Cases(facts).at(now)}
    for case in found.values():
        assert all(isfinite(value) for _, value in case.features.values)
        assert all(isfinite(row) for each in case.upstream for row in each.rows)
        assert all(isfinite(each.influence) for each in case.upstream)
        assert all(len(each.rows) == len(case.observations) for each in case.upstream)
        assert "nan" not in " ".join(suspect.sentence for suspect in case.suspects)
        if case.driver is not None:
            assert all(isfinite(row) for row in case.driver.rows)
            assert isfinite(case.driver.elasticity.exponent)
    return found


def of(facts: Facts, **changed: Any) -> Facts:
    """Set a field of every fact that has it."""

    def set_in(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            replace(each, **{k: v for k, v in changed.items() if hasattr(each, k)})
            for each in items
        )

    return replace(
        facts,
        stats=set_in(facts.stats), runs=set_in(facts.runs), relations=set_in(facts.relations),
        columns=set_in(facts.columns), outlooks=set_in(facts.outlooks),
    )  # fmt: skip


def test_a_history_of_nothing_has_no_cases() -> None:
    assert cases(Facts(LineageGraph((), (), ()), {}, {})) == {}
    assert cases(WORLD, day(-10)) == {}


@pytest.mark.parametrize("nothing", ["stats", "runs", "relations", "columns", "outlooks"])
def test_a_kind_of_fact_may_be_missing_altogether(nothing: str) -> None:
    found = cases(replace(WORLD, **{nothing: ()}))
    assert (ON_DAILY in found) == (nothing != "stats")
    assert (FCT in found) == (nothing != "runs")


def test_what_is_not_known_is_left_out() -> None:
    (bare,) = cases(replace(WORLD, runs=(), relations=(), outlooks=(), columns=(), stats=tuple(
        stat for stat in WORLD.stats if stat.fingerprint == ON_DAILY
    ))).values()  # fmt: skip
    names = {name for name, _ in bare.features.values}
    assert not any(
        name.startswith(("driver", "largest", "upstream", "plan", "skew")) for name in names
    )
    assert {"log_us_level", "fan_in"} <= names


def test_a_history_of_one_point_has_a_level_and_tells_nothing_that_takes_two() -> None:
    found = cases(WORLD, day(0.2))
    values = dict(found[ON_DAILY].features.values)
    assert values["windows"] == 1
    assert {"log_us_level", "skew_top_value_ratio", "largest_dead_ratio"} <= set(values)
    ends = ("_slope_per_day", "ratio_per_day", "_volatility", "_over_level", "_since_analyze_ratio")
    begins = ("upstream_growth", "upstream_change", "projected")
    assert not any(name.endswith(ends) or name.startswith(begins) for name in values)
    assert "cadence_days" not in values
    assert found[ON_DAILY].driver is None


def test_windows_a_moment_apart_tell_no_slope_of_a_day() -> None:
    moments = (NOW, NOW - timedelta(seconds=5))
    found = cases(
        replace(
            WORLD,
            stats=tuple(
                replace(each, window_end=moment, total_us=2**number * each.total_us)
                for each in WORLD.stats[-1:]
                for number, moment in enumerate(moments)
            ),
        )
    )
    values = dict(found[ON_WEEKLY].features.values)
    assert values["windows"] == 2
    assert not any(name.endswith("_slope_per_day") for name in values)


@pytest.mark.parametrize("value", [0, NAN, -1, 2**62, float("inf")])
def test_a_history_of_one_strange_number_is_survived(value: float) -> None:
    cases(
        of(
            WORLD, calls=value, total_us=value, rows=value, shared_blocks=value, temp_blocks=value,
            execution_us=value, rows_affected=value, estimated_rows=value, table_bytes=value,
            index_bytes=value, inserted_rows=value, updated_rows=value, deleted_rows=value,
            dead_rows=value, top_value_ratio=value, estimated_cost=value,
            estimated_fill_ratio=value, row_ratio=value,
        )
    )  # fmt: skip


def test_a_history_of_only_zeros_has_no_level() -> None:
    found = cases(of(WORLD, total_us=0, shared_blocks=0, rows=0))
    values = dict(found[ON_DAILY].features.values)
    assert values["windows"] == 0
    assert "log_us_level" not in values
    assert values["log_blocks_level"] == 0


def test_a_clock_that_jumped_ahead_is_not_read_before_its_time() -> None:
    """Three captures say that it is the year 9000."""
    ahead = datetime(9000, 1, 1, tzinfo=UTC)
    jumped = replace(
        WORLD,
        stats=(*WORLD.stats, *(replace(s, window_end=ahead) for s in WORLD.stats[:3])),
        relations=(*WORLD.relations, *(replace(p, captured_at=ahead) for p in WORLD.relations[:3])),
        runs=(*WORLD.runs, *(replace(r, captured_at=ahead) for r in WORLD.runs[:3])),
    )
    assert cases(jumped) == cases(WORLD)
    cases(jumped, ahead)


def test_statistics_made_in_the_future_are_fresh() -> None:
    found = cases(of(WORLD, last_analyzed_at=day(99)))
    assert dict(found[ON_DAILY].features.values)["largest_days_since_analyze"] == 0


def test_a_window_that_was_read_twice_with_other_numbers_counts_once() -> None:
    """A second reading of one window, made when fewer calls were known."""
    partly = tuple(replace(s, calls=4, total_us=1) for s in WORLD.stats[::2])
    assert cases(replace(WORLD, stats=partly + WORLD.stats)) == cases(WORLD)


def test_gaps_make_windows_fewer_and_nothing_else() -> None:
    gappy = replace(WORLD, stats=tuple(s for s in WORLD.stats if s.window_end.day % 5))
    values = dict(cases(gappy)[ON_DAILY].features.values)
    whole = dict(cases(WORLD)[ON_DAILY].features.values)
    assert values["windows"] < whole["windows"]
    assert values["log_us_slope_per_day"] == pytest.approx(whole["log_us_slope_per_day"], rel=0.01)


def test_a_model_that_was_renamed_keeps_its_upstream_without_its_past() -> None:
    """The graph knows the new name only; builds under the old one are another subject's."""
    renamed = replace(
        WORLD,
        runs=tuple(
            replace(r, unique_id="model.shop.old") if r.unique_id == FCT else r for r in WORLD.runs
        ),
    )
    found = cases(renamed)
    assert "model.shop.old" in found
    assert FCT not in found
    assert found[ON_WEEKLY].upstream


numbers = st.sampled_from(
    [0, 1, -1, -5, 2**40, 2**63, NAN, float("inf"), -float("inf"), 1e-300, 1e300]
)
SPOILED: dict[str, tuple[str, ...]] = {
    "stats": ("calls", "total_us", "rows", "shared_blocks", "temp_blocks"),
    "runs": ("execution_us", "rows_affected"),
    "relations": (
        "estimated_rows", "table_bytes", "index_bytes", "inserted_rows", "updated_rows",
        "deleted_rows", "dead_rows",
    ),
    "columns": ("top_value_ratio",),
    "outlooks": ("horizon_days", "estimated_cost", "estimated_fill_ratio", "row_ratio"),
}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(SPOILED)), st.integers(0, 10**6), st.integers(0, 10), numbers
        ),
        max_size=60,
    )
)
def test_any_numbers_anywhere_are_survived(spoiled: list[tuple[str, int, int, float]]) -> None:
    facts: dict[str, list[Any]] = {kind: list(getattr(WORLD, kind)) for kind in SPOILED}
    for kind, which, field, value in spoiled:
        items, names = facts[kind], SPOILED[kind]
        place = which % len(items)
        items[place] = replace(items[place], **{names[field % len(names)]: value})
    cases(replace(WORLD, **{kind: tuple(items) for kind, items in facts.items()}))


instants = st.floats(-50, 100).map(day)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), instants), max_size=100), instants)
def test_any_times_are_survived(moved: list[tuple[int, datetime]], now: datetime) -> None:
    def at_other_times(items: tuple[Any, ...], name: str) -> tuple[Any, ...]:
        changed = list(items)
        for which, at in moved:
            changed[which % len(items)] = replace(changed[which % len(items)], **{name: at})
        return tuple(changed)

    cases(
        replace(
            WORLD,
            stats=at_other_times(WORLD.stats, "window_end"),
            runs=at_other_times(WORLD.runs, "captured_at"),
            relations=at_other_times(WORLD.relations, "captured_at"),
            columns=at_other_times(WORLD.columns, "captured_at"),
            outlooks=at_other_times(WORLD.outlooks, "made_at"),
        ),
        now,
    )
