"""Events on the command line: received, ingested, shown and written."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster
from dbt_schema_evolve.cli import main
from tests.postgres.test_captured import TABLES
from tests.unit.cli.test_lineage_commands import MANIFEST

ROOT = Path(__file__).parents[2]
SERVER = "postgres://db.internal:5432"
BODY = {
    "eventTime": "2026-03-01T00:00:00Z",
    "producer": "https://example.com/etl",
    "eventType": "COMPLETE",
    "run": {"runId": "r"},
    "job": {"namespace": "etl", "name": "load"},
    "inputs": [{"namespace": "s3://lake", "name": "orders"}],
    "outputs": [
        {
            "namespace": SERVER,
            "name": "shop.raw.orders",
            "facets": {
                "columnLineage": {
                    "fields": {
                        "amount": {
                            "inputFields": [
                                {"namespace": "s3://lake", "name": "orders", "field": "cents"}
                            ]
                        }
                    }
                }
            },
        }
    ],
}
WRONG = {
    **BODY,
    "job": {"namespace": "dbt", "name": "fct"},
    "inputs": [{"namespace": SERVER, "name": "shop.marts.stg"}],
    "outputs": [
        {
            "namespace": SERVER,
            "name": "shop.marts.fct",
            "facets": {
                "columnLineage": {
                    "fields": {
                        "revenue": {
                            "inputFields": [
                                {"namespace": SERVER, "name": "shop.marts.stg", "field": "id"}
                            ]
                        }
                    }
                }
            },
        }
    ],
}


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster) -> Iterator[Path]:
    cluster.create_database("shop")
    with psycopg.connect(host=cluster.host, user=SUPERUSER, dbname="shop") as connection:
        connection.execute("create schema raw; create schema schema_evolve")
        connection.execute(TABLES.format(s="schema_evolve"))
        connection.execute("create table raw.orders (id bigint, amount numeric, note text)")
    settings = f"{{schema_evolve: {{openlineage_namespaces: ['{SERVER}']}}}}"
    (tmp_path / "dbt_project.yml").write_text(f"name: shop\nprofile: shop\nvars: {settings}\n")
    output = {
        "type": "postgres", "host": cluster.host, "port": PORT, "user": SUPERUSER,
        "password": "unused", "dbname": "shop", "schema": "marts",
    }  # fmt: skip
    profiles = {"shop": {"target": "dev", "outputs": {"dev": output}}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profiles))
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(MANIFEST))
    yield tmp_path
    with cluster.connect() as connection:
        connection.execute("drop database shop with (force)")


def run(project: Path, *words: str) -> Result:
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    return CliRunner().invoke(main, [*words, *where])


@contextmanager
def receiving(project: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    code = "from dbt_schema_evolve.cli import main; main()"
    where = ["--project-dir", str(project), "--profiles-dir", str(project)]
    with subprocess.Popen(
        [sys.executable, "-c", code, "lineage", "receive", "--port", "0", *words, *where],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TOKEN": "sesame"},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+?(?=;)", line)
        assert found, line + process.stderr.read()
        try:
            yield process, found[0]
        finally:
            process.kill()


def post(url: str, body: object, **headers: str) -> None:
    content = json.dumps(body).encode()
    request = urllib.request.Request(
        url, content, {"Content-Type": "application/json", **headers}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.status == 201


def test_what_is_received_is_ingested_shown_and_written(project: Path) -> None:
    with receiving(project) as (process, url):
        post(url, BODY)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert out == f"1 events stored in {project / '.schema_evolve' / 'openlineage'}\n"

    (project / "more.jsonl").write_text(json.dumps(WRONG) + "\n{broken\n")
    first = run(project, "ingest", "--openlineage", str(project / "more.jsonl"))
    assert "2 new OpenLineage events" in first.stdout, first.output
    assert f"{project / 'more.jsonl'}, event 2" in first.stderr
    again = json.loads(run(project, "ingest", "--format", "json").stdout)
    assert again["events"] == 0

    asked = run(project, "lineage", "show", "orders", "--format", "json")
    assert asked.exit_code == 0, asked.output
    upstream = json.loads(asked.stdout)
    assert "dataset.s3://lake.orders" in json.dumps(upstream)
    shown = run(project, "lineage", "show", "fct").stdout
    assert "conflict" in shown
    assert "dbt fct by https://example.com/etl, 2026-03-01" in " ".join(shown.split())

    written = run(project, "lineage", "export", "-o", str(project / "out.jsonl"))
    assert (written.exit_code, written.stdout) == (0, "")
    events = [json.loads(line) for line in (project / "out.jsonl").read_text().splitlines()]
    assert {event["job"]["name"] for event in events} == {
        "model.shop.stg", "model.shop.fct", "model.shop.alone", "source.shop.raw.orders",
    }  # fmt: skip
    assert run(project, "lineage", "export").stdout.count("\n") == 4
    ours = run(project, "ingest", "--openlineage", str(project / "out.jsonl"))
    assert "0 new OpenLineage events" in ours.stdout
    assert "we wrote it ourselves" in ours.stderr


def test_ctrl_c_ends_it_cleanly_and_a_token_is_asked_for(project: Path) -> None:
    with receiving(project, "--host", "0.0.0.0", "--token-env", "TOKEN") as (process, url):
        post(url, BODY, Authorization="Bearer sesame")
        with pytest.raises(urllib.request.HTTPError, match="401"):
            post(url, BODY)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out.startswith("1 events"), err) == (0, True, "")


@pytest.fixture
def unconnected(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (tmp_path / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: postgres, host: /nowhere, user: u,"
        " dbname: d, schema: s}}}\n"
    )
    return tmp_path


def test_an_address_that_others_reach_is_refused_without_a_token(unconnected: Path) -> None:
    result = run(unconnected, "lineage", "receive", "--host", "0.0.0.0")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[0] == " error: whoever reaches 0.0.0.0 could send events"
    assert not (unconnected / ".schema_evolve").exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--token-env", "NO_SUCH_VARIABLE"), "NO_SUCH_VARIABLE is not set"),
        (("--max-bytes", "1GB"), "64MB at most"),
        (("--max-bytes", "much"), "is not a size"),
        (("--port", "70000"), "65535"),
    ],
)
def test_settings_that_make_no_sense_are_usage_errors(
    unconnected: Path, words: tuple[str, ...], problem: str
) -> None:
    result = run(unconnected, "lineage", "receive", *words)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_a_file_of_events_that_is_not_there_is_a_usage_error(unconnected: Path) -> None:
    assert run(unconnected, "ingest", "--openlineage", "/nowhere").exit_code == 2


def test_namespaces_that_are_no_list_are_refused(project: Path) -> None:
    run(project, "ingest")
    (project / "dbt_project.yml").write_text(
        "name: shop\nprofile: shop\nvars: {schema_evolve: {openlineage_namespaces: here}}\n"
    )
    result = run(project, "lineage", "show", "fct")
    assert result.stderr.splitlines()[0] == (
        " error: vars.schema_evolve.openlineage_namespaces is no list of names"
    )
