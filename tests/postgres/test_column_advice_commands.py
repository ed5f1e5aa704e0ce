"""`recommend` and `report` on a quarter of captures: types, a full key, a skewed column."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster
from dbt_schema_evolve.cli import main
from dbt_schema_evolve.records.captures import CapturedFacts
from dbt_schema_evolve.records.profiles import ColumnProfile, ColumnRange
from tests.fakes.growing_shop import EVENTS, FCT, STG, Shop, project

DAYS = 100
TABLES = """
create schema raw;
create schema marts;
create table raw.events as
    select n as id, n % 7 as kind, n % 1000 as amount, left(md5(n::text), 8) as note
    from generate_series(1, 2000) as n;
create table marts.stg as
    select id::bigint as id, kind::bigint as kind, amount, note from raw.events;
create table marts.fct as select kind, id, amount as revenue from marts.stg;
create table marts.mart as select kind, sum(revenue) as revenue from marts.fct group by kind;
"""


def columns(at: datetime, day: int) -> Iterator[ColumnProfile]:
    """Profiles of a day: a key that fills up, a small number, a value that takes over."""
    key = 1_800_000_000 + 3_000_000 * day
    reach = ColumnRange(key.bit_length(), key, is_exact=True)
    small = ColumnRange(3)
    yield ColumnProfile(EVENTS, "id", "integer", at, 0.0, -1.0, 4, position=1, range=reach)
    yield ColumnProfile(STG, "id", "bigint", at, 0.0, -1.0, 8, position=1, range=reach)
    yield ColumnProfile(STG, "kind", "bigint", at, 0.0, 7.0, 8, position=2, range=small)
    yield ColumnProfile(STG, "amount", "integer", at, 0.0, 1000.0, 4, position=3)
    yield ColumnProfile(STG, "note", "text", at, 0.0, -1.0, 9, position=4)
    share = 0.3 + 0.001 * day
    yield ColumnProfile(FCT, "kind", "bigint", at, 0.0, 7.0, 8, None, share, 1, range=small)
    yield ColumnProfile(FCT, "id", "bigint", at, 0.0, -1.0, 8, position=2, range=reach)
    yield ColumnProfile(FCT, "revenue", "integer", at, 0.0, 1000.0, 4, position=3)


def captures() -> Iterator[CapturedFacts]:
    start = datetime.now(UTC) - timedelta(days=DAYS - 1, minutes=1)
    shop = Shop(growth=lambda day: 5 + 0.02 * day, days=DAYS, start=start)
    for day, facts in enumerate(shop.captures()):
        yield replace(facts, columns=tuple(columns(facts.capture.captured_at, day)))


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster, database: str, connection: psycopg.Connection) -> Path:
    connection.execute(TABLES.encode())
    connection.execute("vacuum analyze")
    target = f"host: {cluster.host}, port: {PORT}, user: {SUPERUSER}, dbname: {database}"
    return project(tmp_path, captures(), warehouse=target)


def run(folder: Path, *arguments: str) -> str:
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    result = CliRunner().invoke(main, [*arguments, *where])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_both_verbs_tell_of_types_of_a_key_and_of_a_value_that_takes_over(folder: Path) -> None:
    text = " ".join(run(folder, "recommend").split())
    assert "column_type: marts.stg (kind integer)" in text
    assert "for 99 days no value of `kind` has exceeded 2,147,483,647 in 100 samples" in text
    assert "in models/stg.sql cast kind to integer" in text
    assert "column_type: raw.events (id bigint)" in text
    assert "integer `id` will be full in 16 days" in text
    assert "dbt does not build raw.events" in text
    assert "To be known: 40 % of the rows share one value of `marts.fct.kind`" in text

    found = json.loads(run(folder, "recommend", "--only", "column_type", "--format", "json"))
    assert {each["kind"] for each in found["recommendations"]} == {"column_type"}
    assert found["notices"] == []

    page = folder / "page.html"
    run(folder, "report", "--output", str(page))
    html = page.read_text(encoding="utf-8")
    assert "overflows in 16 days" in html
    assert "40 % of the rows share one value of <code>marts.fct.kind</code>" in html
    assert "What breaks within 30 days" in html
    assert "dashboard Sales (finance)" in html
