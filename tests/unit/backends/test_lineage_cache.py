"""A cache that is damaged, old or in the way costs time and nothing else."""

from pathlib import Path

import pytest

from dbt_schema_evolve.backends import lineage_cache
from dbt_schema_evolve.backends.lineage_cache import read_cache, write_cache
from dbt_schema_evolve.lineage.memory import Remembered
from dbt_schema_evolve.records.lineage import (
    ColumnEdge,
    EdgeKind,
    IndirectEdge,
    IndirectKind,
    NodeLineage,
)

LINEAGE = NodeLineage(
    "model.a", ("k", "n"), ("model.s",),
    (ColumnEdge("model.s", "id", "model.a", "k", EdgeKind.RENAME),
     ColumnEdge("model.s", "ö'\n", "model.a", "n", EdgeKind.WINDOW, "MAX(x) OVER (w)")),
    (IndirectEdge("model.s", "id", "model.a", IndirectKind.FILTER),),
)  # fmt: skip
KEPT = (
    Remembered("model.a", b"\0" * 16, (), LINEAGE),
    Remembered("model.b", b"\1" * 16, (), None, "nested too deeply"),
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    write_cache(tmp_path / "cache", KEPT)
    assert read_cache(tmp_path / "cache") == KEPT
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_file_cut_short_anywhere_is_an_empty_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    write_cache(path, KEPT)
    content = path.read_bytes()
    for end in range(len(content)):
        path.write_bytes(content[:end])
        assert read_cache(path) == ()


def test_a_file_with_a_changed_byte_is_an_empty_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    write_cache(path, KEPT)
    content = path.read_bytes()
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x5A]) + content[at + 1 :])
        assert read_cache(path) == ()


def test_a_cache_of_other_rules_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cache(tmp_path / "cache", KEPT)
    monkeypatch.setattr(lineage_cache, "_rules", lambda: b"newer")
    assert read_cache(tmp_path / "cache") == ()


def test_where_nothing_can_be_written_it_is_done_without(tmp_path: Path) -> None:
    write_cache(tmp_path / "absent" / "cache", KEPT)
    assert read_cache(tmp_path / "absent" / "cache") == ()
