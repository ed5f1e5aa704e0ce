"""`predict` beside a real warehouse: the planner twin is asked about sizes to come, once a day."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.cli import main
from dbt_schema_evolve.records.outlooks import Outlook
from tests.fakes.growing_shop import SUM, WAREHOUSE, Shop, project

TABLES = """
create schema raw;
create schema marts;
create table raw.events as
    select n as id, n % 7 as kind, n % 1000 as amount, md5(n::text) as note
    from generate_series(1, 20000) as n;
create table marts.stg as select * from raw.events;
create table marts.fct as select kind, id, amount as revenue from raw.events;
create table marts.mart as select kind, sum(revenue) as revenue from marts.fct group by kind;
"""


@pytest.fixture
def folder(tmp_path: Path, cluster: Cluster, database: str, connection: psycopg.Connection) -> Path:
    connection.execute(TABLES.encode())
    connection.execute("vacuum analyze")
    shop = Shop(start=datetime.now(UTC) - timedelta(days=19, minutes=1))
    target = f"host: {cluster.host}, port: {PORT}, user: {SUPERUSER}, dbname: {database}"
    return project(tmp_path, shop.captures(), warehouse=target)


def predict(folder: Path, *options: str) -> Result:
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    result = CliRunner().invoke(main, ["predict", *where, *options])
    assert result.exit_code == 0, result.output
    return result


DATED = """
alter table raw.events add column came_on date;
update raw.events set came_on = current_date - (20000 - id) / 250;
vacuum full analyze raw.events;
"""


def test_on_the_first_day_the_dates_of_rows_tell_how_sources_grew(
    tmp_path: Path, cluster: Cluster, database: str, connection: psycopg.Connection
) -> None:
    """As many rows each day for 80 days: 1.3 % a day, of which the history has not seen one."""
    connection.execute(TABLES.encode())
    for statement in DATED.strip().split(";\n"):
        connection.execute(statement.encode())
    shop = Shop(start=datetime.now(UTC) - timedelta(days=1, minutes=1), days=2)
    target = f"host: {cluster.host}, port: {PORT}, user: {SUPERUSER}, dbname: {database}"
    folder = project(tmp_path, shop.captures(), warehouse=target)
    result = predict(folder, "--format", "json")
    told = "how sources grew before is told by the dates of their rows"
    assert told in result.stderr
    found = {each["name"]: each["forecast"] for each in json.loads(result.stdout)["prospects"]}
    assert "seen in one window only" in found[SUM]["reason"]
    assert found["fct"]["predicted_low_us"] < found["fct"]["predicted_us"]
    (tmp_path / "later").mkdir()
    shop = Shop(start=datetime.now(UTC) - timedelta(days=19, minutes=1))
    assert (
        told not in predict(project(tmp_path / "later", shop.captures(), warehouse=target)).stderr
    )


def outlooks(folder: Path) -> tuple[Outlook, ...]:
    with DuckHistory(folder / ".schema_evolve" / "history.duckdb", WAREHOUSE) as history:
        return history.outlooks()


def test_plans_at_sizes_to_come_are_asked_for_once_a_day_and_kept(folder: Path) -> None:
    assert outlooks(folder) == ()
    result = predict(folder)
    assert "columns are those of the last capture" not in result.stderr
    assert "Breaks within 30 days:" in result.stdout
    found = outlooks(folder)
    assert {each.horizon_days for each in found} == {0.0, 7.0, 14.0, 30.0}
    assert {"model.shop.stg", "model.shop.fct"} <= {each.subject for each in found}
    predict(folder)
    assert outlooks(folder) == found
