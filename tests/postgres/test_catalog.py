"""The catalog reader, on a warehouse with everything that it can stumble over."""

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.catalog_indexes import without_parentheses
from dbt_schema_evolve.records.catalog import Catalog, ColumnEnds
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName
from dbt_schema_evolve.records.workload import Skip
from tests.postgres import odd_warehouse
from tests.postgres.odd_warehouse import EVENTS, ORDERS


@pytest.fixture
def catalog(connection: psycopg.Connection) -> Catalog:
    odd_warehouse.load(connection)
    return read_catalog(connection)


def test_relations_of_others_and_of_running_builds_are_left_out(catalog: Catalog) -> None:
    assert [str(table.relation) for table in catalog.tables] == [
        '"Märkte 100%"."Order""s.2024"',
        '"Märkte 100%"."big orders"',
        "raw.empty",
        "raw.events",
        "raw.events_1",
        "raw.events_2",
        "raw.items",
        "raw.never_analyzed",
    ]


def test_each_view_comes_after_those_it_reads(catalog: Catalog) -> None:
    assert [view.relation.name for view in catalog.views] == ["z base", "a reads b", "b deep"]
    assert catalog.views[1].options == ("security_barrier=true",)
    assert [column.name for column in catalog.views[1].columns] == ["mood", "n", "last %"]


def test_columns_keep_their_names_types_and_collations(catalog: Catalog) -> None:
    table = catalog.table(ORDERS)
    assert table is not None
    assert table.columns[:6] == (
        Column("Id", "bigint", not_null=True),
        Column("größe %", "integer"),
        Column("select", "text", collation='pg_catalog."C"'),
        Column("mood", 'raw."Stim\'mung"', not_null=True),
        Column("share", "raw.percent"),
        Column("email", "raw.citext"),
    )


def test_statistics_hold_values_as_the_type_prints_them(catalog: Catalog) -> None:
    table = catalog.table(ORDERS)
    assert table is not None
    rows = {row.column: row for row in table.statistics}
    assert set(rows["mood"].most_common_values or ()) == {"gut", "so 'la la'", "schlecht"}
    assert rows["größe %"].null_fraction == pytest.approx(0.1, abs=0.02)
    assert rows["Id"].n_distinct == -1
    assert rows["tags"].most_common_elements is not None
    assert 'b, "c" {d}' in rows["tags"].most_common_elements


def test_indexes_are_known_by_structure(catalog: Catalog) -> None:
    specs = {index.spec for index in catalog.indexes}
    assert (
        IndexSpec(
            ORDERS,
            (
                IndexKey("größe %", descending=True, nulls_first=True),
                IndexKey("select", operator_class="text_pattern_ops"),
            ),
            include=("day",),
        )
        in specs
    )
    partial = next(index for index in catalog.indexes if index.name == "Teil-Index")
    assert partial.spec.keys == (IndexKey('lower("select")', is_expression=True),)
    assert partial.spec.where == """("größe %" > 3) AND ("select" <> 'a)b('::text)"""
    methods = {spec.method for spec in specs if spec.relation == ORDERS}
    assert methods == {"btree", "gin", "brin", "hash"}


def test_an_index_rebuilt_from_its_spec_reads_back_the_same(
    catalog: Catalog, connection: psycopg.Connection
) -> None:
    for index in catalog.indexes:
        if index.spec.relation == ORDERS:
            connection.execute(index.spec.create_sql.encode())
    again = read_catalog(connection)
    for index in catalog.indexes:
        if index.spec.relation == ORDERS:
            assert sum(other.spec == index.spec for other in again.indexes) == 2


def test_a_primary_key_is_told_from_other_unique_indexes(catalog: Catalog) -> None:
    on_id = [i for i in catalog.indexes if i.spec.relation == ORDERS and i.spec.unique]
    assert [(index.is_primary, index.spec.include) for index in on_id] == [
        (True, ()),
        (False, ("mood",)),
    ]


def test_partitions_name_their_parent_and_bound(catalog: Catalog) -> None:
    parent, child = catalog.table(EVENTS), catalog.table(RelationName("raw", "events_1"))
    assert parent is not None
    assert child is not None
    assert parent.kind is RelationKind.PARTITIONED_TABLE
    assert parent.partition_key == "RANGE (day)"
    assert {row.inherited for row in parent.statistics} == {True}
    assert child.partition_of == EVENTS
    assert child.partition_bound == "FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')"


def test_a_table_that_was_never_analyzed_has_a_length_but_no_rows(catalog: Catalog) -> None:
    table = catalog.table(RelationName("raw", "never_analyzed"))
    assert table is not None
    assert table.rows == -1
    assert table.current_pages > 5
    assert table.current_rows == 0


def test_true_ends_are_read_where_that_does_not_make_an_index_look_used(
    connection: psycopg.Connection,
) -> None:
    odd_warehouse.load(connection)
    seen = read_catalog(connection).table(ORDERS)
    assert seen is not None
    assert seen.ends == (ColumnEnds("Id", "1", "20000"),)
    connection.execute("set enable_seqscan = off")
    connection.execute(f'select "größe %" from {ORDERS.sql} order by "größe %" desc limit 1')
    connection.execute("select pg_stat_force_next_flush()")
    used = read_catalog(connection).table(ORDERS)
    assert used is not None
    assert used.ends == (ColumnEnds("Id", "1", "20000"), ColumnEnds("größe %", "1", "9"))


def test_true_ends_are_left_alone_on_request(connection: psycopg.Connection) -> None:
    odd_warehouse.load(connection)
    assert not any(table.ends for table in read_catalog(connection, true_ends=False).tables)


def test_settings_that_differ_are_read(cluster: Cluster, database: str) -> None:
    with cluster.connect(database) as connection:
        connection.execute("set random_page_cost = 1.1")
        connection.execute("set enable_seqscan = off")
        connection.execute("set work_mem = '64MB'")
        settings = dict(read_catalog(connection).settings)
    assert settings["random_page_cost"] == "1.1"
    assert settings["enable_seqscan"] == "off"
    assert settings["work_mem"] == "64MB"
    assert "seq_page_cost" not in settings


def test_a_database_and_a_role_have_settings_that_its_sessions_see(
    cluster: Cluster, database: str
) -> None:
    with cluster.connect() as admin:
        admin.execute(f"alter database {database} set random_page_cost = 2.5".encode())
        admin.execute("create role reporting login")
        admin.execute(f"alter role reporting in database {database} set work_mem = '96MB'".encode())
        admin.execute(
            f"alter role reporting in database {database} set timezone = 'Asia/Tokyo'".encode()
        )
    try:
        with cluster.connect(database, "reporting") as connection:
            own = dict(read_catalog(connection).settings)
        with cluster.connect(database) as connection:
            catalog = read_catalog(connection)
    finally:
        with cluster.connect() as admin:
            admin.execute(f"alter database {database} reset all".encode())
            admin.execute("drop role reporting")
    assert (own["random_page_cost"], own["work_mem"]) == ("2.5", "96MB")
    assert own["TimeZone"] == "Asia/Tokyo"
    assert "work_mem" not in dict(catalog.settings)
    assert (
        Skip("role reporting", "its own settings are not carried over: work_mem=96MB")
        in catalog.skips
    )


def test_page_costs_of_the_database_s_tablespace_are_settings_and_of_others_are_named(
    cluster: Cluster, database: str
) -> None:
    with cluster.connect(database) as connection:
        connection.execute("set allow_in_place_tablespaces = on")
        connection.execute("create tablespace slow location ''")
        try:
            connection.execute("alter tablespace pg_default set (random_page_cost = 1.3)")
            connection.execute("alter tablespace slow set (random_page_cost = 9)")
            connection.execute("create table here (i int)")
            connection.execute("create table there (i int) tablespace slow")
            catalog = read_catalog(connection)
        finally:
            connection.execute("alter tablespace pg_default reset (random_page_cost)")
            connection.execute("drop table if exists there")
            connection.execute("drop tablespace slow")
    assert dict(catalog.settings)["random_page_cost"] == "1.3"
    assert catalog.skips == (
        Skip("public.there", "the page costs of tablespace slow are not carried over"),
    )


def test_workers_of_a_table_are_read_and_children_by_inheritance_are_named(
    connection: psycopg.Connection,
) -> None:
    connection.execute("create table parent (i int) with (parallel_workers = 3)")
    connection.execute("create table child () inherits (parent)")
    catalog = read_catalog(connection)
    assert [table.parallel_workers for table in catalog.tables] == [None, 3]
    assert catalog.skips == (
        Skip("public.parent", "the tables that inherit from it are priced on their own"),
    )


def test_only_the_schemas_asked_for_are_read(connection: psycopg.Connection) -> None:
    odd_warehouse.load(connection)
    catalog = read_catalog(connection, ["raw"])
    assert {table.relation.schema for table in catalog.tables} == {"raw"}
    assert {index.spec.relation.schema for index in catalog.indexes} == {"raw"}


def test_a_role_without_rights_reads_what_it_may_and_says_what_it_may_not(
    cluster: Cluster, database: str, connection: psycopg.Connection, catalog: Catalog
) -> None:
    connection.execute("drop role if exists catalog_reader")
    connection.execute("create role catalog_reader login")
    connection.execute(f"grant select on {ORDERS.sql} to catalog_reader")
    connection.execute('grant usage on schema "Märkte 100%" to catalog_reader')
    with cluster.connect(database, user="catalog_reader") as limited:
        seen = read_catalog(limited)
    connection.execute("drop owned by catalog_reader")
    connection.execute("drop role catalog_reader")
    assert [index.spec for index in seen.indexes] == [index.spec for index in catalog.indexes]
    orders, items = seen.table(ORDERS), seen.table(RelationName("raw", "items"))
    assert orders == catalog.table(ORDERS)
    assert items is not None
    assert not items.statistics
    assert items.rows == 5000
    assert "raw.items" in {skip.subject for skip in seen.skips}
    assert str(ORDERS) not in {skip.subject for skip in seen.skips}


def test_reading_leaves_the_connection_as_it_was(connection: psycopg.Connection) -> None:
    before = connection.execute("show search_path").fetchone()
    read_catalog(connection)
    assert connection.execute("show search_path").fetchone() == before
    assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


def test_our_own_statements_carry_our_name(connection: psycopg.Connection) -> None:
    connection.execute("create extension pg_stat_statements")
    connection.execute("select pg_stat_statements_reset()")
    read_catalog(connection)
    texts = connection.execute(
        "select query from pg_stat_statements join pg_database on pg_database.oid = dbid"
        " where datname = current_database() and query not ilike all"
        " (array['begin%', 'rollback%', 'commit%', '%pg_stat_statements%'])"
    ).fetchall()
    assert len(texts) >= 10
    assert [text for (text,) in texts if "/* schema_evolve */" not in text] == []


@pytest.mark.parametrize(
    ("printed", "bare"),
    [
        ("(a + b)", "a + b"),
        ("(a) + (b)", "(a) + (b)"),
        ("(a = ')' )", "a = ')' "),
        ('("x)" > 1)', '"x)" > 1'),
        ("lower(a)", "lower(a)"),
        ("", ""),
    ],
)
def test_only_parentheses_around_everything_are_dropped(printed: str, bare: str) -> None:
    assert without_parentheses(printed) == bare
