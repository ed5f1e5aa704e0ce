"""`python -m benchmarks.fleet.look_ahead --fleet FOLDER`: ask twins of the fleet's kept catalogs.

Each project gets a file of outlooks beside its others; a project that has one is done, so it can be
interrupted and goes on where it was. Progress goes to stderr, what is there to stdout, as JSON.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.fleet.draw import Spec, draw
from benchmarks.fleet.live import at
from benchmarks.fleet.models import INCREMENT, models
from benchmarks.fleet.outlooks import OUTLOOKS
from benchmarks.fleet.queries import query
from benchmarks.fleet.read import read_project
from benchmarks.fleet.sources import today
from benchmarks.fleet.store import project_names, read_rows, write_rows
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.twin import SERVER
from dbt_schema_evolve.backends.twin.growth import drifting, standing_still
from dbt_schema_evolve.backends.twin_file import read_twin_file
from dbt_schema_evolve.bootstrap.look_ahead import twins_on
from dbt_schema_evolve.features.expected_rows import RowForecasts
from dbt_schema_evolve.predict.plan_memory import work_memory
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.workflows.look_ahead import look_ahead

_FILE = "outlooks.parquet"


def main() -> None:
    """Look ahead for the projects that nobody looked ahead for yet."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fleet.look_ahead", description=__doc__
    )
    parser.add_argument(
        "--fleet", type=Path, required=True, help="a folder with a folder a project"
    )
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    folder: Path = arguments.fleet
    missing = [name for name in project_names(folder) if not (folder / name / _FILE).exists()]
    shares = [missing[job :: arguments.jobs] for job in range(arguments.jobs)]
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        for share in [pool.submit(_share, folder, names) for names in shares if names]:
            share.result()
    json.dump({"projects": len(missing), "seconds": round(time.monotonic() - began, 1)}, sys.stdout)
    print()


def _share(folder: Path, names: Sequence[str]) -> None:
    with TemporaryDirectory() as home, Cluster(Path(home) / "twins", SERVER) as cluster:
        for name in names:
            began = time.monotonic()
            rows = list(_outlook_rows(cluster, folder, name))
            unfinished = folder / name / f".{_FILE}"
            write_rows(unfinished, OUTLOOKS, ({"project": name} | row for row in rows))
            unfinished.rename(folder / name / _FILE)
            seconds = time.monotonic() - began
            print(f"{name}: {len(rows)} outlooks, {seconds:.0f} s", file=sys.stderr, flush=True)


def _outlook_rows(cluster: Cluster, folder: Path, name: str) -> Iterator[dict[str, Any]]:
    (project,) = read_rows(folder, "projects", name)
    spec = draw(json.loads(project["truth"])["number"])
    facts = read_project(folder, name).facts
    forecasts = RowForecasts(facts)
    for path in sorted((folder / name).glob("catalog-*.json.gz")):
        catalog = read_twin_file(path).catalog
        day = int(path.name.removeprefix("catalog-").removesuffix(".json.gz"))
        now = at(day)
        standing = standing_still(
            (each for each in facts.relations if each.captured_at <= now),
            (each for each in facts.columns if each.captured_at <= now),
        )
        drifts = drifting((each for each in facts.columns if each.captured_at <= now), now)
        twin_at = twins_on(cluster, catalog, ("public",), now, standing, drifts)
        found = look_ahead(
            texts(spec, day), forecasts.at(now), work_memory(catalog.settings), twin_at, now
        )
        for skip in found.skips:
            print(f"{name}, day {day}, {skip.subject}: {skip.reason}", file=sys.stderr)
        for outlook in found.outlooks:
            yield _row(day, outlook)


def texts(spec: Spec, day: int) -> Mapping[str, str]:
    """Return what a project asks and builds on a day."""
    asked = {
        name: query(name).sql.replace("{today}", str(today(day)))
        for name in spec.queries
        if name != spec.newcomer or day >= spec.newcomer_from
    }
    built = {
        model.unique_id: f"insert into marts.{model.name} select * from ({model.sql}) new"
        f" where {INCREMENT}"
        if model.materialized == "incremental"
        else model.sql
        for model in models(spec, day)
        if model.materialized != "view"
    }
    return {**asked, **built}


def _row(day: int, outlook: Outlook) -> dict[str, Any]:
    return {
        "subject": outlook.subject,
        "day": day,
        "horizon_days": round(outlook.horizon_days),
        "estimated_cost": outlook.estimated_cost,
        "plan_id": outlook.plan_id,
        "fill_ratio": outlook.estimated_fill_ratio,
        "row_ratio": outlook.row_ratio,
        "flips": json.dumps(outlook.flips),
    }


if __name__ == "__main__":
    main()
