"""What lineage worked out before, in a file that may be deleted at any time."""

import hashlib
import os
import tempfile
import zlib
from collections.abc import Iterable
from functools import cache
from importlib import metadata, resources
from pathlib import Path

import msgspec

from dbt_schema_evolve.lineage.garbage import collection_paused
from dbt_schema_evolve.lineage.memory import Remembered

_RULES = ("dbt_schema_evolve.lineage.sql", "dbt_schema_evolve.records")


class _Kept(msgspec.Struct, array_like=True):
    rules: bytes
    checksum: int
    remembered: bytes


def read_cache(path: Path) -> tuple[Remembered, ...]:
    """Return what is remembered; nothing where the file is absent, damaged or of other rules."""
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return ()
    if kept.rules != _rules() or kept.checksum != zlib.crc32(kept.remembered):
        return ()
    return unpacked(kept.remembered)


def write_cache(path: Path, remembered: Iterable[Remembered]) -> None:
    """Replace the file in one step; one that cannot be written is done without."""
    body = packed(remembered)
    content = msgspec.msgpack.encode(_Kept(_rules(), zlib.crc32(body), body))
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    except OSError:
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)


def packed(remembered: Iterable[Remembered]) -> bytes:
    """Return bytes from which `unpacked` makes the same again."""
    with collection_paused():
        return msgspec.msgpack.encode(tuple(remembered))


def unpacked(content: bytes) -> tuple[Remembered, ...]:
    """Return what was packed; the caller knows that these are its bytes."""
    with collection_paused():
        return msgspec.msgpack.decode(content, type=tuple[Remembered, ...])


@cache
def _rules() -> bytes:
    """Return what stands for the rules by which statements are read: our sources and sqlglot's."""
    digest = hashlib.blake2b(metadata.version("sqlglot").encode(), digest_size=16)
    for package in _RULES:
        for source in sorted(resources.files(package).iterdir(), key=lambda file: file.name):
            if source.name.endswith(".py"):
                digest.update(source.read_bytes())
    return digest.digest()
