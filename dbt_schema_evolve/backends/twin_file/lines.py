"""A catalog as lines of JSON and back: a header that vouches for the rest, then an object a line.

The first line says what the file is and holds the SHA-256 of everything below it. The second has
what the catalog says once, such as the server's version; each further line is one table, view,
index or other part under the name of its field in `Catalog`. A field that is added there is in
the file without further ado.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from dbt_schema_evolve.errors import TwinFileError
from dbt_schema_evolve.records.catalog import Catalog, IndexShape, TableShape
from dbt_schema_evolve.records.twin_file import FiledCatalog

FORMAT = "schema-evolve twin"
VERSION = 1
_DATABASE, _DATABASE_LINE = "database", 2
_MOST_PAGES = 0xFFFFFFFE  # MaxBlockNumber
_MOST_ROWS = _MOST_PAGES * 291.0  # MaxHeapTuplesPerPage
_REMEDY = "write the file anew with `schema-evolve twin dump`"


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line."""

    format: str
    version: int
    tool: str
    captured_at: datetime
    server_version: int
    search_path: tuple[str, ...]
    redacted: bool
    lost: tuple[str, ...]
    lines: int  # below this one
    sha256: str  # of the bytes below this line


def encode(filed: FiledCatalog) -> bytes:
    """Return the file's text."""
    body = [msgspec.json.encode(line) for line in _body(filed.catalog)]
    content = b"".join(line + b"\n" for line in body)
    header = Header(
        format=FORMAT,
        version=VERSION,
        tool=filed.tool,
        captured_at=filed.captured_at,
        server_version=filed.catalog.server_version,
        search_path=filed.search_path,
        redacted=bool(filed.lost),
        lost=filed.lost,
        lines=len(body),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return msgspec.json.encode(header) + b"\n" + content


def decode(text: bytes, at: str) -> FiledCatalog:
    """Return what a file holds; raises TwinFileError, naming what is wrong with it."""
    first, _, content = text.partition(b"\n")
    header = _header(first, at)
    if hashlib.sha256(content).hexdigest() != header.sha256:
        held = content.count(b"\n")
        problem = (
            f"the twin file is cut off: {held} of {header.lines} lines are there"
            if held < header.lines
            else "the twin file was changed after it was written: its checksum is another"
        )
        raise TwinFileError(problem, at=at, remedy=_REMEDY)
    return FiledCatalog(
        _catalog(content.splitlines(), at),
        header.search_path,
        header.captured_at,
        header.tool,
        header.lost,
    )


def _body(catalog: Catalog) -> Iterator[dict[str, Any]]:
    parts = _parts()
    yield {
        _DATABASE: {
            field.name: getattr(catalog, field.name)
            for field in fields(Catalog)
            if field.name not in parts
        }
    }
    for name in parts:
        for element in getattr(catalog, name):
            yield {name: element}


def _parts() -> dict[str, Any]:
    """The fields of a catalog that hold many of a kind, with that kind."""
    kinds = get_type_hints(Catalog)
    return {
        name: get_args(kind)[0]
        for name, kind in kinds.items()
        if get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis
    }


def _header(line: bytes, at: str) -> Header:
    try:
        marks = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        marks = None
    if not isinstance(marks, dict) or marks.get("format") != FORMAT:
        raise TwinFileError(
            "this is not a twin file",
            at=at,
            remedy="name a file that `schema-evolve twin dump` wrote",
        )
    if marks.get("version") != VERSION:
        raise TwinFileError(
            f"the twin file has version {marks.get('version')}, and this program reads {VERSION}",
            at=at,
            remedy="use the same dbt-schema-evolve on both sides",
        )
    try:
        return msgspec.convert(marks, Header)
    except msgspec.ValidationError as error:
        raise TwinFileError(f"the twin file's header: {error}", at=at, remedy=_REMEDY) from error


def _catalog(lines: Sequence[bytes], at: str) -> Catalog:
    parts, scalars = _parts(), get_type_hints(Catalog)
    found: defaultdict[str, list[Any]] = defaultdict(list)
    values: dict[str, Any] = {}
    for number, line in enumerate(lines, start=_DATABASE_LINE):
        try:
            ((name, value),) = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).items()
            if name in parts:
                part = msgspec.json.decode(value, type=parts[name])
                if isinstance(part, TableShape | IndexShape) and not _possible(part):
                    raise _broken("a relation of a size that Postgres does not know", number, at)
                found[name].append(part)
            elif name == _DATABASE and number == _DATABASE_LINE:
                held = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
                values = {
                    key: msgspec.json.decode(each, type=scalars[key]) for key, each in held.items()
                }
            else:
                raise _broken(f"{name!r} is no part of a catalog", number, at)
        except (ValueError, KeyError, RecursionError, msgspec.MsgspecError) as error:
            raise _broken(str(error), number, at) from error
    values |= {name: tuple(found[name]) for name in parts}
    try:
        return Catalog(**values)
    except TypeError as error:
        raise _broken(str(error), _DATABASE_LINE, at) from error


def _possible(part: TableShape | IndexShape) -> bool:
    pages = (part.pages, part.current_pages, getattr(part, "all_visible_pages", 0))
    # A partitioned table that was analyzed says -1.
    return all(-1 <= each <= _MOST_PAGES for each in pages) and -1 <= part.rows <= _MOST_ROWS


def _broken(problem: str, line: int, at: str) -> TwinFileError:
    return TwinFileError(f"the twin file: {problem}", at=f"{at}, line {line}", remedy=_REMEDY)
