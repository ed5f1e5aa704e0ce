"""What stands behind tables and views stands on the twin too, or is named with the reason."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres import catalog as catalog_reader
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.catalog_sql import Row, rows_of
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import plan_agreement
from dbt_schema_evolve.recommend.cost import Estimate, Unpriced
from dbt_schema_evolve.records.catalog import Catalog
from tests.postgres import odd_warehouse

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")

DDL = """
set check_function_bodies = off;
create schema code;
create schema shop;
create function code.twice(i int) returns int immutable language sql as 'select i * 2';
create function code.quarter(day date) returns date immutable cost 7 language plpgsql
    as $$ begin return date_trunc('quarter', day); end $$;
create function code.recent(days int default 30, out id int, out day date) returns setof record
    stable rows 40 language sql as 'select id, day from shop.orders limit 40';
create function code.scored(i int) returns float8 immutable strict leakproof parallel safe
    cost 500 language internal as 'i4tod';
create function code.many(i int) returns setof int stable cost 20 rows 77 language internal
    as 'generate_series_int4';
create type code.span as range (subtype = date);
create domain code.name as text collate "C" check (value <> '');
create domain code.short_name as code.name;

create table shop.orders (
    id int primary key,
    day date not null,
    amount numeric(9, 2),
    owner code.short_name,
    valid code.span,
    doubled int generated always as (id * 2) stored,
    gross numeric generated always as (amount * 1.2) virtual
);
insert into shop.orders (id, day, amount, owner, valid)
select i, date '2024-01-01' + i / 30, i % 977, 'o' || i % 500, daterange(null, '2024-05-05')::text::code.span
from generate_series(1, 20000) as i;
create index on shop.orders (code.quarter(day));
create index on shop.orders (code.twice(id)) where code.scored(id) > 5;
create function code.row_size(o shop.orders) returns int immutable language sql
    begin atomic select o.id + 1; end;
create view shop.sized as
    select id, code.row_size(o) as size, code.scored(id) as score from shop.orders as o;
create recursive view shop.chain (id, depth) as
    select id, 1 from shop.orders where id = 1
    union all
    select o.id, depth + 1 from shop.orders as o join chain as c on o.id = c.id * 3;
create view shop.generated as select doubled, gross from shop.orders where gross > 10;
create function shop.audit() returns trigger language plpgsql as 'begin return new; end';
analyze shop.orders;
"""  # noqa: E501

QUERIES = (
    "select * from shop.orders where code.twice(id) = 10",
    "select * from shop.orders where code.quarter(day) = date '2025-01-01'",
    "select * from shop.orders where day > code.quarter(date '2025-08-08')",
    "select * from code.recent(5) as r join shop.orders as o using (id)",
    "select * from shop.orders where code.scored(id) > 100 and doubled < 90",
    "select * from shop.orders as o, code.many(o.id) where o.id < 20",
    "select * from shop.sized where size = 7",
    "select max(depth) from shop.chain",
    "select * from shop.generated where doubled = 44",
    "select gross from shop.orders where gross < 30 order by owner",
    "select owner, count(*) from shop.orders where owner < 'o3' group by owner",
    "select id from shop.orders where valid @> date '2024-04-04'",
)


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as admin:
        admin.execute("create database with_code")
    with cluster.connect("with_code") as connection:
        connection.execute(DDL.encode())
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database with_code with (force)")


def test_functions_types_and_generated_columns_plan_as_in_the_warehouse(
    cluster: Cluster, warehouse: psycopg.Connection
) -> None:
    with PlannerTwin(cluster, read_catalog(warehouse)) as twin:
        assert [(skip.subject, skip.reason) for skip in twin.skips] == [
            ("function code.many(integer)", "of its language only the price is known"),
            ("function code.scored(integer)", "of its language only the price is known"),
        ]
        agreement = plan_agreement(twin, warehouse, QUERIES)
    assert agreement.unpriced == ()
    assert agreement.different == ()
    assert max(abs(error) for error in agreement.cost_errors) < 0.02


def test_a_stand_in_has_a_price_but_no_result(
    cluster: Cluster, warehouse: psycopg.Connection
) -> None:
    with PlannerTwin(cluster, read_catalog(warehouse)) as twin:
        (answer,) = twin.price(["select * from shop.orders where amount = code.scored(3)"])
    assert answer == Unpriced("a stand-in of another language")


def test_a_foreign_table_is_planned_as_a_local_one(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    connection.execute("create extension postgres_fdw")
    connection.execute("create server far foreign data wrapper postgres_fdw")
    connection.execute("create foreign table f (i int, name text) server far")
    connection.execute("create table t as select i from generate_series(1, 999) as i")
    connection.execute("create view v as select * from t join f using (i)")
    connection.execute("analyze t")
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        assert [skip.subject for skip in twin.skips] == ["extension postgres_fdw", "public.f"]
        assert isinstance(twin.price(["select * from v where name = 'x'"])[0], Estimate)


def test_what_needs_an_extension_that_is_not_here_is_named_and_costs_only_itself(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    """A type of the user's own stands for one of an extension that the twin cannot have."""
    connection.execute("create schema gis")
    connection.execute(
        "create type gis.geometry; create function gis.geometry_in(cstring) returns gis.geometry"
        " immutable strict language internal as 'textin';"
        " create function gis.geometry_out(gis.geometry) returns cstring"
        " immutable strict language internal as 'textout';"
        " create type gis.geometry (input = gis.geometry_in, output = gis.geometry_out,"
        " like = text)"
    )
    connection.execute("create table places (id int primary key, shape gis.geometry)")
    connection.execute(
        "insert into places select i, i::text::gis.geometry from generate_series(1, 999) i"
    )
    connection.execute("create view shapes as select id, shape from places where id < 9")
    connection.execute("analyze places")
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        named = {skip.subject: skip.reason for skip in twin.skips}
        assert named["public.places.shape"] == "type gis.geometry is planned as text"
        (priced,) = twin.price(["select * from shapes"])
    assert priced == explain(connection, "select * from shapes")


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not DEBIAN_15.exists():
        pytest.skip("Debian's Postgres 15 is not installed")
    with Cluster(tmp_path_factory.mktemp("debian") / "one", binaries=DEBIAN_15) as running:
        yield running


def test_an_older_server_is_read_and_stands_on_a_newer_twin(
    cluster: Cluster, debian: Cluster
) -> None:
    """Statistics of another major version are restored like those of one's own."""
    debian.create_database("old")
    with debian.connect("old") as connection:
        odd_warehouse.load(connection)
        connection.execute(
            DDL.replace("gross numeric generated always as (amount * 1.2) virtual", "gross numeric")
        )
        catalog = read_catalog(connection)
        with PlannerTwin(cluster, catalog) as twin:
            assert {skip.reason for skip in twin.skips} == {
                "of its language only the price is known"
            }
            assert len(twin.price(QUERIES)) == len(QUERIES)
            simple = "select * from shop.orders where day = '2024-09-09' and owner = 'o77'"
            assert twin.price([simple])[0] == explain(connection, simple)


def test_what_is_dropped_while_the_catalog_is_read_costs_only_itself(
    cluster: Cluster, database: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute("create table kept as select i from generate_series(1, 99) as i")
    connection.execute("create table gone as select i from generate_series(1, 99) as i")
    connection.execute("create table gone_later (i int primary key, k int)")
    connection.execute("create view gone_view as select 1 as one")
    connection.execute("create function gone_too() returns int language sql as 'select 1'")
    drops = {
        "catalog_relations": "drop table gone; drop view gone_view; drop function gone_too",
        "catalog_statistics": "drop table gone_later",
    }

    def dropping(
        reader: psycopg.Connection, name: str, parameters: Mapping[str, Any] | None = None
    ) -> list[Row]:
        connection.execute(drops.get(name, "select 1").encode())
        return rows_of(reader, name, parameters)

    monkeypatch.setattr(catalog_reader, "rows_of", dropping)
    with cluster.connect(database) as reader:
        catalog: Catalog = read_catalog(reader)
    assert {(skip.subject, skip.reason) for skip in catalog.skips} == {
        ("public.gone", "dropped while the catalog was read"),
        ("public.gone_view", "dropped while the catalog was read"),
    }
    assert {table.relation.name for table in catalog.tables} == {"kept", "gone_later"}
    assert catalog.functions == ()
    with PlannerTwin(cluster, catalog) as twin:
        assert isinstance(twin.price(["select * from kept"])[0], Estimate)


def test_tables_without_rows_and_without_columns_stand(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    connection.execute("create table bare (); create table empty (i int); analyze bare, empty")
    connection.execute("create table never (i int); create index on never (i)")
    queries = ("select * from bare", "select * from empty", "select * from never where i = 4")
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        assert twin.skips == ()
        agreement = plan_agreement(twin, connection, queries)
    assert agreement.different == ()
    assert agreement.cost_errors == (0, 0, 0)


def test_statistics_that_are_none_of_the_columns_type_are_named(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    connection.execute("create table t as select i, i % 5 as k from generate_series(1, 999) as i")
    connection.execute("analyze t")
    catalog = read_catalog(connection)
    (table,) = catalog.tables
    i, k = table.statistics
    odd = replace(i, histogram_bounds=("1", "many"))
    edited = replace(catalog, tables=(replace(table, statistics=(odd, k)),))
    with PlannerTwin(cluster, edited) as twin:
        assert [(skip.subject, skip.reason) for skip in twin.skips] == [
            ("public.t.i", "not all of its statistics can be restored")
        ]
        assert twin.price(["select * from t where k = 2"])[0] == explain(
            connection, "select * from t where k = 2"
        )
