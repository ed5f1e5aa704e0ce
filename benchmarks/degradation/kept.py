"""Cut-offs of a whole fleet, worked out once for each project and kept under `.bench/`."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from multiprocessing import Pool
from pathlib import Path

import dbt_schema_evolve
from benchmarks.degradation.examples import lines, short_lines
from benchmarks.degradation.table import Table, joined, load, save, table
from benchmarks.fleet import flips
from benchmarks.fleet.records import FleetProject

FOLDER = Path(".bench/degradation")
_PROCESSES = 2
_PACKAGE = Path(dbt_schema_evolve.__file__).parent
_SOURCES = (
    *(_PACKAGE / "records", _PACKAGE / "features", _PACKAGE / "predict"),
    *(Path(__file__).with_name(f"{name}.py") for name in ("examples", "oracle", "table")),
    Path(flips.__file__),
)


@dataclass(frozen=True, slots=True)
class Tables:
    """What is measured on."""

    all_of: Table
    short: Table  # one cut-off a week, with the last seven days as the only history


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
        joined(load(_short(path)) for path in paths),
    )


def _worked_out(work: tuple[FleetProject, Path]) -> Path:
    project, folder = work
    path = folder / f"{project.name}-{_key(project)}.npz"
    if not (path.exists() and _short(path).exists()):
        save(_short(path), table(project.name, project.regime, list(short_lines(project))))
        save(path, table(project.name, project.regime, list(lines(project))))
    return path


def _short(path: Path) -> Path:
    return path.with_name(f"{path.stem}-short.npz")


def _key(project: FleetProject) -> str:
    """Return what changes with the project's content, and with the code that reads it."""
    facts = project.facts
    digest = sha256(_code())
    for part in (project.runs, facts.stats, facts.relations, facts.columns, facts.outlooks):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


@cache
def _code() -> bytes:
    digest = sha256()
    for source in _SOURCES:
        for path in sorted(source.rglob("*.py")) if source.is_dir() else (source,):
            digest.update(path.read_bytes())
    return digest.digest()
