"""OpenLineage events on disk: files as transports write them, and what our receiver stored."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from dbt_schema_evolve.records.workload import Skip

# Of one event, and of a file that is read whole; a longer one must hold an event a line.
MAX_BYTES = 64 << 20
_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".log", ".gz"})

Found = tuple[bytes, str] | Skip
"""A content and where it came from; or what could not be read."""


def event_files(paths: Iterable[Path]) -> Iterator[Found]:
    """Yield the contents of files, and of every file of events in folders, by name.

    A long file is yielded line by line, and a line of more than 64 MiB is passed over.
    """
    for path in paths:
        if path.is_dir():
            inside = (each for each in path.rglob("*") if each.is_file())
            for each in sorted(each for each in inside if each.suffix in _SUFFIXES):
                yield from _contents(each)
        else:
            yield from _contents(path)


def _contents(path: Path) -> Iterator[Found]:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(MAX_BYTES + 1)
            if len(start) <= MAX_BYTES:
                yield start, str(path)
            elif start.lstrip().startswith(b"["):
                yield Skip(str(path), f"an array of more than {MAX_BYTES} bytes")
            else:
                file.seek(0)
                yield from _lines(file, str(path))
    except OSError as error:
        yield Skip(str(path), f"cannot be read: {error.strerror or error}")
    except (EOFError, zlib.error) as error:
        yield Skip(str(path), f"cannot be decompressed: {error}")


def _lines(file: IO[bytes] | gzip.GzipFile, path: str) -> Iterator[Found]:
    number = 0
    while line := file.readline(MAX_BYTES + 2):
        number += 1
        if len(line) > MAX_BYTES + 1:
            yield Skip(f"{path}, line {number}", f"more than {MAX_BYTES} bytes")
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_BYTES)
        else:
            yield line, f"{path}, line {number}"
