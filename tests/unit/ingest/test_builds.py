"""How often dbt built a node, and how long it took."""

from datetime import UTC, datetime, timedelta

from dbt_schema_evolve.ingest.builds import model_runs
from dbt_schema_evolve.records.evidence import ModelRuns
from dbt_schema_evolve.records.project import NodeRun

START = datetime(2026, 3, 1, tzinfo=UTC)


def run(day: int, us: int, *, status: str = "success", node: str = "model.shop.größe") -> NodeRun:
    return NodeRun(f"run{day}", node, status, None, us, START + timedelta(days=day))


def test_the_median_of_the_builds_in_the_window() -> None:
    runs = [run(0, 900), run(1, 10), run(2, 30), run(3, 20), run(9, 900)]
    found = model_runs(runs, START + timedelta(days=1), START + timedelta(days=3))
    assert found == {"model.shop.größe": ModelRuns("model.shop.größe", 3, 20)}


def test_failed_and_skipped_builds_do_not_count() -> None:
    assert model_runs([run(1, 10, status="error"), run(2, 10, status="skipped")]) == {}


def test_a_build_that_was_ingested_twice_counts_once() -> None:
    (found,) = model_runs([run(1, 10), run(1, 10), run(2, 20)]).values()
    assert (found.builds, found.median_us) == (2, 15)
