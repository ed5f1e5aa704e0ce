"""Lives through many projects on servers of their own, several at a time."""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fleet.draw import draw
from benchmarks.fleet.live import live
from benchmarks.fleet.store import project_names, write_project
from dbt_schema_evolve.backends.cluster import Cluster

SERVER = {"autovacuum": "off", "shared_buffers": "256MB", "max_connections": "20"}


def run(folder: Path, projects: int, days: int, jobs: int) -> None:
    """Live through the projects that the folder does not hold, a server a process."""
    folder.mkdir(parents=True, exist_ok=True)
    there = set(project_names(folder))
    missing = [number for number in range(projects) if project_name(number) not in there]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        shares = [pool.submit(_share, folder, missing[job::jobs], days) for job in range(jobs)]
        for share in shares:
            share.result()


def project_name(number: int) -> str:
    """Return what a project is called; names sort as numbers do."""
    return f"project-{number:03d}"


def _share(folder: Path, numbers: Sequence[int], days: int) -> None:
    with TemporaryDirectory() as home, Cluster(Path(home) / "server", SERVER) as cluster:
        for number in numbers:
            began = time.monotonic()
            database = f"fleet_{number}"
            cluster.create_database(database)
            spec = draw(number)
            lived = live(spec, lambda database=database: cluster.connect(database), days)
            write_project(folder, project_name(number), spec, lived, days)
            with cluster.connect() as connection:
                connection.execute(f"drop database {database}".encode())
            seconds = time.monotonic() - began
            print(
                f"{project_name(number)}: {spec.regime}, {seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )
