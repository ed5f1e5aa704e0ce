"""The demo's world: a warehouse, a dbt project and its users, one simulated day at a time."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from dbt_schema_evolve.backends.cluster import PORT, Cluster
from dbt_schema_evolve.backends.dbt_project import DbtProject, Target, find_project, find_target
from dbt_schema_evolve.backends.dbt_runner import DbtRunner, project_arguments
from dbt_schema_evolve.backends.demo.defaults import FIRST_DAY, OPENING_DAYS
from dbt_schema_evolve.backends.demo.files import copy_project
from dbt_schema_evolve.backends.demo.tpch import TpchSource
from dbt_schema_evolve.backends.demo.workload import Workload
from dbt_schema_evolve.ports import LivedDay

DATABASE = "wholesale"
OWNER = "transformer"
_SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
    "jit": "off",
}
_MORNING, _NIGHT = time(6, tzinfo=UTC), time(22, tzinfo=UTC)


class DemoWorld:
    """Everything that a company would bring, in one folder; `with` stops and removes the server."""

    def __init__(self, folder: Path, seed: int, scale: float) -> None:
        self.folder = folder
        self._source = TpchSource(folder / "source", scale)
        self._workload = Workload(seed)
        self._cluster = Cluster(folder / "cluster", _SETTINGS)
        self._project: DbtProject | None = None
        self._dbt: DbtRunner | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._dbt is not None:
            self._dbt.close()
        self._cluster.remove()

    @property
    def project(self) -> DbtProject:
        """The dbt project that the days are built with."""
        if self._project is None:
            raise RuntimeError("the world has not been opened")
        return self._project

    @property
    def dbt(self) -> DbtRunner:
        """The dbt process that builds it."""
        if self._dbt is None:
            raise RuntimeError("the world has not been opened")
        return self._dbt

    @property
    def target(self) -> Target:
        """The project's connection to the warehouse."""
        return find_target(self.project, self.project.folder, env=self.env)

    def now(self, days: int) -> datetime:
        """Return the end of a simulated day."""
        return datetime.combine(self._today(days), _NIGHT)

    def open(self) -> None:
        """Start the warehouse with the opening days' orders; parse the project."""
        self._cluster.start()
        self._create_database()
        self._project = find_project(copy_project(self.folder))
        self._source.generate()
        with self._cluster.connect(DATABASE, OWNER) as connection:
            self._source.create(connection)
            self._source.load_reference(connection)
            self._source.load_through(connection, FIRST_DAY, self._today(0))
            self._workload.create_roles(connection)
        self._dbt = DbtRunner(self._project.folder, self.folder / "dbt.log", self.env)
        self._run("deps", _no_target=True)
        self._run("parse")

    def live(self, day_number: int) -> LivedDay:
        """Load one day's batch, build the project, let everyone work, and capture."""
        today = self._today(day_number)
        with self._cluster.connect(DATABASE, OWNER) as connection:
            loaded = self._source.load_through(connection, today, today)
        self._run("build", at=datetime.combine(today, _MORNING))
        used = self._workload.run_day(self._conninfo, day_number, today)
        self._run("run-operation", "schema_evolve.capture", at=datetime.combine(today, _NIGHT))
        return LivedDay(today, loaded.orders, used.calls)

    def rest(self) -> None:
        """Stop autovacuum: statistics that change underneath would be compared with their past."""
        with self._cluster.connect() as administrator:
            administrator.execute("alter system set autovacuum = off")
            administrator.execute("select pg_reload_conf()")

    def _create_database(self) -> None:
        """Make the database as its administrator would: dbt's role owns it and is no superuser."""
        with self._cluster.connect() as administrator:
            administrator.execute(f"create role {OWNER} login createrole")
            administrator.execute(f"grant pg_read_all_stats to {OWNER}")
            administrator.execute(f"create database {DATABASE} owner {OWNER}")
        with self._cluster.connect(DATABASE) as administrator:
            administrator.execute("create extension pg_stat_statements")

    def _today(self, day_number: int) -> date:
        return FIRST_DAY + timedelta(days=OPENING_DAYS + day_number - 1)

    def _conninfo(self, role: str, application_name: str) -> str:
        return self._cluster.conninfo(DATABASE, role, application_name=application_name)

    @property
    def env(self) -> Mapping[str, str]:
        """The environment in which the project's profile finds the warehouse."""
        return {
            **os.environ,
            "SCHEMA_EVOLVE_PG_HOST": self._cluster.host,
            "SCHEMA_EVOLVE_PG_PORT": str(PORT),
            "SCHEMA_EVOLVE_PG_USER": OWNER,
            "SCHEMA_EVOLVE_PG_DATABASE": DATABASE,
        }

    def _run(self, *arguments: str, at: datetime | None = None, _no_target: bool = False) -> None:
        folder = self.project.folder
        flags = (
            ("--project-dir", str(folder), "--profiles-dir", str(folder))
            if _no_target
            else project_arguments(folder, folder, "dev", self.project.target_path)
        )
        env = {"SCHEMA_EVOLVE_CAPTURED_AT": at.isoformat()} if at else {}
        self.dbt.run(*arguments, *flags, env=env, manifest_key=str(folder))
