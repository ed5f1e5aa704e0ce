"""One run at a time in a folder; the lock dies with the process, however it dies."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from dbt_schema_evolve.errors import BusyError


@contextlib.contextmanager
def only_run_in(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made if need be; raises BusyError where another run holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError(
                "another run is using this folder",
                at=str(folder),
                remedy="wait until it has ended, or choose another folder",
            ) from None
        yield
