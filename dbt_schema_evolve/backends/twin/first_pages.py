"""Writes into an index's first page what the planner reads there of its size.

An index that is made on two rows counts two rows. `gincostestimate` asks for pages and entries,
`brincostestimate` for the pages that map ranges; a btree's height is in btree_pages.py. Layouts:
src/include/access/ginblock.h and brin_page.h.
"""

import struct
from pathlib import Path
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.gin_sizes import GinSize
from dbt_schema_evolve.backends.twin.method_sizes import BrinSize

_METADATA_AT = 24  # a page header's size
_GIN_COUNTS_AT = _METADATA_AT + 24  # after the list of pending rows
_PAGES_PER_RANGE_AT = _METADATA_AT + 8  # after magic and version
_REVMAP_END_AT = _METADATA_AT + 12
# Of the extension pg_buffercache, for this session alone: the twin's schemas are the warehouse's.
_FORGETTER = """
create or replace function pg_temp.forget(
    regclass, out evicted integer, out flushed integer, out skipped integer
) language c strict as '$libdir/pg_buffercache', 'pg_buffercache_evict_relation'
"""
_FORGET = "select pg_temp.forget(%s::oid::regclass)"


def write_first_page(
    connection: psycopg.Connection[Any], oid: int, path: Path, size: GinSize | BrinSize
) -> None:
    """Give an index that was committed its counts.

    The server still has the pages of a new index in memory, and would read no others.
    """
    connection.execute(_FORGETTER)
    connection.execute(_FORGET, (oid,))
    if isinstance(size, GinSize):
        counts = (size.pages, size.entry_pages, size.data_pages, 0, size.entries)
        _write(path, _GIN_COUNTS_AT, struct.pack("<IIIIq", *counts))
    else:
        # The map starts behind this page, so its last page is as high as there are pages.
        _write(path, _REVMAP_END_AT, struct.pack("<I", size.revmap_pages))


def pages_per_range(path: Path) -> int:
    """Return what a BRIN index was made with."""
    with path.open("rb") as file:
        file.seek(_PAGES_PER_RANGE_AT)
        return int.from_bytes(file.read(4), "little")


def _write(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)
