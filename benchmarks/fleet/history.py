"""`python -m benchmarks.fleet.history PROJECT... --out FOLDER`: kept projects as a user has them.

Writes a dbt project whose history holds what was captured, so that `schema-evolve predict` and
`train` can be tried on months of a real Postgres. Several projects stand side by side as one
warehouse. The last capture is of the last day, unless `--days` ends it earlier.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.fleet.draw import DAYS, Spec, draw
from benchmarks.fleet.live import at
from benchmarks.fleet.models import models
from benchmarks.fleet.queries import query
from benchmarks.fleet.read import read_project
from benchmarks.fleet.records import FleetProject
from benchmarks.fleet.sources import COLUMNS
from benchmarks.fleet.store import KEPT
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.records.workload import QueryStat, StatementSnapshot
from dbt_schema_evolve.workflows.ingest import read_artifacts
from dbt_schema_evolve.workflows.lineage_states import keep_state
from dbt_schema_evolve.workflows.remembered import RememberedWarehouse

WAREHOUSE = "fleet.kept"
_FILES = {
    "dbt_project.yml": "name: fleet\nprofile: fleet\n",
    "profiles.yml": "fleet: {target: kept, outputs: {kept: {type: postgres, schema: marts,"
    " host: /nowhere, user: nobody, dbname: fleet}}}\n",
}
_SCHEMAS = re.compile(r"\b(raw|staging|marts)\.(\w+)")
_CONSTANT = re.compile(r"'[^']*'|(?<![\w.])\d+")
_TYPES = {column.name: column.type for columns in COLUMNS.values() for column in columns}


def main() -> None:
    """Write a folder."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet.history", description=__doc__)
    parser.add_argument("projects", type=int, nargs="+", metavar="PROJECT", help="its number")
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there yet")
    parser.add_argument("--days", type=int, default=DAYS, help="how many of the days")
    arguments = parser.parse_args()
    write(arguments.out, arguments.projects, arguments.days, datetime.now(UTC))


def write(folder: Path, numbers: Sequence[int], days: int, now: datetime) -> None:
    """Write a dbt project with the history of kept projects; the last day is the one before now."""
    parts = [_Part.of(number, "" if len(numbers) == 1 else f"p{number:03}_") for number in numbers]
    later = timedelta(days=(now - at(days - 1)).days)
    folder.mkdir(parents=True)
    for name, text in _FILES.items():
        (folder / name).write_text(text)
    (folder / ".schema_evolve").mkdir()
    with DuckHistory(folder / ".schema_evolve" / "history.duckdb", WAREHOUSE) as history:
        deployed = {0, *(part.spec.deployed_on for part in parts if part.spec.deployed)}
        for day in range(days):
            instant = at(day) + later
            history.add_capture(_captured(parts, day, instant))
            if day in deployed:
                _add_manifest(history, _manifest(parts, day, instant))
        for part in parts:
            history.add_outlooks(
                replace(each, subject=part.subject(each.subject), made_at=each.made_at + later)
                for each in part.project.facts.outlooks
                if each.made_at + later <= now
            )


@dataclass(frozen=True, slots=True)
class _Part:
    """One project, its schemas and models under names of its own."""

    spec: Spec
    project: FleetProject
    prefix: str
    counters: Mapping[int, tuple[StatementSnapshot, ...]]  # by day

    @staticmethod
    def of(number: int, prefix: str) -> "_Part":
        part = _Part(draw(number), read_project(KEPT, f"project-{number:03}"), prefix, {})
        return replace(part, counters=dict(part._counted()))

    def moved(self, relation: RelationName) -> RelationName:
        return RelationName(self.prefix + relation.schema, relation.name)

    def sql(self, text: str) -> str:
        return _SCHEMAS.sub(lambda found: self.prefix + found[0], text)

    def node(self, unique_id: str) -> str:
        kind, package, *rest = unique_id.split(".")
        return ".".join((kind, package, self.prefix + ".".join(rest)))

    def text(self, name: str) -> str:
        """Return a query as pg_stat_statements keeps it: its constants are numbered."""
        asked = query(name)
        number = iter(range(1, 100))
        plain = _CONSTANT.sub(lambda _: f"${next(number)}", asked.sql)
        return f"{self.sql(plain)} /* application='{asked.consumer}' */"

    def subject(self, name: str) -> str:
        """Return what the product calls a query or a build."""
        return self.node(name) if name.startswith("model.") else fingerprint(self.text(name))

    def _counted(self) -> Iterator[tuple[int, tuple[StatementSnapshot, ...]]]:
        by_day: dict[int, dict[str, QueryStat]] = defaultdict(dict)
        for stat in self.project.facts.stats:
            by_day[(stat.window_end - at(0)).days][stat.fingerprint] = stat
        seen: dict[str, list[int]] = {}
        texts = {name: self.text(name) for name in self.spec.queries}
        for day in range(DAYS):
            for name, stat in by_day[day].items():
                new = (stat.calls, stat.total_us, stat.rows, stat.shared_blocks, stat.temp_blocks)
                seen[name] = [a + b for a, b in zip(seen.get(name, [0] * 5), new, strict=True)]
            yield (
                day,
                tuple(
                    StatementSnapshot(
                        "", at(day), _queryid(texts[name]), "web", texts[name], *counted
                    )
                    for name, counted in sorted(seen.items())
                ),
            )


def _queryid(text: str) -> int:
    return int(fingerprint(text)[:15], 16)


def _captured(parts: Sequence[_Part], day: int, instant: datetime) -> CapturedFacts:
    """Return what a capture at the end of a day's run saw."""
    key = f"run-{day:03}"
    then = at(day)
    later = instant - then
    return CapturedFacts(
        Capture(key, instant, "build", "kept", "marts", "postgres", "1.11.16", "fleet", 180006),
        node_runs=tuple(
            _moved_run(run, part, key, instant)
            for part in parts for run in part.project.facts.runs if run.captured_at == then
        ),
        statements=tuple(
            replace(each, capture_id=key, captured_at=instant)
            for part in parts for each in part.counters[day]
        ),
        relations=tuple(
            replace(
                each, relation=part.moved(each.relation), captured_at=instant,
                last_analyzed_at=each.last_analyzed_at and each.last_analyzed_at + later,
            )
            for part in parts for each in part.project.facts.relations if each.captured_at == then
        ),
        columns=tuple(
            replace(
                each, relation=part.moved(each.relation), captured_at=instant,
                type=_TYPES.get(each.column, "bigint"),
            )
            for part in parts for each in part.project.facts.columns if each.captured_at == then
        ),
    )  # fmt: skip


def _moved_run(run: NodeRun, part: _Part, key: str, instant: datetime) -> NodeRun:
    assert run.relation is not None
    return replace(
        run,
        invocation_id=key,
        unique_id=part.node(run.unique_id),
        captured_at=instant,
        relation=part.moved(run.relation),
    )


def _add_manifest(history: DuckHistory, artifact: Artifact) -> None:
    history.add_artifact(artifact)
    read = read_artifacts({"manifest": (artifact.content, "manifest.json")})
    keep_state(read, RememberedWarehouse(history), history)


def _manifest(parts: Sequence[_Part], day: int, instant: datetime) -> Artifact:
    """Return what dbt says of the models as they are from a day on."""
    sources = [node for part in parts for node in _sources(part)]
    nodes = [node for part in parts for node in _models(part, day)]
    content = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "adapter_type": "postgres", "project_name": "fleet", "dbt_version": "1.11.16",
            "invocation_id": f"run-{day:03}", "generated_at": instant.isoformat(),
        },
        "nodes": {each["unique_id"]: each for each in nodes},
        "sources": {each["unique_id"]: each for each in sources},
        "exposures": {},
    }  # fmt: skip
    return Artifact("manifest", f"run-{day:03}", instant.isoformat(), json.dumps(content).encode())


def _sources(part: _Part) -> Iterator[dict[str, Any]]:
    for name in sorted(COLUMNS):
        yield {
            "unique_id": part.node(f"source.fleet.raw.{name}"), "resource_type": "source",
            "name": name, "source_name": f"{part.prefix}raw", "package_name": "fleet",
            "schema": f"{part.prefix}raw", "identifier": name,
            "fqn": ["fleet", f"{part.prefix}raw", name], "original_file_path": "models/raw.yml",
        }  # fmt: skip


def _models(part: _Part, day: int) -> Iterator[dict[str, Any]]:
    for model in models(part.spec, day):
        name = part.prefix + model.name
        parents = [
            part.node(f"source.fleet.raw.{read}" if schema == "raw" else f"model.fleet.{read}")
            for schema, read in sorted(set(_SCHEMAS.findall(model.sql)))
        ]
        yield {
            "unique_id": part.node(model.unique_id), "resource_type": "model", "name": name,
            "package_name": "fleet", "schema": part.prefix + model.schema, "alias": model.name,
            "fqn": ["fleet", name], "original_file_path": f"models/{name}.sql",
            "language": "sql", "compiled_code": part.sql(model.sql),
            "depends_on": {"nodes": parents}, "config": {"materialized": model.materialized},
        }  # fmt: skip


if __name__ == "__main__":
    main()
