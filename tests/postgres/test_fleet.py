"""The fleet's projects on a real server: the same twice, and read back as they were lived."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from benchmarks.fleet.draw import Growth, Spec, draw
from benchmarks.fleet.live import Lived, live
from benchmarks.fleet.read import read_project
from benchmarks.fleet.run import SERVER
from benchmarks.fleet.store import KINDS, pack, project_names, write_project
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.twin_file import read_twin_file
from dbt_schema_evolve.errors import ArtifactError
from dbt_schema_evolve.records.relations import RelationName

DAYS = 9
NUMBER = 5


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Project 5, small, with a backfill on the day before its weekly marts are built."""
    drawn = draw(NUMBER)
    return replace(
        drawn,
        events=Growth("backfill", 2_000, 0.0, first_day=5, factor=3.0),
        orders=Growth("flat", 500, 0.0),
        weekly=frozenset({"weekly_event_log"}),
        weekday=6,
        deployed="",
        newcomer="events_by_kind",
        newcomer_from=3,
        queries=("control", "events_by_kind", "segments_by_kind"),
        calls={"control": 5, "events_by_kind": 20, "segments_by_kind": 3},
        noisy_days=frozenset({4}),
    )


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server as the fleet has it: an autovacuum in between would be other work."""
    with (
        TemporaryDirectory(prefix="se-fleet-") as folder,
        Cluster(Path(folder) / "server", SERVER) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def lives(server: Cluster, spec: Spec) -> tuple[Lived, Lived]:
    """The same project, twice."""

    def once(database: str) -> Lived:
        server.create_database(database)
        return live(spec, _connected(server, database), DAYS)

    return once("fleet_first"), once("fleet_second")


def _connected(cluster: Cluster, database: str) -> Callable[[], psycopg.Connection]:
    return lambda: cluster.connect(database)


def test_the_same_project_is_the_same_work_on_every_day(lives: tuple[Lived, Lived]) -> None:
    def work(lived: Lived) -> list[tuple[object, ...]]:
        return [
            (run["subject"], run["day"], run["rows"], run["temp_blocks"], run["plan_id"])
            for run in lived.runs
        ]

    first, second = lives
    assert work(first) == work(second)


def test_a_backfill_reaches_daily_marts_at_once_and_weekly_ones_with_their_next_build(
    lives: tuple[Lived, Lived],
) -> None:
    rows = {(run["subject"], run["day"]): run["rows"] for run in lives[0].runs}
    assert rows["events_by_kind", 5] > 3 * rows["events_by_kind", 4]
    assert rows["segments_by_kind", 5] == rows["segments_by_kind", 4]
    assert rows["segments_by_kind", 6] > 3 * rows["segments_by_kind", 5]


def test_the_control_is_the_same_work_whatever_else_grows(lives: tuple[Lived, Lived]) -> None:
    assert len({run["rows"] for run in lives[0].runs if run["subject"] == "control"}) == 1


def test_a_newcomer_is_not_there_before_its_day(lives: tuple[Lived, Lived]) -> None:
    assert min(r["day"] for r in lives[0].runs if r["subject"] == "events_by_kind") == 3


def test_what_is_kept_is_read_back_as_a_history_would_hold_it(
    lives: tuple[Lived, Lived], tmp_path: Path
) -> None:
    drawn = draw(NUMBER)
    write_project(tmp_path / "work", "project-005", drawn, lives[0], DAYS)
    pack(tmp_path / "work", tmp_path / "packed", KINDS)
    apart = read_project(tmp_path / "work", "project-005")
    packed = read_project(tmp_path / "packed", "project-005")
    assert packed.runs == apart.runs
    assert packed.facts == apart.facts
    events = [p for p in apart.facts.relations if p.relation == RelationName("raw", "events")]
    assert events[0].estimated_rows == 2_000
    assert {stat.fingerprint for stat in apart.facts.stats} >= {"control", "segments_by_kind"}
    catalog = read_twin_file(tmp_path / "work" / "project-005" / "catalog-05.json.gz").catalog
    assert catalog.table(RelationName("marts", "fct_events")) is not None


def test_a_project_that_another_version_drew_is_refused(
    lives: tuple[Lived, Lived], tmp_path: Path
) -> None:
    changed = replace(draw(NUMBER), customers=17)
    write_project(tmp_path, "project-005", changed, lives[0], DAYS)
    assert project_names(tmp_path) == ("project-005",)
    with pytest.raises(ArtifactError, match="another version of the fleet"):
        read_project(tmp_path, "project-005")
