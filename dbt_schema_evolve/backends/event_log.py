"""Received events on disk: a file a day, an event a line, on the disk before it is acknowledged."""

import contextlib
import os
import threading
from datetime import date
from pathlib import Path


class EventLog:
    """Appends lines to files in a folder; safe to share among threads.

    A line is there whole or not at all: what a full disk cut off is taken back, and what a crash
    cut off is ended before the next line begins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._day: date | None = None
        self._file = -1

    def append(self, line: bytes, day: date) -> None:
        """Add one line, which holds no line break; raises OSError where the disk refuses it."""
        with self._lock:
            if day != self._day:
                self._open(day)
            end = os.fstat(self._file).st_size
            try:
                _write(self._file, line + b"\n")
                os.fsync(self._file)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(self._file, end)
                raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._day = None
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def _open(self, day: date) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file, self._day = -1, None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{day.isoformat()}.jsonl"
        # Events tell of tables and hold SQL: they are their owner's business.
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._day = day
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            _write(self._file, b"\n")


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
