"""What breaks next, from real histories: right where the past is plain, modest where it is not."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from random import Random

import pytest

from dbt_schema_evolve.records.captures import CapturedFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange
from dbt_schema_evolve.records.prospects import Foresight, Prospect
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.lineage import read_lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse
from tests.fakes.growing_shop import EVENTS, FCT, LOOKUP, STG, SUM, Shop, at, history, without

SHOP = Shop()
DAY = timedelta(days=1)


def foreseen(
    folder: Path,
    captures: Iterable[CapturedFacts],
    now: datetime = SHOP.last,
    *,
    limit_us: float | None = None,
    fct_limit: float | None = None,
) -> Foresight:
    """Forecasts 30 days ahead from a history file with these captures; each is sound."""
    with history(folder / "history.duckdb", captures, fct_limit) as found:
        known = RememberedWarehouse(found)
        lineage = read_lineage(found, known.catalog(), known.search_path())
        foresight = foresee(lineage, found, now, 30.0, limit_us=limit_us)
    for prospect in foresight.prospects:
        forecast = prospect.forecast
        numbers = (
            forecast.predicted_low_us, forecast.predicted_us, forecast.predicted_high_us,
        )  # fmt: skip
        assert all(isfinite(number) and number > 0 for number in numbers)
        assert list(numbers) == sorted(numbers)
    return foresight


def of(foresight: Foresight, name: str) -> Prospect:
    (found,) = (each for each in foresight.prospects if each.name == name)
    return found


def width(prospect: Prospect) -> float:
    return prospect.forecast.predicted_high_us / prospect.forecast.predicted_low_us


def reasons(foresight: Foresight) -> dict[str, str]:
    return {skip.subject: skip.reason for skip in foresight.skips}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Foresight:
    """What is foreseen where nothing is wrong."""
    return foreseen(tmp_path_factory.mktemp("plain"), SHOP.captures())


def test_what_breaks_first_comes_first_and_what_stands_still_last(plain: Foresight) -> None:
    breaking = [each for each in plain.prospects if each.breaks]
    assert {each.name for each in breaking} == {SUM, "stg", "fct", "mart"}
    days = [each.breach.days for each in breaking if each.breach and each.breach.days is not None]
    assert len(days) == 4
    assert days == sorted(days)
    assert plain.prospects[-1].name == LOOKUP
    assert plain.prospects[-1].breach is None


def test_who_is_affected_are_those_downstream(plain: Foresight) -> None:
    stg = of(plain, "stg").affected
    assert [place.name for place in stg.models] == ["fct", "mart"]
    assert {each.name for each in stg.consumers} == {"shop", "shop /sum", "Sales", "web"}
    assert stg.consumers[-1].kind == "role"
    mart = of(plain, "mart").affected
    assert mart.models == ()
    assert [(each.name, each.owner) for each in mart.consumers] == [("Sales", "finance")]
    assert {each.name for each in of(plain, SUM).affected.consumers} == {"shop", "shop /sum", "web"}


def test_without_a_trained_predictor_the_projection_speaks_and_says_why(plain: Foresight) -> None:
    assert plain.spoke.predictor == "projection"
    assert plain.spoke.reason == "no predictor was trained yet"


def test_a_limit_for_all_is_what_counts_unless_a_model_has_its_own(tmp_path: Path) -> None:
    found = foreseen(tmp_path, SHOP.captures(), limit_us=10e6, fct_limit=60)
    assert of(found, "stg").breach is not None
    assert of(found, "stg").limit.set_by == "--limit-seconds"
    assert of(found, "stg").breach.days == 0  # type: ignore[union-attr]
    assert of(found, "fct").limit.us == 60e6
    assert of(found, "fct").limit.set_by == "meta.schema_evolve.limit_seconds"
    assert not of(found, SUM).breaks


@pytest.mark.parametrize("written", ["soon", -1, 0, True, [60]])
def test_a_limit_that_is_no_time_is_named_and_not_used(tmp_path: Path, written: float) -> None:
    found = foreseen(tmp_path, SHOP.captures(), fct_limit=written)
    assert "is no time; write for example 60" in reasons(found)["model.shop.fct"]
    assert of(found, "fct").limit.set_by == "1.5x now"


def test_the_order_in_which_captures_arrive_changes_nothing(
    tmp_path: Path, plain: Foresight
) -> None:
    captures = list(SHOP.captures())
    Random(3).shuffle(captures)
    assert foreseen(tmp_path, captures) == plain


def test_a_capture_that_is_there_twice_changes_no_query(tmp_path: Path, plain: Foresight) -> None:
    captures = SHOP.captures()
    again = [
        replace(each, capture=replace(each.capture, capture_id=f"again-{number}"))
        for number, each in enumerate(captures)
        if number % 3 == 0
    ]
    found = foreseen(tmp_path, [*captures, *again])
    for name in (SUM, LOOKUP):
        ours, usual = of(found, name).forecast, of(plain, name).forecast
        assert ours.measured_us == usual.measured_us
        assert ours.predicted_us == pytest.approx(usual.predicted_us, rel=0.02)


def test_a_gap_of_a_week_is_bridged_with_the_same_level(tmp_path: Path, plain: Foresight) -> None:
    found = of(foreseen(tmp_path, without(SHOP.captures(), range(6, 13))), SUM)
    assert found.forecast.measured_us == pytest.approx(of(plain, SUM).forecast.measured_us, rel=0.1)
    assert found.breaks


def test_what_was_not_seen_for_long_has_no_forecast_but_the_reason(tmp_path: Path) -> None:
    found = foreseen(tmp_path, SHOP.captures(), SHOP.last + 15 * DAY)
    assert found.prospects == ()
    assert set(reasons(found).values()) == {"not seen for 15 days"}


def test_a_clock_that_jumps_ahead_is_not_believed_before_that_day_has_come(
    tmp_path: Path, plain: Foresight
) -> None:
    captures = SHOP.captures()
    ahead = at(captures[9], SHOP.last + 400 * DAY)
    found = foreseen(tmp_path, [*captures[:9], ahead, *captures[10:]])
    assert of(found, SUM).forecast.measured_us == pytest.approx(
        of(plain, SUM).forecast.measured_us, rel=0.2
    )


def test_a_clock_that_jumps_back_makes_no_forecast_surer(tmp_path: Path, plain: Foresight) -> None:
    captures = SHOP.captures()
    back = at(captures[12], SHOP.start - 3000 * DAY)
    found = foreseen(tmp_path, [*captures[:12], back, *captures[13:]])
    for prospect in found.prospects:
        usual = of(plain, prospect.name)
        assert prospect.forecast.measured_us == pytest.approx(usual.forecast.measured_us, rel=0.2)
        assert width(prospect) >= 0.9 * width(usual)


@pytest.mark.parametrize("day", [4, 12, 19])
def test_counters_that_were_reset_do_not_change_the_level(
    tmp_path: Path, plain: Foresight, day: int
) -> None:
    captures = list(SHOP.captures())
    base = {each.queryid: each for each in captures[day - 1].statements}
    for number in range(day, len(captures)):
        captures[number] = replace(
            captures[number],
            statements=tuple(
                replace(
                    each,
                    calls=each.calls - base[each.queryid].calls,
                    total_us=each.total_us - base[each.queryid].total_us,
                    shared_blocks=each.shared_blocks - base[each.queryid].shared_blocks,
                )
                for each in captures[number].statements
            ),
        )
    found = of(foreseen(tmp_path, captures), SUM).forecast
    assert found.measured_us == pytest.approx(of(plain, SUM).forecast.measured_us, rel=0.1)


def test_a_model_under_a_new_name_starts_a_history_of_its_own(tmp_path: Path) -> None:
    captures = [
        facts if number >= 17 else replace(
            facts,
            node_runs=tuple(
                replace(run, unique_id=run.unique_id.replace("fct", "sales"),
                        relation=RelationName("marts", "sales"))
                if run.unique_id == "model.shop.fct" else run
                for run in facts.node_runs
            ),
        )
        for number, facts in enumerate(SHOP.captures())
    ]  # fmt: skip
    found = foreseen(tmp_path, captures)
    assert "fct" not in {each.name for each in found.prospects}
    assert reasons(found)["model.shop.fct"] == "seen in 3 windows only; a forecast needs 4"


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_history_of_hardly_any_captures_gives_reasons_instead(tmp_path: Path, days: int) -> None:
    shop = replace(SHOP, days=days)
    found = foreseen(tmp_path, shop.captures(), max(shop.last, shop.start))
    assert found.prospects == ()
    assert all("seen in" in reason for reason in reasons(found).values())


def test_a_history_of_only_zeros_gives_no_forecast(tmp_path: Path) -> None:
    shop = Shop(growth=lambda _: 0.0, build_us=0.0)
    found = foreseen(tmp_path, shop.captures())
    assert not [each for each in found.prospects if each.name != LOOKUP]
    assert "none of its windows holds a time that a call can take" in reasons(found).values()


def test_counters_near_the_end_of_their_type_raise_nothing(tmp_path: Path) -> None:
    captures = [
        replace(
            facts,
            statements=tuple(
                replace(each, calls=1, total_us=2**62 - number, shared_blocks=2**62)
                for each in facts.statements
            ),
            relations=tuple(
                replace(each, estimated_rows=2**62, table_bytes=2**62) for each in facts.relations
            ),
        )
        for number, facts in enumerate(SHOP.captures())
    ]
    found = foreseen(tmp_path, captures)
    assert {each.kind for each in found.prospects} <= {"model"}


def test_a_spike_on_the_last_day_is_no_level(tmp_path: Path, plain: Foresight) -> None:
    captures = list(SHOP.captures())
    last = captures[-1]
    captures[-1] = replace(
        last,
        statements=tuple(replace(each, total_us=50 * each.total_us) for each in last.statements),
    )
    found = of(foreseen(tmp_path, captures), SUM)
    assert found.forecast.measured_us == pytest.approx(of(plain, SUM).forecast.measured_us, rel=0.2)


def filling(facts: CapturedFacts, day: int) -> CapturedFacts:
    """The same capture, in which the key of the events nears its end, and with it two models'."""
    reach = ColumnRange(31, 2**31 - 1 - 5_000_000 * (60 - day), is_exact=True)
    key = ColumnProfile(EVENTS, "id", "integer", facts.capture.captured_at, position=1, range=reach)
    others = [replace(key, relation=each, range=None) for each in (STG, FCT)]
    return replace(facts, columns=(key, *facts.columns[1:], *others))


def test_a_key_that_fills_up_is_told_once_with_the_models_that_carry_it(tmp_path: Path) -> None:
    captures = [filling(facts, day) for day, facts in enumerate(SHOP.captures())]
    (alarm,) = foreseen(tmp_path, captures).alarms
    assert str(alarm.column) == "raw.events.id"
    assert [str(each) for each in alarm.affected] == ["marts.fct.id", "marts.stg.id"]
    assert alarm.until is not None
    assert alarm.until.days == pytest.approx(60 - (SHOP.days - 1))


def test_after_days_without_a_capture_it_is_so_much_nearer(tmp_path: Path) -> None:
    captures = [filling(facts, day) for day, facts in enumerate(SHOP.captures())]
    (alarm,) = foreseen(tmp_path, captures, SHOP.last + 9 * DAY).alarms
    assert alarm.until is not None
    assert alarm.until.days == pytest.approx(60 - (SHOP.days - 1) - 9)


def test_where_nothing_fills_up_there_is_no_alarm(plain: Foresight) -> None:
    assert plain.alarms == ()
