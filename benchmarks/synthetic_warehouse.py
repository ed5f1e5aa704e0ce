"""A dbt project and its warehouse of any size, made up: relations with statistics, and queries.

Subject areas of ten relations each: five dimensions, four fact tables and a mart. Queries look up,
filter by date, join, group and sort, in the proportions of a dashboard server. Seeded, so that the
same numbers give the same warehouse.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dbt_schema_evolve.records.captures import Artifact, Capture, CapturedFacts
from dbt_schema_evolve.records.catalog import Catalog, ColumnStatistics, TableShape
from dbt_schema_evolve.records.profiles import ColumnProfile, RelationProfile
from dbt_schema_evolve.records.project import NodeRun
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.workload import StatementSnapshot

NOW = datetime(2026, 11, 1, tzinfo=UTC)
PER_AREA = 10
_DIMENSIONS = 5
_BOUNDS = 100  # histogram buckets, as default_statistics_target makes them
_STATUSES = ("active", "blocked", "closed", "new", "open")


@dataclass(frozen=True)
class Table:
    """One relation: its columns with the number of different values of each."""

    name: RelationName
    rows: int
    columns: tuple[tuple[str, str, float], ...]  # name, type, n_distinct as pg_stats has it

    @property
    def pages(self) -> int:
        """Some hundred bytes a row."""
        return max(1, self.rows * 100 // 8192)


class SyntheticWarehouse:
    """All facts of one project; `search_path` and `catalog` answer as a warehouse does."""

    def __init__(self, relations: int, fingerprints: int, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.tables = [self._table(n) for n in range(relations)]
        self._fingerprints = fingerprints

    def search_path(self) -> tuple[str, ...]:
        """Return the one schema that every project has."""
        return ("public",)

    def catalog(self) -> Catalog:
        """Return every relation with statistics."""
        shapes = tuple(_shape(table) for table in self.tables)
        return Catalog(180000, (), (), shapes, (), ())

    def captured(self) -> Iterator[CapturedFacts]:
        """Yield two captures: counters at the beginning of the window, and at its end."""
        texts = list(self._statements())
        calls = [round(self._random.paretovariate(0.8)) for _ in texts]
        mean_us = [round(self._random.lognormvariate(9, 1.5)) for _ in texts]
        for number, share in enumerate((0, 1)):
            at = NOW + timedelta(days=30 * number)
            rows = zip(texts, calls, mean_us, strict=True)
            statements = tuple(
                _snapshot(f"c{number}", at, queryid, text, 1 + share * n, us)
                for queryid, (text, n, us) in enumerate(rows)
            )
            yield CapturedFacts(
                Capture(f"c{number}", at, "build", "prod", "public", "postgres", "1.11.16"),
                node_runs=tuple(
                    NodeRun(f"c{number}", _unique_id(table), "success", None, 2_000_000, at)
                    for table in self.tables
                ),
                statements=statements,
                relations=tuple(_profile(table, at) for table in self.tables),
                columns=tuple(
                    profile for table in self.tables for profile in _column_profiles(table, at)
                ),
            )

    def manifest(self) -> Artifact:
        """Return what dbt says of it: each relation a table that dbt builds."""
        nodes = {_unique_id(table): _node(table) for table in self.tables}
        content: dict[str, Any] = {
            "metadata": {
                "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
                "project_name": "synthetic",
                "adapter_type": "postgres",
                "dbt_version": "1.11.16",
                "invocation_id": "c1",
                "generated_at": NOW.isoformat(),
            },
            "nodes": nodes,
            "sources": {},
            "exposures": {},
        }
        return Artifact("manifest", "c1", NOW.isoformat(), json.dumps(content).encode())

    def _table(self, number: int) -> Table:
        area, place = divmod(number, PER_AREA)
        schema = f"area_{area:03d}"
        if place < _DIMENSIONS:
            rows = self._random.choice((1_000, 20_000, 200_000))
            columns = (
                ("id", "integer", -1.0),
                ("name", "text", -0.9),
                ("status", "text", float(len(_STATUSES))),
                ("region_id", "integer", 50.0),
                ("created_on", "date", 1_000.0),
            )
            return Table(RelationName(schema, f"dim_{place}"), rows, columns)
        rows = self._random.choice((500_000, 3_000_000, 20_000_000))
        keys = tuple((f"dim_{n}_id", "integer", 1_000.0 * (1 + n)) for n in range(_DIMENSIONS))
        columns = (
            ("id", "bigint", -1.0),
            *keys,
            ("happened_on", "date", 1_500.0),
            ("status", "text", float(len(_STATUSES))),
            ("amount", "numeric", -0.2),
        )
        return Table(RelationName(schema, f"fact_{place}"), rows, columns)

    def _statements(self) -> Iterator[str]:
        areas = [self.tables[at : at + PER_AREA] for at in range(0, len(self.tables), PER_AREA)]
        seen: set[str] = set()
        while len(seen) < self._fingerprints:
            text = self._statement(self._random.choice(areas))
            if text not in seen:
                seen.add(text)
                yield text

    def _statement(self, area: list[Table]) -> str:
        pick = self._random
        facts = [table for table in area if table.name.name.startswith("fact")]
        dimensions = [table for table in area if table.name.name.startswith("dim")]
        if not facts or pick.random() < 0.15:
            table = pick.choice(dimensions)
            column = pick.choice(table.columns)[0]
            wanted = ", ".join(sorted(pick.sample([c for c, _, _ in table.columns], 3)))
            return f"select {wanted} from {table.name.sql} where {column} = $1"
        fact = pick.choice(facts)
        outputs = ", ".join(f"f.{name}" for name in _some(pick, fact, 3))
        condition = " and ".join(f"f.{name} = ${n}" for n, name in enumerate(_filters(pick), 1))
        shape = pick.randrange(4)
        if shape == 0:
            return f"select {outputs} from {fact.name.sql} f where {condition} limit 100"
        if shape == 1:
            return (
                f"select {outputs} from {fact.name.sql} f where {condition}"
                f" order by f.{pick.choice(('happened_on', 'amount'))} desc limit 20"
            )
        number = pick.randrange(_DIMENSIONS)
        dimension = dimensions[number]
        joined = (
            f"from {fact.name.sql} f join {dimension.name.sql} d on f.dim_{number}_id = d.id"
            f" where {condition} and f.happened_on >= $8 and f.happened_on < $9"
        )
        if shape == 2:
            return f"select d.name, sum(f.amount), count(*) {joined} group by d.name"
        return f"select d.status, {outputs} {joined} and d.region_id = $7"


def _some(pick: random.Random, table: Table, count: int) -> list[str]:
    return sorted(pick.sample([name for name, _, _ in table.columns], count))


def _filters(pick: random.Random) -> list[str]:
    names = [*(f"dim_{n}_id" for n in range(_DIMENSIONS)), "status"]
    return sorted(pick.sample(names, pick.choice((1, 1, 2, 3))))


def _shape(table: Table) -> TableShape:
    return TableShape(
        table.name,
        RelationKind.TABLE,
        tuple(Column(name, kind) for name, kind, _ in table.columns),
        float(table.rows),
        table.pages,
        table.pages,
        tuple(_statistics(table, *column) for column in table.columns),
    )


def _statistics(table: Table, name: str, kind: str, distinct: float) -> ColumnStatistics:
    count = -distinct * table.rows if distinct < 0 else distinct
    if kind == "text" and distinct > 0:
        shares = tuple(1 / len(_STATUSES) for _ in _STATUSES)
        return ColumnStatistics(name, False, 0.0, 7, distinct, _STATUSES, shares, None, 0.2)
    steps = [round(count * step / _BOUNDS) for step in range(_BOUNDS + 1)]
    if kind == "date":
        bounds = tuple((NOW.date() - timedelta(days=2_000 - step)).isoformat() for step in steps)
    elif kind == "text":
        bounds = tuple(f"name {step:09d}" for step in steps)
    else:
        bounds = tuple(str(step) for step in steps)
    width = {"text": 14, "bigint": 8, "numeric": 6}.get(kind, 4)
    correlation = 0.98 if name in {"id", "happened_on"} else 0.02
    return ColumnStatistics(name, False, 0.0, width, distinct, None, None, bounds, correlation)


def _profile(table: Table, at: datetime) -> RelationProfile:
    size = table.pages * 8192
    return RelationProfile(table.name, RelationKind.TABLE, at, table.rows, size, 0, 0, 0, 0)


def _column_profiles(table: Table, at: datetime) -> Iterator[ColumnProfile]:
    for position, (name, kind, distinct) in enumerate(table.columns, 1):
        found = _statistics(table, name, kind, distinct)
        yield ColumnProfile(
            table.name, name, kind, at, 0.0, distinct, found.average_width, found.correlation,
            position=position,
        )  # fmt: skip


def _snapshot(
    capture: str, at: datetime, queryid: int, text: str, calls: int, mean_us: int
) -> StatementSnapshot:
    return StatementSnapshot(
        capture, at, queryid, "dashboard", text, calls, calls * mean_us, calls, calls, 0
    )


def _unique_id(table: Table) -> str:
    return f"model.synthetic.{table.name.schema}_{table.name.name}"


def _node(table: Table) -> dict[str, Any]:
    name = _unique_id(table).rpartition(".")[2]
    columns = ", ".join(f"null::{kind} as {column}" for column, kind, _ in table.columns)
    return {
        "resource_type": "model",
        "unique_id": _unique_id(table),
        "name": name,
        "alias": table.name.name,
        "schema": table.name.schema,
        "package_name": "synthetic",
        "original_file_path": f"models/{name}.sql",
        "config": {"materialized": "table"},
        "raw_code": f"select {columns}",
        "compiled_code": f"select {columns}",
        "language": "sql",
        "fqn": ["synthetic", name],
    }
