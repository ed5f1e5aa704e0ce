"""Files of events: plain and compressed, short and long, whole and broken."""

import gzip
import json
from pathlib import Path

import pytest

from dbt_schema_evolve.backends import event_files as module
from dbt_schema_evolve.backends.event_files import event_files
from dbt_schema_evolve.records.workload import Skip
from dbt_schema_evolve.workflows.ingest_events import ingest_events
from tests.fakes.history import DictHistory

EVENT = {
    "eventTime": "2026-03-01T00:00:00Z",
    "producer": "https://example.com",
    "eventType": "COMPLETE",
    "run": {"runId": "r"},
    "job": {"namespace": "n", "name": "j"},
}
LINE = json.dumps(EVENT).encode() + b"\n"


def reasons(*paths: Path) -> list[str]:
    return [each.reason for each in event_files(paths) if isinstance(each, Skip)]


def test_a_folder_gives_its_files_of_events_by_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.jsonl", "deep/a.json", "c.jsonl.gz", "readme.txt", ".lock"):
        content = gzip.compress(LINE) if name.endswith(".gz") else LINE
        (tmp_path / name).write_bytes(content)
    found = [(Path(at).name, content) for content, at in event_files([tmp_path])]  # type: ignore[misc]
    assert found == [("b.jsonl", LINE), ("c.jsonl.gz", LINE), ("a.json", LINE)]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("cut.gz", gzip.compress(LINE * 100)[:-9], "cannot be decompressed"),
        ("other.gz", LINE, "cannot be read: Not a gzipped file"),
    ],
)
def test_a_broken_archive_is_named(
    tmp_path: Path, name: str, content: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(content)
    (reason,) = reasons(tmp_path / name)
    assert reason.startswith(expected)


def test_a_long_file_is_read_line_by_line_and_a_long_line_costs_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000)
    path = tmp_path / "events.jsonl.gz"
    path.write_bytes(gzip.compress(LINE * 5 + b'"' + b"x" * 5_000 + b'"\n' + LINE))
    found = list(event_files([path]))
    assert [isinstance(each, Skip) for each in found] == [False] * 5 + [True, False]
    assert found[5] == Skip(f"{path}, line 6", "more than 1000 bytes")


def test_a_long_array_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000)
    (tmp_path / "events.json").write_bytes(b"[" + LINE * 20 + b"]")
    assert reasons(tmp_path / "events.json") == ["an array of more than 1000 bytes"]


def test_ingest_keeps_events_once_and_says_what_it_left_out() -> None:
    ours = {**EVENT, "producer": "https://pypi.org/project/dbt-schema-evolve/0.1.0"}
    content = LINE + b"{broken\n" + json.dumps(ours).encode()
    history = DictHistory()
    found = [(content, "a"), Skip("b", "cannot be read")]
    first = ingest_events(found, history, 10_000)
    assert first.events == 1
    assert [skip.subject for skip in first.skips] == ["a, event 2", "n j", "b"]
    assert ingest_events(found, history, 10_000).events == 0
