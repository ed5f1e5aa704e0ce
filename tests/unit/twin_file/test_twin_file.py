"""A twin file gives back the catalog it was made from, or says in one line why not."""

import gzip
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbt_schema_evolve.backends.twin_file import encode, read_twin_file, write_twin_file
from dbt_schema_evolve.backends.twin_file.lines import decode
from dbt_schema_evolve.errors import TwinFileError
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnEnds,
    ColumnStatistics,
    IndexShape,
    TableShape,
    ViewShape,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.twin_file import FiledCatalog
from dbt_schema_evolve.records.workload import Skip

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ORDERS = RelationName("raw", "orders")

# Whatever a database in UTF-8 can hold.
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
names = st.builds(RelationName, text, text)
numbers = st.floats(-1, 1e12, allow_nan=False)
values = st.none() | st.lists(text, max_size=4).map(tuple)
statistics = st.builds(
    ColumnStatistics,
    column=text,
    null_fraction=st.floats(0, 1),
    average_width=st.integers(0, 1000),
    n_distinct=numbers,
    most_common_values=values,
    most_common_frequencies=st.none() | st.lists(st.floats(0, 1), max_size=4).map(tuple),
    histogram_bounds=values,
    correlation=st.none() | st.floats(-1, 1),
)
tables = st.builds(
    TableShape,
    names,
    st.sampled_from(RelationKind),
    st.lists(st.builds(Column, text, text), max_size=3).map(tuple),
    numbers,
    st.integers(0, 2**31),
    st.integers(0, 2**31),
    st.lists(statistics, max_size=2).map(tuple),
    ends=st.lists(st.builds(ColumnEnds, text, text, text), max_size=1).map(tuple),
    partition_of=st.none() | names,
)
keys = st.lists(st.builds(IndexKey, text, st.booleans()), min_size=1, max_size=2).map(tuple)
indexes = st.builds(IndexShape, st.builds(IndexSpec, names, keys), text, text, numbers, st.just(3))
catalogs = st.builds(
    Catalog,
    st.integers(130000, 189999),
    st.lists(st.tuples(text, text), max_size=2).map(tuple),
    st.lists(text, max_size=2).map(tuple),
    st.lists(tables, max_size=3).map(tuple),
    st.lists(st.builds(ViewShape, names, st.just(()), text), max_size=2).map(tuple),
    st.lists(indexes, max_size=2).map(tuple),
    st.lists(st.tuples(names, text, text), max_size=2).map(tuple),
    skips=st.lists(st.builds(Skip, text, text), max_size=2).map(tuple),
    collation=text,
)


def filed(catalog: Catalog) -> FiledCatalog:
    return FiledCatalog(catalog, ("public", "Ma.rts"), NOW, "dbt-schema-evolve 0.1.0")


TABLE = TableShape(
    ORDERS,
    RelationKind.TABLE,
    (Column("id", "bigint", True), Column("email", "text")),
    1000.0,
    12,
    10,
    (ColumnStatistics("email", False, 0.0, 20, -1.0, histogram_bounds=("a@x", "z@x")),),
)
SMALL = filed(
    Catalog(
        server_version=150018,
        settings=(("work_mem", "64MB"),),
        types=("create type raw.mood as enum ('gut')",),
        tables=(TABLE,),
        views=(ViewShape(RelationName("raw", "v"), (Column("id", "bigint"),), "select 1"),),
        indexes=(),
    )
)


@given(catalogs)
@settings(max_examples=60)
def test_what_is_written_is_what_is_read(catalog: Catalog) -> None:
    assert decode(encode(filed(catalog)), "here") == filed(catalog)


def test_the_same_catalog_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_twin_file(SMALL, tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_a_file_is_lines_of_json_under_a_header_that_vouches_for_them() -> None:
    header, *lines = encode(SMALL).splitlines(keepends=True)
    marks = json.loads(header)
    assert marks["format"] == "schema-evolve twin"
    assert marks["version"] == 1
    assert marks["server_version"] == 150018
    assert marks["captured_at"] == "2026-11-01T12:00:00Z"
    assert marks["redacted"] is False
    assert marks["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()
    assert [next(iter(json.loads(line))) for line in lines] == [
        "database", "settings", "types", "tables", "views",
    ]  # fmt: skip
    table = json.loads(lines[3])["tables"]
    assert table["relation"] == ["raw", "orders"]
    assert table["statistics"][0]["histogram_bounds"] == ["a@x", "z@x"]


def test_the_name_decides_about_compression_and_the_content_about_reading(tmp_path: Path) -> None:
    plain, packed, renamed = (tmp_path / name for name in ("t.jsonl", "t.jsonl.gz", "t.bin"))
    write_twin_file(SMALL, plain)
    write_twin_file(SMALL, packed)
    assert gzip.decompress(packed.read_bytes()) == plain.read_bytes()
    packed.rename(renamed)
    assert read_twin_file(renamed) == read_twin_file(plain) == SMALL


def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    write_twin_file(SMALL, tmp_path / "t.jsonl")
    assert (tmp_path / "t.jsonl").stat().st_mode & 0o777 == 0o600


def edited(change: str, into: str) -> bytes:
    return encode(SMALL).replace(change.encode(), into.encode(), 1)


def signed(*lines: bytes) -> bytes:
    """A file whose checksum is right although nobody of us wrote it."""
    body = b"".join(line + b"\n" for line in lines)
    header = json.loads(encode(SMALL).splitlines()[0])
    header |= {"sha256": hashlib.sha256(body).hexdigest(), "lines": len(lines)}
    return json.dumps(header).encode() + b"\n" + body


DATABASE = b'{"database":{"server_version":150018}}'

BROKEN = {
    "empty": (b"", "this is not a twin file"),
    "foreign": (b'{"metadata": {}}', "this is not a twin file"),
    "no text": (b"\xff\xfe\x00", "this is not a twin file"),
    "newer": (edited('"version":1', '"version":2'), "has version 2, and this program reads 1"),
    "cut off": (encode(SMALL)[:-200], "cut off: 3 of 5 lines"),
    "cut between lines": (encode(SMALL).rsplit(b'{"views', 1)[0], "cut off: 4 of 5 lines"),
    "edited": (edited('"rows":1000.0', '"rows":9.0'), "changed after it was written"),
    "header without a sum": (b'{"format":"schema-evolve twin","version":1}\n', "header: "),
    "unknown part": (signed(DATABASE, b'{"secrets":1}'), "'secrets' is no part of a catalog"),
    "no object": (signed(DATABASE, b"[1]"), "Expected `object`, got `array`"),
    "no JSON": (signed(DATABASE, b"drop table x"), "JSON is malformed"),
    "wrong type": (signed(DATABASE, b'{"types":7}'), "Expected `str`, got `int`"),
    "missing field": (signed(DATABASE, b'{"views":{"relation":["a","b"]}}'), "missing required"),
    "two parts in a line": (signed(DATABASE, b'{"types":"a","views":1}'), "too many values"),
    "no database": (signed(b'{"types":"a"}'), "server_version"),
    "impossible size": (
        encode(filed(replace(SMALL.catalog, tables=(replace(TABLE, file_pages=1 << 40),)))),
        "a size that Postgres does not know",
    ),
    "deeply nested": (signed(DATABASE, b'{"tables":' + b"[" * 100_000), "the twin file: "),
}


@pytest.mark.parametrize(("content", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(content)
    with pytest.raises(TwinFileError) as raised:
        read_twin_file(path)
    assert problem in raised.value.problem
    assert "\n" not in raised.value.problem
    assert raised.value.at.startswith(str(path))


def test_a_compressed_file_that_is_cut_off_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.gz"
    path.write_bytes(gzip.compress(encode(SMALL))[:-30])
    with pytest.raises(TwinFileError, match="cannot be unpacked"):
        read_twin_file(path)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TwinFileError, match="cannot be read: No such file"):
        read_twin_file(tmp_path / "t.jsonl")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(TwinFileError, match="cannot be written"):
        write_twin_file(replace(SMALL), tmp_path / "none" / "t.jsonl")
    (tmp_path / "t.jsonl").mkdir()
    with pytest.raises(TwinFileError, match="cannot be written"):
        write_twin_file(SMALL, tmp_path / "t.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]
