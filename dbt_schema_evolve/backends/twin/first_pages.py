"""Writes into an index's first page what the planner reads there of its size.

An index that is made on two rows counts two rows. `gincostestimate` asks for pages and entries,
`brincostestimate` for the pages that map ranges; a btree's height is in btree_pages.py. Layouts:
src/include/access/ginblock.h and brin_page.h.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from dbt_schema_evolve.backends.twin.confined import RIGHTS
from dbt_schema_evolve.backends.twin.sizes.elements import elements_of
from dbt_schema_evolve.backends.twin.sizes.gin import Elements, GinSize, gin_size
from dbt_schema_evolve.backends.twin.sizes.methods import BrinSize, revmap_pages
from dbt_schema_evolve.backends.twin.sizes.shapes import own_statistics
from dbt_schema_evolve.records.catalog import IndexShape, TableShape

Connection = psycopg.Connection[Any]

_METADATA_AT = 24  # a page header's size
_GIN_COUNTS_AT = _METADATA_AT + 24  # after the list of pending rows
_PAGES_PER_RANGE_AT = _METADATA_AT + 8  # after magic and version
_REVMAP_END_AT = _METADATA_AT + 12


def write_first_page(
    connection: Connection, oid: int, path: Path, size: GinSize | BrinSize
) -> None:
    """Give an index that was committed its counts."""
    _forget(connection, oid)
    if isinstance(size, GinSize):
        counts = (size.pages, size.entry_pages, size.data_pages, 0, size.entries)
        _write(path, _GIN_COUNTS_AT, struct.pack("<IIIIq", *counts))
    else:
        # The map starts behind this page, so its last page is as high as there are pages.
        _write(path, _REVMAP_END_AT, struct.pack("<I", size.revmap_pages))


def write_existing(
    connection: Connection, oid: int, path: Path, index: IndexShape, table: TableShape
) -> None:
    """Give the image of an index that the warehouse has the counts that the real one may have."""
    pages = index.current_pages
    if index.spec.method == "gin":
        elements = _elements(connection, index, table)
        size = gin_size(table.current_pages, elements)
        write_first_page(connection, oid, path, size.scaled_to(pages))
    elif index.spec.method == "brin":
        _forget(connection, oid)
        revmap = revmap_pages(table.current_pages, _pages_per_range(path))
        write_first_page(connection, oid, path, BrinSize(pages, revmap))


def _elements(connection: Connection, index: IndexShape, table: TableShape) -> Iterator[Elements]:
    types = {column.name: column.type for column in table.columns}
    known = own_statistics((*table.statistics, *index.statistics))
    for key in index.spec.keys:
        if statistics := known.get(key.term):
            kind = types.get(key.term, "")
            yield from elements_of(connection, statistics, kind, key.operator_class, index.rows)


def _pages_per_range(path: Path) -> int:
    with path.open("rb") as file:
        file.seek(_PAGES_PER_RANGE_AT)
        return int.from_bytes(file.read(4), "little")


def _forget(connection: Connection, oid: int) -> None:
    """The server still has the pages of a new index in memory, and would read no others."""
    connection.execute(f"select {RIGHTS}.forget(%s)".encode(), (oid,))


def _write(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)
