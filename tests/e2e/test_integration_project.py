"""The wholesaler's project, built by dbt on a real server and used by its users."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import PORT, Cluster
from dbt_schema_evolve.backends.dbt_runner import DbtRunner
from dbt_schema_evolve.backends.demo.defaults import FIRST_DAY, MARTS, READ_SCHEMAS
from dbt_schema_evolve.backends.demo.files import copy_project
from dbt_schema_evolve.backends.demo.tpch import TpchSource
from dbt_schema_evolve.backends.demo.workload import CONSUMERS, Workload
from dbt_schema_evolve.errors import WarehouseError
from dbt_schema_evolve.ingest.artifacts import read_manifest
from dbt_schema_evolve.records.project import Project

DATABASE = "integration"
SCALE = 0.01
OPENING = FIRST_DAY + timedelta(days=40)


@dataclass
class Warehouse:
    cluster: Cluster
    source: TpchSource
    project: Path
    dbt: DbtRunner
    parsed: set[tuple[str, str]] = field(default_factory=set)

    def build(self, target: str, schema: str) -> None:
        """Parse once a target and schema, then build: models, seeds, snapshots and tests."""
        flags = ("--project-dir", str(self.project), "--profiles-dir", str(self.project))
        env = {"SCHEMA_EVOLVE_PG_SCHEMA": schema}
        key = f"{target} {schema}"
        if (target, schema) not in self.parsed:
            self.dbt.run("parse", "--target", target, *flags, env=env, manifest_key=key)
            self.parsed.add((target, schema))
        self.dbt.run("build", "--target", target, *flags, env=env, manifest_key=key)

    def load(self, last: date) -> None:
        with self.cluster.connect(DATABASE) as connection:
            self.source.load_through(connection, FIRST_DAY, last)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self.cluster.connect(DATABASE) as connection:
            return connection.execute(query.encode(), parameters or None).fetchall()

    def oid(self, schema: str, name: str) -> int:
        found = self.rows(
            "select c.oid from pg_class c where relnamespace = to_regnamespace(quote_ident(%s))"
            " and relname = %s",
            schema,
            name,
        )
        return int(found[0][0])

    def conninfo(self, role: str, application_name: str) -> str:
        return self.cluster.conninfo(DATABASE, role, application_name=application_name)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Warehouse]:
    """The opening days loaded, the roles made, and the project built once."""
    folder = tmp_path_factory.mktemp("wholesale")
    cluster.create_database(DATABASE)
    env = {
        "SCHEMA_EVOLVE_PG_HOST": cluster.host,
        "SCHEMA_EVOLVE_PG_PORT": str(PORT),
        "SCHEMA_EVOLVE_PG_DATABASE": DATABASE,
    }
    project = copy_project(folder)
    with DbtRunner(project, folder / "dbt.log", env) as dbt:
        warehouse = Warehouse(cluster, TpchSource(folder / "source", SCALE), project, dbt)
        warehouse.source.generate()
        with cluster.connect(DATABASE) as connection:
            connection.execute("create extension pg_stat_statements")
            warehouse.source.create(connection)
            warehouse.source.load_reference(connection)
            Workload(1).create_roles(connection)
        warehouse.load(OPENING)
        dbt.run("deps", "--project-dir", str(project), "--profiles-dir", str(project))
        warehouse.build("dev", "analytics")
        yield warehouse
    with cluster.connect() as connection:
        connection.execute(f'drop database "{DATABASE}" with (force)')


def test_every_model_seed_snapshot_and_test_succeeds_with_the_stock_adapter(
    built: Warehouse,
) -> None:
    project = manifest(built)
    assert len(project.models) >= 28
    assert {node.materialized for node in project.models} == {
        "ephemeral",
        "incremental",
        "materialized_view",
        "table",
        "view",
    }
    assert {node.resource_type for node in project.nodes} >= {"model", "seed", "snapshot", "test"}
    assert {exposure.type for exposure in project.exposures} == {
        "application",
        "dashboard",
        "notebook",
    }
    assert all(exposure.owner for exposure in project.exposures)


def test_names_that_need_quotes_are_built_and_read_downstream(built: Warehouse) -> None:
    assert built.rows(f'select "Region", "davon pünktlich" from {MARTS}."Lieferquote je Region"')
    assert built.rows(f'select "Quote" from {MARTS}.delivery_quota_ranking')


def test_facts_hold_every_line_and_every_order_of_the_source(built: Warehouse) -> None:
    source = built.rows(
        "select (select count(*) from tpch_raw.orders), (select count(*) from tpch_raw.lineitem)"
    )
    facts = built.rows(
        f"select (select count(*) from {MARTS}.fct_orders),"
        f" (select count(*) from {MARTS}.fct_order_lines)"
    )
    assert facts == source


def test_an_index_that_another_one_begins_with_is_there(built: Warehouse) -> None:
    defined = {
        str(text).split(" USING ")[1]
        for (text,) in built.rows(
            "select indexdef from pg_indexes where schemaname = %s and tablename = 'fct_orders'",
            MARTS,
        )
    }
    assert defined == {"btree (order_date)", "btree (order_date, order_priority)"}


def test_the_next_day_is_built_incrementally(built: Warehouse) -> None:
    kept = ("fct_order_lines", "fct_orders", "fct_shipments", "sales_daily_rollup")
    before = {name: built.oid(MARTS, name) for name in kept}
    rebuilt, refreshed = built.oid(MARTS, "dim_customers"), built.oid(MARTS, "carrier_performance")

    built.load(OPENING + timedelta(days=1))
    built.build("dev", "analytics")

    assert {name: built.oid(MARTS, name) for name in kept} == before
    assert built.oid(MARTS, "carrier_performance") == refreshed
    assert built.oid(MARTS, "dim_customers") != rebuilt
    counts = built.rows(
        f"select (select count(*) from {MARTS}.fct_order_lines),"
        f" (select count(*) from {MARTS}.fct_shipments), (select count(*) from tpch_raw.lineitem),"
        f" (select sum(shipments) from {MARTS}.carrier_performance)"
    )[0]
    assert len(set(counts)) == 1


def test_incremental_days_give_what_one_build_with_the_adapter_pgevolve_gives(
    built: Warehouse,
) -> None:
    built.build("pgevolve", "at once")
    for name in ("fct_orders", "fct_order_lines", "fct_shipments", "sales_daily_rollup"):
        differing = built.rows(
            f'select count(*) from ((table {MARTS}.{name} except table "at once_marts".{name})'
            f' union all (table "at once_marts".{name} except table {MARTS}.{name})) as d'
        )
        assert differing == [(0,)], name


def test_the_adapter_pgevolve_builds_the_next_day_incrementally_too(built: Warehouse) -> None:
    kept = built.oid("at once_marts", "fct_order_lines")
    built.load(OPENING + timedelta(days=2))
    built.build("pgevolve", "at once")
    assert built.oid("at once_marts", "fct_order_lines") == kept
    assert built.rows(
        "select max(synced_on), count(*) = (select count(*) from tpch_raw.lineitem)"
        ' from "at once_marts".fct_order_lines'
    ) == [(OPENING + timedelta(days=2), True)]


def test_users_read_what_dbt_rebuilt_under_them(built: Warehouse) -> None:
    used = Workload(1).run_day(built.conninfo, 1, OPENING)
    built.build("dev", "analytics")
    again = Workload(1).run_day(built.conninfo, 1, OPENING)
    assert (again.calls, again.errors) == (used.calls, used.errors)
    assert used.errors == 0


def test_each_weekday_every_consumer_who_comes_is_seen_by_the_server(built: Warehouse) -> None:
    for number in range(1, 8):
        Workload(2).run_day(built.conninfo, number, OPENING - timedelta(days=7 - number))
    seen = built.rows(
        "select distinct rolname from pg_stat_statements join pg_roles r on r.oid = userid"
        " join pg_database d on d.oid = dbid where datname = %s and calls > 0",
        DATABASE,
    )
    assert {role for (role,) in seen} >= {consumer.role for consumer in CONSUMERS}


def test_roles_log_in_and_cannot_write(built: Warehouse) -> None:
    for consumer in CONSUMERS:
        conninfo = built.conninfo(consumer.role, consumer.application_name)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            assert connection.info.parameter_status("application_name") == consumer.application_name
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"delete from {MARTS}.fct_orders".encode())


def test_roles_can_be_made_again(built: Warehouse) -> None:
    with built.cluster.connect(DATABASE) as connection:
        Workload(1).create_roles(connection, READ_SCHEMAS)


def test_a_query_that_fails_is_loud(
    cluster: Cluster, database: str, connection: psycopg.Connection[Any]
) -> None:
    def conninfo(role: str, application_name: str) -> str:
        return cluster.conninfo(database, role, application_name=application_name)

    Workload(1).create_roles(connection)
    with pytest.raises(WarehouseError, match="fct_orders") as caught:
        Workload(1).run_day(conninfo, 1, OPENING)
    assert "dbt build" in caught.value.remedy

    connection.execute(
        f"create table {MARTS}.fct_orders as select 1 as order_id, 2 as customer_id,"
        f" date '{OPENING}' as order_date".encode()
    )
    with pytest.raises(WarehouseError, match="a query of metabase failed") as caught:
        Workload(1).run_day(conninfo, 1, OPENING)
    assert "sales_daily_by_nation" in caught.value.at


def manifest(warehouse: Warehouse) -> Project:
    path = warehouse.project / "target" / "manifest.json"
    return read_manifest(path.read_bytes(), str(path))
