"""Cut-offs of a whole fleet, worked out once for each project and kept under `.bench/`."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from multiprocessing import Pool
from pathlib import Path

import dbt_schema_evolve
from benchmarks.degradation.examples import lines, short_lines
from benchmarks.degradation.short import SEEN_DAYS
from benchmarks.degradation.table import Table, joined, load, save, table
from benchmarks.fleet import flips
from benchmarks.fleet.records import FleetProject

FOLDER = Path(".bench/degradation")
_PROCESSES = 2
_PACKAGE = Path(dbt_schema_evolve.__file__).parent
_SOURCES = (
    *(_PACKAGE / "records", _PACKAGE / "features", _PACKAGE / "predict"),
    *(Path(__file__).with_name(f"{name}.py") for name in ("examples", "oracle", "short", "table")),
    Path(flips.__file__),
)


@dataclass(frozen=True, slots=True)
class Tables:
    """What is measured on."""

    all_of: Table
    short: Mapping[int, Table]  # by days: cut-offs of every fifth day, with no history but these


def tables(projects: Iterable[FleetProject], folder: Path = FOLDER) -> Tables:
    """Return all cut-offs; those of a project that was seen before are read."""
    paths = []
    with Pool(_PROCESSES) as pool:
        work = ((project, folder) for project in projects)
        for number, path in enumerate(pool.imap(_worked_out, work), 1):
            paths.append(path)
            print(f"\r{number} projects", end="", file=sys.stderr)
    print(file=sys.stderr)
    return Tables(
        joined(load(path) for path in paths),
        {days: joined(load(_short(path, days)) for path in paths) for days in SEEN_DAYS},
    )


def _worked_out(work: tuple[FleetProject, Path]) -> Path:
    project, folder = work
    path = folder / f"{project.name}-{_key(project)}.npz"
    if not path.exists():
        for days in SEEN_DAYS:
            short = table(project.name, project.regime, list(short_lines(project, days)))
            save(_short(path, days), short)
        save(path, table(project.name, project.regime, list(lines(project))))
    return path


def _short(path: Path, days: int) -> Path:
    return path.with_name(f"{path.stem}-{days}.npz")


def _key(project: FleetProject) -> str:
    """Return what changes with the project's content, and with the code that reads it."""
    facts = project.facts
    digest = sha256(_code())
    told = (facts.stats, facts.relations, facts.columns, facts.outlooks, facts.flow.states)
    for part in (project.runs, project.row_dates, *told):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


@cache
def _code() -> bytes:
    digest = sha256()
    for source in _SOURCES:
        for path in sorted(source.rglob("*.py")) if source.is_dir() else (source,):
            digest.update(path.read_bytes())
    return digest.digest()
