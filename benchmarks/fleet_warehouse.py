"""A large warehouse with the history of the fleet: its projects side by side, over and over.

Each area has the sources, models and SQL of one project of the fleet, and what was measured of it
on its last sixty days. More consumers ask than there, so each of its queries is asked in several
wordings, each as often as it likes: predictors that learned from the fleet know such a warehouse.
Seeded, so that the same numbers give the same warehouse.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.fleet.draw import DAYS as FLEET_DAYS
from benchmarks.fleet.draw import Spec, draw
from benchmarks.fleet.live import at
from benchmarks.fleet.models import Model, models
from benchmarks.fleet.outlooks import read_outlooks
from benchmarks.fleet.queries import query
from benchmarks.fleet.read import column_profile, relation_profile
from benchmarks.fleet.sources import COLUMNS
from benchmarks.fleet.store import KEPT, project_names, read_rows
from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.outlooks import Outlook
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import StatementSnapshot

DAYS = 60
FIRST = FLEET_DAYS - DAYS  # the first day that is looked at

_ASKED_EVERY = 5  # days

_SCHEMA = re.compile(r"\b(raw|staging|marts)\.")
_CONSTANT = re.compile(r"'[^']*'|\b\d+\b")
_TYPES = {column.name: column.type for columns in COLUMNS.values() for column in columns}
_COUNTED = "bigint"  # what models compute

Row = Mapping[str, Any]


@dataclass(slots=True)
class _Asked:
    """One wording of a query, and what pg_stat_statements has counted of it."""

    queryid: int
    role: str
    text: str
    subject: str  # its name in the fleet
    pace: float
    calls: int = 0
    total_us: int = 0
    rows: int = 0
    shared_blocks: int = 0
    temp_blocks: int = 0

    def count(self, row: Row, rng: Random) -> None:
        calls = max(round(self.pace * row["calls"]), 1)
        self.calls += calls
        self.total_us += round(calls * row["mean_us"] * rng.lognormvariate(0, 0.05))
        self.rows += calls * row["result_rows"]
        self.shared_blocks += calls * row["blocks"]
        self.temp_blocks += calls * row["temp_blocks"]

    def snapshot(self, day: int) -> StatementSnapshot:
        return StatementSnapshot(
            _capture(day), at(day), self.queryid, self.role, self.text, self.calls, self.total_us,
            self.rows, self.shared_blocks, self.temp_blocks,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Area:
    """One project of the fleet under names of its own, its facts by day."""

    suffix: str
    spec: Spec
    asked: list[_Asked]
    runs: Mapping[int, list[Row]]
    relations: Mapping[int, list[RelationProfile]]
    columns: Mapping[int, list[ColumnProfile]]
    outlooks: Mapping[int, list[Outlook]]
    rng: Random

    def renamed(self, sql: str) -> str:
        return _SCHEMA.sub(rf"\1{self.suffix}.", sql)

    def relation(self, name: RelationName) -> RelationName:
        return RelationName(f"{name.schema}{self.suffix}", name.name)

    def unique_id(self, name: str) -> str:
        return f"{name}{self.suffix}"


class FleetWarehouse:
    """All facts of one project that is as large as wanted."""

    def __init__(self, areas: int, wordings: int, folder: Path = KEPT) -> None:
        """Take so many areas, and each of their queries in so many wordings."""
        names = islice(cycle(project_names(folder)), areas)
        queryids = count(1)
        self._areas = [
            _area(folder, name, f"_{number:03d}", wordings, queryids)
            for number, name in enumerate(names)
        ]

    def days(self) -> Iterator[tuple[CapturedFacts, tuple[Outlook, ...]]]:
        """Yield what was captured and what the planner said of it, a day at a time."""
        for day in range(FIRST, FLEET_DAYS):
            yield self._captured(day), tuple(self._outlooks(day))

    def _captured(self, day: int) -> CapturedFacts:
        return CapturedFacts(
            Capture(_capture(day), at(day), "build", "prod", "public", "postgres", "1.11.16"),
            node_runs=tuple(run for area in self._areas for run in _builds(area, day)),
            statements=tuple(each for area in self._areas for each in _statements(area, day)),
            relations=tuple(each for area in self._areas for each in area.relations[day]),
            columns=tuple(each for area in self._areas for each in area.columns[day]),
        )

    def _outlooks(self, day: int) -> Iterator[Outlook]:
        """Yield what the planner said last: the fleet asked it on every fifth day."""
        for area in self._areas:
            for each in area.outlooks[day - day % _ASKED_EVERY]:
                for subject in _subjects(area, each.subject):
                    yield replace(each, subject=subject, made_at=at(day))

    def manifests(self) -> Iterator[Artifact]:
        """Yield what dbt says of it, on the first day and on the last, after deployments."""
        for day in (FIRST, FLEET_DAYS - 1):
            yield Artifact("manifest", _capture(day), at(day).isoformat(), self._manifest(day))

    def _manifest(self, day: int) -> bytes:
        content = {
            "metadata": {
                "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
                "project_name": "fleet",
                "adapter_type": "postgres",
                "dbt_version": "1.11.16",
                "invocation_id": _capture(day),
                "generated_at": at(day).isoformat(),
            },
            "nodes": dict(
                _node(area, model) for area in self._areas for model in models(area.spec, day)
            ),
            "sources": dict(_source(area, name) for area in self._areas for name in COLUMNS),
            "exposures": {},
        }
        return json.dumps(content).encode()


def _area(folder: Path, project: str, suffix: str, wordings: int, queryids: Iterator[int]) -> _Area:
    (kept,) = read_rows(folder, "projects", project)
    spec = draw(json.loads(kept["truth"])["number"])
    rng = Random(suffix)
    area = _Area(
        suffix=suffix,
        spec=spec,
        asked=[],
        runs=_by_day(read_rows(folder, "runs", project)),
        relations=defaultdict(list),
        columns=defaultdict(list),
        outlooks=defaultdict(list),
        rng=rng,
    )
    area.asked.extend(_asked(area, wordings, queryids))
    for row in read_rows(folder, "relations", project):
        profile = relation_profile(row)
        area.relations[row["day"]].append(
            replace(profile, relation=area.relation(profile.relation))
        )
    for row in read_rows(folder, "columns", project):
        column = column_profile(row)
        kind = _TYPES.get(column.column, _COUNTED)
        area.columns[row["day"]].append(
            replace(column, relation=area.relation(column.relation), type=kind)
        )
    for outlook in read_outlooks(folder, project):
        area.outlooks[(outlook.made_at - at(0)).days].append(outlook)
    return area


def _asked(area: _Area, wordings: int, queryids: Iterator[int]) -> Iterator[_Asked]:
    for name in area.spec.queries:
        role = query(name).consumer + area.suffix
        text = _as_kept(area.renamed(query(name).sql.replace("{today}", "today")))
        for wording in range(wordings):
            worded = f"select * from ({text}) as panel_{wording}" if wording else text
            yield _Asked(
                next(queryids), role, f"/*application='{role}'*/ {worded}", name,
                area.rng.lognormvariate(0, 0.5) if wording else 1.0,
            )  # fmt: skip


def _as_kept(sql: str) -> str:
    """Return a text as pg_stat_statements keeps it: constants are numbered."""
    numbers = iter(range(1, 100))
    return _CONSTANT.sub(lambda _: f"${next(numbers)}", sql.replace("date '", "'"))


def _by_day(rows: Iterator[Row]) -> Mapping[int, list[Row]]:
    held: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        held[row["day"]].append(row)
    return held


def _statements(area: _Area, day: int) -> Iterator[StatementSnapshot]:
    rows = {row["subject"]: row for row in area.runs[day]}
    for asked in area.asked:
        if asked.subject in rows:
            asked.count(rows[asked.subject], area.rng)
        if asked.calls:
            yield asked.snapshot(day)


def _builds(area: _Area, day: int) -> Iterator[NodeRun]:
    built = {model.unique_id: model for model in models(area.spec, day)}
    for row in area.runs[day]:
        model = built.get(row["subject"])
        if model is not None:
            yield NodeRun(
                invocation_id=_capture(day),
                unique_id=area.unique_id(model.unique_id),
                status="success",
                started_at=None,
                execution_us=row["mean_us"],
                captured_at=at(day),
                relation=area.relation(RelationName(model.schema, model.name)),
                materialized=model.materialized,
                rows_affected=row["result_rows"] or None,
            )


def _subjects(area: _Area, name: str) -> list[str]:
    if name.startswith("model."):
        return [area.unique_id(name)]
    return [fingerprint(asked.text) for asked in area.asked if asked.subject == name]


def _node(area: _Area, model: Model) -> tuple[str, Row]:
    unique_id = area.unique_id(model.unique_id)
    return unique_id, {
        "resource_type": "model",
        "unique_id": unique_id,
        "name": unique_id.rpartition(".")[2],
        "alias": model.name,
        "schema": model.schema + area.suffix,
        "package_name": "fleet",
        "original_file_path": f"models/{unique_id.rpartition('.')[2]}.sql",
        "config": {"materialized": model.materialized},
        "compiled_code": area.renamed(model.sql),
        "language": "sql",
    }


def _source(area: _Area, name: str) -> tuple[str, Row]:
    unique_id = f"source.fleet.raw{area.suffix}.{name}"
    return unique_id, {
        "resource_type": "source",
        "unique_id": unique_id,
        "name": name,
        "identifier": name,
        "schema": f"raw{area.suffix}",
        "package_name": "fleet",
        "original_file_path": "models/sources.yml",
    }


def _capture(day: int) -> str:
    return f"day {day}"
