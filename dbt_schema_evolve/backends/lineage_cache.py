"""What lineage worked out before, in a file that may be deleted at any time."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from functools import cache
from importlib import metadata, resources
from pathlib import Path

import msgspec

from dbt_schema_evolve.backends.lineage_packing import packed, unpacked
from dbt_schema_evolve.lineage.memory import Remembered

_PACKAGE = "dbt_schema_evolve.lineage"


class _Kept(msgspec.Struct, array_like=True):
    rules: bytes
    check: bytes
    remembered: bytes


def read_cache(path: Path) -> tuple[Remembered, ...]:
    """Return what is remembered; nothing where the file is absent, damaged or of other rules."""
    try:
        kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return ()
    if kept.rules != _rules() or kept.check != _check(kept.remembered):
        return ()
    return unpacked(kept.remembered)


def write_cache(path: Path, remembered: Iterable[Remembered]) -> None:
    """Replace the file in one step; one that cannot be written is done without."""
    body = packed(remembered)
    content = msgspec.msgpack.encode(_Kept(_rules(), _check(body), body))
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


def _check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


@cache
def _rules() -> bytes:
    """Return what stands for the rules by which statements are read: our sources and sqlglot's."""
    digest = hashlib.blake2b(metadata.version("sqlglot").encode(), digest_size=16)
    for source in sorted(resources.files(_PACKAGE).iterdir(), key=lambda file: file.name):
        if source.name.endswith(".py"):
            digest.update(source.read_bytes())
    return digest.digest()
