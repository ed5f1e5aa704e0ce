"""Runs dbt commands in a process of its own, so that dbt never loads into ours."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from dbt_schema_evolve.errors import DbtError


class DbtRunner:
    """A dbt process for one project folder; `with` ends it.

    What dbt prints is appended to `log`. Raises DbtError where dbt is missing or a command fails.
    """

    def __init__(self, project_dir: Path, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.project_dir = project_dir
        self._log = log
        self._env = dict(env or {})
        self._process: subprocess.Popen[str] | None = None
        self._log_file: IO[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        manifest_key: str = "",
    ) -> None:
        """Run one dbt command, for example `run("build", "--select", "marts")`.

        With a `manifest_key`, the manifest of a `parse` is kept and later commands with the same
        key skip parsing; the caller vouches that files, target and vars are still the same.
        """
        process = self._started()
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the dbt process was opened without pipes")
        request = {"args": list(arguments), "env": dict(env or {}), "manifest_key": manifest_key}
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.close()
            raise DbtError(
                f"dbt died during `dbt {' '.join(arguments[:1])}`: {self._tail()}",
                at=str(self._log),
                remedy="install dbt beside us, `pip install 'dbt-schema-evolve[dbt]'`, "
                "or read the log",
            )
        outcome = json.loads(answer)
        if not outcome["ok"]:
            raise DbtError(
                f"`dbt {' '.join(arguments[:1])}` failed: {outcome['error'] or self._tail()}",
                at=str(self.project_dir),
                remedy=f"make this dbt command succeed; its output is in {self._log}",
            )

    def close(self) -> None:
        """End the process, if it runs."""
        if self._process is not None:
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe is not None:
                    pipe.close()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._log_file is not None:
            self._log_file.close()
            self._log_file = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            self._log_file = self._log.open("a")
            quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_USE_COLORS": "false"}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dbt_schema_evolve.backends.dbt_worker"],
                cwd=self.project_dir,
                env={**os.environ, **quiet, **self._env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log_file,
                text=True,
            )
        return self._process

    def _tail(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "no output"


def project_arguments(
    project_dir: Path, profiles_dir: Path, target: str, target_path: Path
) -> Sequence[str]:
    """Return the flags that make dbt write nothing into the project itself."""
    return (
        "--project-dir", str(project_dir),
        "--profiles-dir", str(profiles_dir),
        "--target", target,
        "--target-path", str(target_path),
        "--log-path", str(target_path / "logs"),
    )  # fmt: skip
