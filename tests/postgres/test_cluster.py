"""A server of our own leaves nothing behind, even after a run that was killed."""

import itertools
import subprocess
from pathlib import Path

import psycopg
import pytest

from dbt_schema_evolve.backends import cluster as cluster_module
from dbt_schema_evolve.backends.cluster import Cluster


def test_nothing_is_left_of_a_cluster(tmp_path: Path) -> None:
    with Cluster(tmp_path / "one") as cluster:
        sockets = Path(cluster.host)
        assert cluster.connect().execute("show listen_addresses").fetchone() == ("",)
    assert not (tmp_path / "one").exists()
    assert not sockets.exists()


def test_what_a_killed_run_left_is_taken_over(tmp_path: Path) -> None:
    killed = Cluster(tmp_path / "one")
    killed.start()
    left = killed.connect()
    with Cluster(tmp_path / "one") as successor:
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")
        assert successor.connect().execute("select 1").fetchone() == (1,)
        assert not Path(killed.host).exists()


def test_data_do_not_outlive_the_takeover(tmp_path: Path) -> None:
    killed = Cluster(tmp_path / "one")
    killed.start()
    killed.create_database("old")
    with Cluster(tmp_path / "one") as successor, successor.connect() as connection:
        names = connection.execute("select datname from pg_database").fetchall()
    assert ("old",) not in names


@pytest.mark.parametrize("is_killed", [False, True])
def test_data_that_were_kept_are_there_again(tmp_path: Path, is_killed: bool) -> None:
    first = Cluster(tmp_path / "one")
    first.start()
    first.create_database("kept")
    if not is_killed:
        first.stop()
    successor = Cluster(tmp_path / "one")
    try:
        successor.resume()
        assert successor.connect("kept").execute("select 1").fetchone() == (1,)
    finally:
        successor.remove()


def test_a_server_that_cannot_be_asked_to_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(program: str, *arguments: str) -> None:
        raise subprocess.CalledProcessError(1, program)

    server = Cluster(tmp_path / "one")
    server.start()
    connection = server.connect()
    monkeypatch.setattr(cluster_module, "_run", refused)
    server.remove()
    asked = (connection.execute("select 1") for _ in itertools.count())
    with pytest.raises(psycopg.OperationalError):  # its children notice that it is gone
        all(asked)
    assert not (tmp_path / "one").exists()
