"""Logs and traces on disk: files, folders and patterns, plain or gzipped."""

import contextlib
import glob
import gzip
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dbt_schema_evolve.errors import LogError

_LONGEST_LINE = 64_000_000  # letters: one batch of spans; what is longer comes in pieces


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file."""

    path: Path

    @property
    def at(self) -> str:
        """Where it is."""
        return str(self.path)

    @property
    def written_at(self) -> datetime:
        """When it was last written."""
        with _plainly(self.path):
            return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)

    def lines(self) -> Iterator[str]:
        """Read it; bytes that are not UTF-8 become question marks."""
        with _plainly(self.path):
            opened = gzip.open if self.path.suffix == ".gz" else open
            with opened(
                self.path, "rt", encoding="utf-8-sig", errors="replace", newline="\n"
            ) as file:
                while line := file.readline(_LONGEST_LINE):
                    yield line


def log_files(patterns: Sequence[str]) -> tuple[LogFile, ...]:
    """Return the files that paths, folders and patterns name, each once.

    Raises LogError for one that names nothing.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        if path.is_dir():
            files = sorted(child for child in path.iterdir() if child.is_file())
        elif path.exists():
            files = [path]
        else:
            files = sorted(
                each
                for name in glob.glob(pattern, recursive=True)  # noqa: PTH207 - may be absolute
                if (each := Path(name)).is_file()
            )
        if not files:
            raise LogError(
                "there is no such file"
                if not path.is_dir()
                else "there are no files in the folder",
                at=pattern,
                remedy="give a file, a folder of them, or a pattern in quotes",
            )
        found |= dict.fromkeys(files)
    return tuple(map(LogFile, found))


@contextlib.contextmanager
def _plainly(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise LogError(
            "the file is not whole gzip",
            at=str(path),
            remedy="copy it again, or unpack what can be and give that",
        ) from error
    except OSError as error:
        raise LogError(
            f"cannot be read: {error.strerror}", at=str(path), remedy="check its rights"
        ) from error
