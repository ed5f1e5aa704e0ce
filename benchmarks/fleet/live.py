"""Lives through one project's days on a database of its own."""

import json
import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import psycopg

from benchmarks.fleet.arrivals import Arrival, arrivals
from benchmarks.fleet.draw import DAYS, WEEK, Spec
from benchmarks.fleet.measure import Measured, measure, measure_once, neighbour
from benchmarks.fleet.models import INCREMENT, Model, models
from benchmarks.fleet.queries import query
from benchmarks.fleet.sources import (
    COLUMNS,
    arriving,
    changed_orders,
    more_customers,
    opening,
    today,
)
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.records.twin_file import FiledCatalog

Connect = Callable[[], psycopg.Connection[Any]]
Row = dict[str, Any]

CATALOG_EVERY = 5  # days
_SETTINGS = {
    # One process a query, and no plans that depend on how many cores are there.
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    # Samples of 7,500 rows instead of 30,000: seventy days of ANALYZE are most of the time.
    "default_statistics_target": "25",
}
_RELATIONS = """
    select n.nspname as schema, c.relname as name, c.reltuples::bigint as rows,
        pg_table_size(c.oid) as table_bytes, pg_indexes_size(c.oid) as index_bytes,
        s.n_tup_ins as inserted, s.n_tup_upd as updated, s.n_tup_del as deleted,
        s.n_dead_tup as dead, s.seq_scan as sequential_scans, coalesce(s.idx_scan, 0) as index_scans
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_stat_user_tables s on s.relid = c.oid
    order by 1, 2
"""
_COLUMNS = """
    select schemaname as schema, tablename as name, attname as column, null_frac as null_ratio,
        n_distinct as distinct, avg_width as width, correlation, most_common_freqs[1] as top
    from pg_stats where schemaname in ('raw', 'marts') order by 1, 2, 3
"""


@dataclass
class Lived:
    """The rows that a project leaves behind, and its catalog on some days."""

    runs: list[Row] = field(default_factory=list)
    relations: list[Row] = field(default_factory=list)
    columns: list[Row] = field(default_factory=list)
    catalogs: dict[int, FiledCatalog] = field(default_factory=dict)


def at(day: int) -> datetime:
    """Return when a day's facts are captured."""
    return datetime.combine(today(day), time(6), UTC)


def live(spec: Spec, connect: Connect, days: int = DAYS) -> Lived:
    """Run a project from its first day on; the database must be empty."""
    lived = Lived()
    with connect() as connection:
        project = _Project(spec, connection, connect, lived)
        project.open()
        for day in range(days):
            project.live(day)
    return lived


class _Project:
    """What changes from day to day."""

    def __init__(
        self, spec: Spec, connection: psycopg.Connection[Any], connect: Connect, lived: Lived
    ) -> None:
        self._spec, self._connection, self._connect = spec, connection, connect
        self._lived = lived
        self._rng = random.Random(spec.number)
        self._arrivals = {
            "events": dict(_by_day(arrivals(spec.events))),
            "orders": dict(_by_day(arrivals(spec.orders))),
        }
        self._next = {
            "events": spec.events.rows + 1,
            "orders": spec.orders.rows + 1,
            "customers": spec.customers + 1,
        }
        self._analyzed: dict[tuple[str, str], int] = {}
        self._built: set[str] = set()

    def open(self) -> None:
        """Make the sources and the staging views."""
        database = self._connection.info.dbname
        for name, value in {**_SETTINGS, **self._spec.settings}.items():
            self._connection.execute(f"alter database {database} set {name} = '{value}'".encode())
            self._connection.execute(f"set {name} = '{value}'".encode())
        for statement in opening(self._spec):
            self._do(statement)
        for name in COLUMNS:
            self._index("raw", name)

    def live(self, day: int) -> None:
        """Load, build, ask, and look."""
        if day:
            self._load(day)
        self._maintain(day)
        self._build(day)
        busy = neighbour(self._connect) if day in self._spec.noisy_days else nullcontext()
        with busy:
            self._ask(day)
        self._look(day)

    def _load(self, day: int) -> None:
        spec = self._spec
        for name, arrived in self._arrivals.items():
            arrival = arrived[day]
            for statement in arriving(spec, name, self._next[name], arrival):
                self._do(statement)
            self._next[name] += arrival.rows
        if count := round(self._next["customers"] * spec.customers_rate):
            self._do(more_customers(spec, self._next["customers"], count, day))
            self._next["customers"] += count
        if spec.updates:
            self._do(changed_orders(spec, day))

    def _maintain(self, day: int) -> None:
        spec = self._spec
        for name in COLUMNS:
            if day % spec.vacuum_every == 0 and day < spec.vacuum_until:
                self._do(f"vacuum raw.{name}")
            if day == 0 or (day % spec.analyze_every == 0 and day < spec.analyze_until):
                self._analyze("raw", name, day)

    def _build(self, day: int) -> None:
        for model in models(self._spec, day):
            if model.materialized == "view":
                self._do(f"create or replace view staging.{model.name} as {model.sql}")
            elif not model.is_weekly or day % WEEK == self._spec.weekday or day == 0:
                self._lived.runs.append(
                    {"subject": model.unique_id, "day": day, "calls": 1}
                    | asdict(self._built_by(model))
                )
                self._analyze("marts", model.name, day)

    def _built_by(self, model: Model) -> Measured:
        target = f"marts.{model.name}"
        if model.materialized == "incremental" and model.name in self._built:
            return measure_once(
                self._connection,
                f"insert into {target} select * from ({model.sql}) new where {INCREMENT}",
            )
        found = measure_once(self._connection, f"create table {target}__dbt_tmp as {model.sql}")
        self._do(f"drop table if exists {target}")
        self._do(f"alter table {target}__dbt_tmp rename to {model.name}")
        self._index("marts", model.name)
        self._built.add(model.name)
        return found

    def _index(self, schema: str, name: str) -> None:
        for wanted in sorted(self._spec.indexes):
            if wanted.startswith(f"{schema}.{name} ("):
                self._do(f"create index on {wanted}")

    def _analyze(self, schema: str, name: str, day: int) -> None:
        self._do(f"analyze {schema}.{name}")
        self._analyzed[schema, name] = day

    def _ask(self, day: int) -> None:
        spec = self._spec
        names = [
            name for name in spec.queries if name != spec.newcomer or day >= spec.newcomer_from
        ]
        texts = [query(name).sql.replace("{today}", str(today(day))) for name in names]
        growth = math.exp(spec.calls_growth * day)
        for name, found in zip(names, measure(self._connection, texts), strict=True):
            calls = max(1, round(spec.calls[name] * growth * self._rng.lognormvariate(0, 0.2)))
            self._lived.runs.append({"subject": name, "day": day, "calls": calls} | asdict(found))

    def _look(self, day: int) -> None:
        # Counters reach the views when the session is idle, or is told to send them.
        self._do("select pg_stat_force_next_flush()")
        self._lived.relations += [
            {"day": day, "analyzed_day": self._analyzed.get((row["schema"], row["name"]))} | row
            for row in self._rows(_RELATIONS)
        ]
        self._lived.columns += [{"day": day} | row for row in self._rows(_COLUMNS)]
        if day % CATALOG_EVERY == 0:
            self._lived.catalogs[day] = FiledCatalog(
                read_catalog(self._connection), ("public",), at(day), "fleet"
            )

    def _rows(self, sql: str) -> Iterator[Row]:
        cursor = self._connection.execute(sql.encode())
        names = [column.name for column in cursor.description or ()]
        for values in cursor:
            yield json.loads(json.dumps(dict(zip(names, values, strict=True)), default=float))

    def _do(self, statement: str) -> None:
        self._connection.execute(statement.encode())


def _by_day(found: Iterator[Arrival]) -> Iterator[tuple[int, Arrival]]:
    for arrival in found:
        yield arrival.day, arrival


def truth(spec: Spec) -> Mapping[str, Any]:
    """Return what was drawn, as JSON can hold it."""
    drawn: dict[str, Any] = json.loads(json.dumps(asdict(spec), default=sorted))
    return drawn
