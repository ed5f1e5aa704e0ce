"""A dbt project in a temporary folder that installs this package, and real dbt to run it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster

REPOSITORY = Path(__file__).parent.parent
_DBT = Path(sys.executable).with_name("dbt")


@dataclass(frozen=True)
class DbtRun:
    """What one dbt command said."""

    exit_code: int
    output: str
    events: tuple[dict[str, Any], ...]  # dbt's own log of this command

    @property
    def warnings(self) -> list[str]:
        """Our own lines of warning, each once."""
        return [line for line in self.output.splitlines() if "schema_evolve: warning" in line]

    def statements(self, containing: str) -> list[str]:
        """The SQL that dbt sent and that contains a text."""
        sent = (event["data"].get("sql") for event in self.events)
        return [sql for sql in sent if sql is not None and containing in sql]


class TinyProject:
    """Files in a folder; targets are databases of one cluster."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder = folder
        self._cluster = cluster
        self._outputs: dict[str, Any] = {}
        self.write("packages.yml", yaml.safe_dump({"packages": [{"local": str(REPOSITORY)}]}))

    def link_package(self) -> None:
        """Do what `dbt deps` does with a local package, without starting dbt."""
        packages = self.folder / "dbt_packages"
        packages.mkdir(exist_ok=True)
        (packages / "schema_evolve").symlink_to(REPOSITORY)

    def write(self, path: str, text: str) -> None:
        """Write one file of the project."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def configure(self, **settings: Any) -> None:
        """Write dbt_project.yml."""
        named = {"name": "tiny", "version": "1.0.0", "profile": "tiny", **settings}
        self.write("dbt_project.yml", yaml.safe_dump(named, allow_unicode=True))

    def add_target(self, name: str, database: str, **settings: Any) -> None:
        """Add a target to profiles.yml."""
        self._outputs[name] = {
            "type": "postgres",
            "host": self._cluster.host,
            "port": PORT,
            "user": SUPERUSER,
            "password": "unused",
            "dbname": database,
            "schema": "marts",
            "threads": 2,
            **settings,
        }
        profile = {"tiny": {"target": next(iter(self._outputs)), "outputs": self._outputs}}
        self.write("profiles.yml", yaml.safe_dump(profile, allow_unicode=True))

    def dbt(self, *arguments: str, env: Mapping[str, str] | None = None) -> DbtRun:
        """Run dbt; a failure is the caller's to judge."""
        log = self.folder / "logs" / "dbt.log"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            [_DBT, "--log-format-file", "json", "--no-use-colors", *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "DBT_PROFILES_DIR": str(self.folder),
                "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
                **(env or {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        events = tuple(json.loads(line) for line in lines if line.startswith("{"))
        return DbtRun(done.returncode, done.stdout + done.stderr, events)

    def responses(self) -> dict[str, dict[str, Any]]:
        """adapter_response by model name, out of the last run_results.json."""
        found = json.loads((self.folder / "target" / "run_results.json").read_text())
        return {
            result["unique_id"].rpartition(".")[2]: result["adapter_response"]
            for result in found["results"]
        }
