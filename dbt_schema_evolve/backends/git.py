"""Asks git what a folder is checked out at; a machine or a folder without git is no error."""

import os
import subprocess
from pathlib import Path

from dbt_schema_evolve.records.lineage_states import Commit

_SECONDS = 10  # a status of a large repository on a slow disk; after that the commit is not known


def head_commit(folder: Path) -> Commit | None:
    """Return the commit that a folder is at; None where git cannot say."""
    sha = _git(folder, "rev-parse", "--verify", "HEAD")
    if sha is None:
        return None
    status = _git(folder, "status", "--porcelain", "--", ".")
    return Commit(sha, is_dirty=status != "")


def _git(folder: Path, *arguments: str) -> str | None:
    # A repository's own settings can name a program to ask for changes: it is not run.
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},  # reads, never writes an index
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace").strip()
