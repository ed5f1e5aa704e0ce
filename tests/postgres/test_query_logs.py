"""Logs of a running server, read as its own pg_stat_statements sees the same queries."""

import gzip
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.backends.cluster import PORT, Cluster
from dbt_schema_evolve.backends.dbt_project import Target
from dbt_schema_evolve.backends.log_files import LogFile
from dbt_schema_evolve.backends.postgres.warehouse import PostgresWarehouse
from dbt_schema_evolve.cli import main
from dbt_schema_evolve.ingest.fingerprint import fingerprint
from dbt_schema_evolve.records.executions import ExecutionSource
from dbt_schema_evolve.workflows.ingest_logs import LogFiles, check_logs, ingest_logs
from tests.fakes.history import DictHistory
from tests.unit.cli.test_bad_input import MANIFEST

SETTINGS = {
    "shared_preload_libraries": "pg_stat_statements,auto_explain",
    "logging_collector": "on",
    "log_destination": "stderr,csvlog,jsonlog",
    "log_filename": "postgres.log",
    "log_min_duration_statement": "0",
    "log_line_prefix": "%m [%p] %q%a|%u|%d ",
    "log_timezone": "Europe/Berlin",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_format": "json",
}
TABLES = """
create role "Bérénice" login;
create schema shop; grant usage on schema shop to public;
create table shop.orders (id int, note text, price numeric(10, 2), at timestamptz, tags jsonb,
                          parts text[]);
create view shop.o as select * from shop.orders;
insert into shop.o values (1, 'x', 2.5, now(), '{"a": 1}', '{a}');
grant select, insert, update, delete on all tables in schema shop to public;
"""
# Whatever constants may look like: Postgres and we must agree on what a constant is.
QUERIES = [
    "select id from shop.o where note = 'it''s' and price > -2.5e0 and id <> 0x1F",
    "select $x$a 'b' $1$x$, E'\\'c', U&'\\0041', B'10', x'1F' from shop.o",
    "select id from shop.o where id in (1, 2, 3) and note in ('a'::text, 'b'::text)",
    "select id from shop.o where id = any(array[1, 2]) or parts = '{a,b}'::text[]",
    "select id from shop.o where true and note is not null order by 1 desc limit 5 offset 2",
    "select count(*), note from shop.o group by 2 having count(*) > 1",
    "select 7.5::numeric(8, 1), cast('7' as varchar(3)), date '2020-01-01', interval '1 day'",
    "select extract(year from at), at at time zone 'UTC', at - interval '3' day from shop.o",
    "select tags->>'a', tags @> '{\"a\": 1}', tags ? 'b', tags #> '{a}' from shop.o",
    "select id - 1, id -1, -id, - 1, 2 * -3, - -4 from shop.o where note like 'a%' escape '!'",
    "select case when id = 1 then 'one' else null end, coalesce(note, '') from shop.o",
    "insert into shop.o (id, note) values (9, 'nine'), (10, 'ten')",
    "update shop.o set note = 'new', price = null where id between 1 and 9",
    "delete from shop.o where id = 10 returning id, 'gone'",
    "with o as (select * from shop.o where id > 0) select id from o union all select 5 order by 1",
    "select sum(id) over (partition by note order by id rows 1 preceding) from shop.o",
    "select g, 'x' from generate_series(1, 3) g where g not in (select id from shop.o)",
    "select substring(note from 1 for 2), position('a' in note), trim(' ' from note) from shop.o",
]


@pytest.fixture(scope="module")
def logged() -> Iterator[Cluster]:
    with (
        tempfile.TemporaryDirectory(prefix="se-logs-") as folder,
        Cluster(Path(folder) / "one", SETTINGS) as cluster,
    ):
        for name in ("shop", "other"):
            cluster.create_database(name)
        with cluster.connect("shop") as connection:
            connection.execute("create extension pg_stat_statements")
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute("select pg_stat_statements_reset()")
        with cluster.connect("shop", "Bérénice") as connection:
            connection.execute("set application_name = 'orders-api'")
            for number, query in enumerate(QUERIES):
                route = (
                    f"/*application='shop',route='/q/{number}',traceparent='00-{number:032x}-01'*/"
                )
                connection.execute(f"{query} {route}")
            for number in range(3):
                connection.execute("select id from shop.o where id = %s", (number,))
        with cluster.connect("other") as connection:
            connection.execute("select 'the end' from pg_class")
        yield cluster


def log(cluster: Cluster, suffix: str) -> Path:
    """One of the logs, once the collector has written all of it."""
    path = cluster.data / "log" / f"postgres.{suffix}"
    deadline = time.monotonic() + 30
    while "the end" not in path.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline, "the log was not written"
    return path


def warehouse(cluster: Cluster) -> PostgresWarehouse:
    target = Target("shop", "dev", "postgres", "shop", cluster.conninfo("shop"), {})
    return PostgresWarehouse(target, "schema_evolve")


def ingested(cluster: Cluster, *paths: Path) -> DictHistory:
    history = DictHistory()
    with warehouse(cluster) as opened:
        settings = opened.log_settings()
    files = LogFiles(postgres=[LogFile(path) for path in paths])
    check_logs(files, settings)
    found = ingest_logs(files, settings, history)
    assert (found.elsewhere, found.skips) == (len(paths), ())
    return history


@pytest.mark.parametrize("suffix", ["log", "csv", "json"])
def test_a_log_and_pg_stat_statements_give_a_query_one_name_and_one_count(
    logged: Cluster, suffix: str
) -> None:
    counted: Counter[str] = Counter()
    for count in ingested(logged, log(logged, suffix)).execution_counts():
        if count.role == "Bérénice":
            counted[fingerprint(count.text)] += count.calls
    with logged.connect("shop") as connection:
        known = connection.execute(
            "select query, calls from pg_stat_statements where userid = '\"Bérénice\"'::regrole"
            " and query not like 'set %'"
        ).fetchall()
    expected: Counter[str] = Counter()
    for query, calls in known:
        expected[fingerprint(query)] += calls
    assert counted == expected
    assert len(counted) == len(QUERIES) + 1


def test_the_three_formats_tell_of_the_same_executions(logged: Cluster) -> None:
    paths = [log(logged, suffix) for suffix in ("log", "csv", "json")]
    together = ingested(logged, *paths).execution_counts()
    assert together == ingested(logged, paths[0]).execution_counts()


def test_who_sent_it_and_how_long_it_took_are_known(logged: Cluster) -> None:
    counts = ingested(logged, log(logged, "log")).execution_counts()
    ours = [count for count in counts if count.role == "Bérénice"]
    assert {count.application_name for count in ours} == {"orders-api"}
    assert {count.source for count in ours} == {ExecutionSource.LOG}, "each plan found its run"
    assert all(count.total_us for count in ours)
    routes = {value for count in ours for key, value in count.tags if key == "route"}
    assert routes == {f"/q/{number}" for number in range(len(QUERIES))}
    assert "traceparent" not in repr(ours)


@pytest.fixture
def project(logged: Cluster, tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    (tmp_path / "profiles.yml").write_text(
        f"shop: {{target: dev, outputs: {{dev: {{type: postgres, host: '{logged.host}',"
        f" port: {PORT}, user: postgres, password: x, dbname: shop, schema: shop}}}}}}\n"
    )
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(MANIFEST))
    return tmp_path


def ingest(project: Path, *arguments: str) -> Result:
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return CliRunner().invoke(main, ["ingest", *where, *arguments])


def test_ingest_says_what_was_new_and_twice_changes_nothing(logged: Cluster, project: Path) -> None:
    packed = project / "old.log.gz"
    packed.write_bytes(gzip.compress(log(logged, "log").read_bytes()))
    copy = project / "copy.csv"
    copy.write_bytes(log(logged, "csv").read_bytes())
    first = ingest(project, "--log", str(packed), "--log", str(copy))
    assert first.exit_code == 0, first.output
    said = re.fullmatch(
        r"(\d+) new executions, (\d+) known before, 2 of other databases left out",
        first.stdout.splitlines()[1],
    )
    assert said
    assert said[1] == said[2]
    assert int(said[1]) >= len(QUERIES) + 3
    again = ingest(project, "--log", str(project / "*.csv"))
    assert again.stdout.splitlines()[1] == (
        f"0 new executions, {said[1]} known before, 1 of other databases left out"
    )
    assert "capture has never run here" in first.stderr, "logs alone are enough, and it is said"


BAD = {
    "missing": ("--log", "nowhere.log", "there is no such file"),
    "not a log": ("--log", "profiles.yml", "this is no log that we know"),
    "not of dbt": ("--dbt-log", "profiles.yml", "this is no dbt log that we know"),
    "no spans": ("--otlp", "target/manifest.json", "this is no trace that we know"),
    "not gzip": ("--log", "broken.gz", "the file is not whole gzip"),
    "cut gzip": ("--log", "cut.gz", "the file is not whole gzip"),
    "an empty folder": ("--log", "empty", "there are no files in the folder"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_a_bad_file_is_one_error_and_leaves_nothing_behind(
    project: Path, case: tuple[str, str, str]
) -> None:
    option, name, problem = case
    (project / "empty").mkdir()
    (project / "broken.gz").write_bytes(b"plain text")
    (project / "cut.gz").write_bytes(gzip.compress(b"2026-03-01 12:00:00 UTC [1] LOG:  x\n")[:-12])
    result = ingest(project, option, str(project / name))
    assert result.exit_code == 1, result.output
    lines = result.stderr.splitlines()
    assert lines[:2] == [f" error: {problem}", f"    at: {project / name}"]
    assert lines[2].startswith("   try: ")
    assert not (project / ".schema_evolve").exists()


def test_an_empty_log_is_no_error(project: Path) -> None:
    (project / "rotated.log").write_text("")
    result = ingest(project, "--log", str(project / "rotated.log"))
    assert result.stdout.splitlines()[1] == "0 new executions"
