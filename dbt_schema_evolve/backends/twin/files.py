"""Gives relation files the length they have in the warehouse, without taking the disk for it.

The planner takes a relation's page count from the length of its file, so a file that ends in a
hole plans like a full one. Nothing reads the hole: the twin never runs a query, and while an
index is being built the table is cut back to the pages that were written.
"""

import contextlib
import os
from pathlib import Path

PAGE_BYTES = 8192
_SEGMENT_PAGES = 131072  # Postgres starts a new file at 1 GiB
_BLOCK_BYTES = 512  # of st_blocks, whatever the file system's own unit is


def pages_on_disk(path: Path) -> int:
    """Return the length of a relation's first segment."""
    return path.stat().st_size // PAGE_BYTES


def set_pages(path: Path, pages: int) -> None:
    """Make a relation exactly this long, in as many segments as that takes.

    Segments that are too many are emptied, not removed: a server may have them open.
    """
    segment = 0
    while True:
        file = path if not segment else path.with_name(f"{path.name}.{segment}")
        rest = max(0, min(pages - segment * _SEGMENT_PAGES, _SEGMENT_PAGES))
        if not file.exists():
            if not rest:
                return
            _create_like(file, path)
        os.truncate(file, rest * PAGE_BYTES)
        segment += 1


def _create_like(file: Path, first: Path) -> None:
    file.touch(mode=0o600)
    owner = first.stat()
    if os.geteuid() == 0:
        os.chown(file, owner.st_uid, owner.st_gid)


def disk_bytes(folder: Path) -> int:
    """Return what a folder takes on disk, holes in its files left out."""
    # A server that runs may remove a file between the list and the look.
    sizes = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            sizes += path.lstat().st_blocks * _BLOCK_BYTES
    return sizes
