"""Logs that real servers and a real dbt wrote, and the executions that are read from them."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dbt_schema_evolve.ingest.dbt_log import is_dbt_log, read_dbt_log
from dbt_schema_evolve.ingest.log_entries import LogSettings, is_postgres_log
from dbt_schema_evolve.ingest.postgres_log import read_postgres_log
from dbt_schema_evolve.records.executions import ReadExecutions

GOLDEN = Path(__file__).parents[2] / "golden" / "ingest"
PREFIXES = {
    "durations_and_json_plans.stderr.log": "%m [%p] %q%u@%d/%a ",
    "text_plans.stderr.log": "%t %p %r %u %d %a %Q %x:%l ",
    "statements_then_durations.stderr.log": "%m [%p] ",
}
DBT_ENDED = datetime(2026, 11, 24, 6, 35, 57, 68_000, tzinfo=UTC)  # the file's own time
FILES = sorted(path for path in GOLDEN.glob("*.*") if path.suffix in {".log", ".csv", ".json"})


def read(path: Path) -> ReadExecutions:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    if path.name.startswith("dbt_"):
        assert is_dbt_log(lines[:300])
        return read_dbt_log(lines, DBT_ENDED, {})
    settings = LogSettings(PREFIXES.get(path.name, ""))
    assert is_postgres_log(lines[:300], settings)
    return read_postgres_log(lines[:300], lines, settings)


def told(found: ReadExecutions) -> Iterator[str]:
    for e in found.executions:
        tags = ", ".join(f"{key}={value}" for key, value in sorted(e.tags))
        sender = f"{e.role}@{e.database}/{e.application_name}"
        yield f"{e.at:%H:%M:%S.%f} {e.source.value} {e.duration_us} us, {e.rows} rows, {sender}"
        yield f"    {e.text}"
        if e.node_id or tags or e.queryid:
            yield f"    {e.node_id or ''} [{tags}] {e.queryid or ''}"
    for skip in found.skips:
        yield f"skipped {skip.subject}: {skip.reason}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_log_says_what_ran(path: Path) -> None:
    expected = path.with_name(f"{path.name}.expected")
    text = "\n".join([*told(read(path)), ""])
    if os.environ.get("SCHEMA_EVOLVE_GOLDEN") == "write":
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_one_execution_has_one_id_in_all_three_formats() -> None:
    names = ("stderr.log", "csvlog.csv", "jsonlog.json")
    found = [read(GOLDEN / f"durations_and_json_plans.{name}").executions for name in names]
    assert [[e.id for e in each] for each in found] == [[e.id for e in found[0]]] * 3
    assert len({e.id for e in found[0]}) == len(found[0]) > 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_constant_of_a_log_is_kept(path: Path) -> None:
    assert "secret" in path.read_text(encoding="utf-8")
    assert "secret" not in repr(read(path))
