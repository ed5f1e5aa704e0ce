"""Gives a small btree the height of a big one, by adding inner pages with one child each.

The planner charges each level of a btree (`btcostestimate`) and asks the index's first page how
many there are. A page with a single downlink is valid: the index can be descended, so the planner
still finds the smallest and largest key in it, and `amcheck` has nothing to say against it
(see tests/postgres/test_twin_indexes.py). Layout: src/include/access/nbtree.h, bufpage.h.
"""

import struct
from pathlib import Path

from dbt_schema_evolve.backends.twin.files import PAGE_BYTES

_METADATA_AT = 24  # a page header's size
_ROOT_AT = _METADATA_AT + 8  # after magic and version: root, level, fast root, fast level
_ALL_EQUAL_IMAGE_AT = _METADATA_AT + 40
_SPECIAL_BYTES = 16
_SPECIAL_AT = PAGE_BYTES - _SPECIAL_BYTES
_FLAGS_AT = _SPECIAL_AT + 12
_LEAF, _ROOT = 1, 2
_LAYOUT_VERSION = 4
_LINE_POINTER_NORMAL = 1
_PIVOT_WITHOUT_KEYS_BYTES = 8
_PIVOT_FLAG = 0x2000  # INDEX_ALT_TID_MASK


def deduplicates(path: Path) -> bool:
    """Return whether Postgres stores equal keys of this index once."""
    with path.open("rb") as file:
        return bool(file.read(PAGE_BYTES)[_ALL_EQUAL_IMAGE_AT])


def set_height(path: Path, height: int) -> int:
    """Put the root `height` levels above the leaves; return the pages that are then in use.

    The file must be fresh from CREATE INDEX on at most a handful of rows, so that its root is its
    only leaf, and the server must not have read it yet.
    """
    with path.open("r+b") as file:
        metadata = bytearray(file.read(PAGE_BYTES))
        (leaf,) = struct.unpack_from("<I", metadata, _ROOT_AT)
        pages = path.stat().st_size // PAGE_BYTES
        if not leaf:  # an index without entries has no leaf
            leaf, pages = 1, 2
            file.seek(leaf * PAGE_BYTES)
            file.write(_page(0, _LEAF | _ROOT, child=None))
        if height:
            file.seek(leaf * PAGE_BYTES + _FLAGS_AT)
            file.write(struct.pack("<H", _LEAF))
        root = leaf
        for level in range(1, height + 1):
            file.seek(pages * PAGE_BYTES)
            file.write(_page(level, _ROOT if level == height else 0, child=root))
            root, pages = pages, pages + 1
        struct.pack_into("<IIII", metadata, _ROOT_AT, root, height, root, height)
        file.seek(0)
        file.write(metadata)
    return pages


def _page(level: int, flags: int, child: int | None) -> bytes:
    page = bytearray(PAGE_BYTES)
    lower, upper = _METADATA_AT, _SPECIAL_AT
    if child is not None:
        lower, upper = lower + 4, upper - _PIVOT_WITHOUT_KEYS_BYTES
        pointer = upper | _LINE_POINTER_NORMAL << 15 | _PIVOT_WITHOUT_KEYS_BYTES << 17
        struct.pack_into("<I", page, _METADATA_AT, pointer)
        info = _PIVOT_WITHOUT_KEYS_BYTES | _PIVOT_FLAG
        struct.pack_into("<HHHH", page, upper, child >> 16, child & 0xFFFF, 0, info)
    header = (0, 0, 0, lower, upper, _SPECIAL_AT, PAGE_BYTES | _LAYOUT_VERSION, 0)
    struct.pack_into("<QHHHHHHI", page, 0, *header)
    struct.pack_into("<IIIHH", page, _SPECIAL_AT, 0, 0, level, flags, 0)
    return bytes(page)
