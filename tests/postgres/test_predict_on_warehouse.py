"""`predict` beside a real warehouse: the planner twin is asked about sizes to come, once a day."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from dbt_schema_evolve.backends.cluster import PORT, SUPERUSER, Cluster
from dbt_schema_evolve.backends.history import DuckHistory
from dbt_schema_evolve.cli import main
from dbt_schema_evolve.records.outlooks import Outlook
from tests.fakes.growing_shop import WAREHOUSE, Shop, project

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


def predict(folder: Path) -> Result:
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    result = CliRunner().invoke(main, ["predict", *where])
    assert result.exit_code == 0, result.output
    return result


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
