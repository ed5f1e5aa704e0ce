"""A learned predictor on real histories: modest where the past is short, held to its word."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite, log
from pathlib import Path

import pytest

from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.predict.bundle import Bundle
from dbt_schema_evolve.predict.choice import Candidates, Learned
from dbt_schema_evolve.predict.trees.predictor import TreePredictor
from dbt_schema_evolve.predict.trees.training import train
from dbt_schema_evolve.predict.trees.trees import NAME, part_of
from dbt_schema_evolve.records.captures import CapturedFacts
from dbt_schema_evolve.records.prospects import Foresight, Issued, Prospect
from dbt_schema_evolve.workflows.foresee import foresee
from dbt_schema_evolve.workflows.lineage import read_lineage
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse
from tests.fakes.fleet import cause_of, examples, seen_briefly
from tests.fakes.growing_shop import SUM, Shop, history, without

SHOP = Shop()
DAY = timedelta(days=1)
ID = "given 1"


@pytest.fixture(scope="module")
def candidates() -> Candidates:
    trees = part_of(train((*examples(), *seen_briefly()), cause_of))
    predictor = TreePredictor(Bundle({NAME: trees}, "a made-up fleet", 1000, 40))
    return Candidates(Learned("prior", ID, predictor, None, "it ships"))


def foreseen(candidates: Candidates, found: DuckHistory, now: datetime = SHOP.last) -> Foresight:
    """Forecasts from a history; each is sound."""
    with found:
        known = RememberedWarehouse(found)
        lineage = read_lineage(found, known.catalog(), known.search_path())
        foresight = foresee(lineage, found, now, 30.0, candidates)
    for prospect in foresight.prospects:
        forecast = prospect.forecast
        numbers = (
            forecast.predicted_low_us, forecast.predicted_us, forecast.predicted_high_us,
        )  # fmt: skip
        assert all(isfinite(number) and number > 0 for number in numbers)
        assert list(numbers) == sorted(numbers)
        assert 0 <= (forecast.predicted_probability or 0.0) <= 1
    return foresight


def after(
    candidates: Candidates,
    folder: Path,
    captures: Iterable[CapturedFacts],
    now: datetime = SHOP.last,
) -> Foresight:
    return foreseen(candidates, history(folder / "history.duckdb", captures), now)


def of(foresight: Foresight, name: str) -> Prospect:
    (found,) = (each for each in foresight.prospects if each.name == name)
    return found


def width(prospect: Prospect) -> float:
    """How wide an interval is, in logarithms."""
    return log(prospect.forecast.predicted_high_us / prospect.forecast.predicted_low_us)


def test_it_speaks_names_the_growth_and_says_how_likely(
    candidates: Candidates, tmp_path: Path
) -> None:
    found = after(candidates, tmp_path, SHOP.captures())
    assert found.spoke.predictor == "prior"
    query = of(found, SUM)
    assert query.forecast.predicted_probability is not None
    assert query.forecast.predicted_us > query.forecast.measured_us
    assert query.breach is not None


def test_one_run_is_enough_for_a_forecast_that_is_wide_and_says_so(
    candidates: Candidates, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    whole = after(candidates, tmp_path / "whole", SHOP.captures())
    short = after(candidates, tmp_path, replace(SHOP, days=2).captures(), SHOP.start + DAY)
    query = of(short, SUM)
    assert "seen in one window only, so the interval is wide" in query.forecast.reason
    assert width(query) > 1.5 * width(of(whole, SUM))


def test_a_model_under_a_new_name_is_wide_too(candidates: Candidates, tmp_path: Path) -> None:
    captures = [
        facts if number >= 18 else replace(
            facts,
            node_runs=tuple(
                replace(run, unique_id=run.unique_id.replace("fct", "sales"))
                for run in facts.node_runs
            ),
        )
        for number, facts in enumerate(SHOP.captures())
    ]  # fmt: skip
    found = after(candidates, tmp_path, captures)
    assert "seen in 2 windows only" in of(found, "fct").forecast.reason
    assert width(of(found, "fct")) > width(of(found, "stg"))


def test_a_gap_does_not_move_the_level(candidates: Candidates, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = of(after(candidates, tmp_path / "whole", SHOP.captures()), SUM)
    gap = of(after(candidates, tmp_path, without(SHOP.captures(), range(6, 12))), SUM)
    assert gap.forecast.measured_us == pytest.approx(whole.forecast.measured_us, rel=0.1)


def test_only_zeros_and_nothing_at_all_have_no_forecast(
    candidates: Candidates, tmp_path: Path
) -> None:
    zeros = Shop(growth=lambda _: 0.0, mean_us=(0.0, 0.0), build_us=0.0)
    found = after(candidates, tmp_path, zeros.captures())
    assert found.prospects == ()
    assert {skip.reason for skip in found.skips} == {
        "none of its windows holds a time that a call can take"
    }
    (tmp_path / "empty").mkdir()
    assert after(candidates, tmp_path / "empty", ()).prospects == ()


def test_what_it_said_is_kept_once_a_day(candidates: Candidates, tmp_path: Path) -> None:
    held = history(tmp_path / "history.duckdb", SHOP.captures())
    foresight = foreseen(candidates, held)
    foreseen(candidates, held, SHOP.last + timedelta(hours=1))
    with held:
        kept = held.forecasts(ID)
    assert {each.subject for each in kept} == {p.forecast.subject for p in foresight.prospects}
    assert len(kept) == len(foresight.prospects)


def test_a_predictor_whose_word_failed_gives_way_and_goes_on_being_scored(
    candidates: Candidates, tmp_path: Path
) -> None:
    calm = Shop(growth=lambda _: 1.0, days=40, more_lookups=8)
    held = history(tmp_path / "history.duckdb", calm.captures())
    first = foreseen(candidates, held, calm.last)
    subjects = {each.forecast.subject for each in first.prospects}
    assert len(subjects) >= 10
    cried_wolf = [
        Issued(ID, subject, calm.start + day * DAY, 30.0, 1.0, 2.0, 1.0, 3.0, 0.95)
        for subject in subjects
        for day in range(15, 30)
    ]
    with held:
        held.add_forecasts(cried_wolf)
    found = foreseen(candidates, held, calm.last)
    assert found.spoke.predictor == "projection"
    assert "the Brier score is 0.9" in found.spoke.reason
    later = foreseen(candidates, held, calm.last + DAY)
    assert later.spoke.predictor == "projection"
    with held:
        assert max(each.made_at for each in held.forecasts(ID)) == calm.last + DAY
