"""The source system's daily loads, whole and once, whatever happens on the way."""

from datetime import date, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import duckdb
import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.demo.tpch import LoadedBatch, TpchSource
from dbt_schema_evolve.errors import WarehouseError

FIRST = date(1995, 4, 26)
LAST = FIRST + timedelta(days=9)  # into the next month

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> TpchSource:
    made = TpchSource(tmp_path_factory.mktemp("it's tpch"), 0.01)
    made.generate()
    return made


@pytest.fixture
def warehouse(source: TpchSource, connection: Connection) -> Connection:
    source.create(connection)
    return connection


def one(connection: Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def in_files(source: TpchSource, first: date, last: date) -> LoadedBatch:
    orders = f"select * from '{source.files}/orders.parquet'".replace("it's", "it''s")
    lines = f"select * from '{source.files}/lineitem.parquet'".replace("it's", "it''s")
    within = f"o_orderdate between '{first}' and '{last}'"
    counted = duckdb.sql(
        f"select (select count(*) from ({orders}) where {within}),"
        f" (select count(*) from ({lines}) join ({orders}) on l_orderkey = o_orderkey"
        f" where {within})"
    ).fetchone()
    assert counted is not None
    return LoadedBatch(*counted)


def in_tables(connection: Connection) -> LoadedBatch:
    return LoadedBatch(
        *one(
            connection,
            "select (select count(*) from tpch_raw.orders),"
            " (select count(*) from tpch_raw.lineitem)",
        )
    )


def test_the_batches_add_up_to_the_files(source: TpchSource, warehouse: Connection) -> None:
    opening = source.load_through(warehouse, FIRST, LAST - timedelta(days=2))
    rest = [
        source.load_through(warehouse, LAST - timedelta(days=ago), LAST - timedelta(days=ago))
        for ago in (1, 0)
    ]
    expected = in_files(source, FIRST, LAST)
    assert expected.orders > 0
    assert in_tables(warehouse) == expected
    assert sum(batch.lineitems for batch in (opening, *rest)) == expected.lineitems
    assert one(warehouse, "select sum(orders), sum(lineitems) from tpch_raw.load_batches") == (
        expected.orders,
        expected.lineitems,
    )


def test_amounts_arrive_to_the_cent(source: TpchSource, warehouse: Connection) -> None:
    source.load_through(warehouse, FIRST, LAST)
    path = str(source.files / "orders.parquet").replace("'", "''")
    there = duckdb.sql(
        f"select sum(o_totalprice) from '{path}' where o_orderdate between '{FIRST}' and '{LAST}'"
    ).fetchone()
    assert one(warehouse, "select sum(o_totalprice) from tpch_raw.orders") == there


def test_lines_arrive_with_their_order(source: TpchSource, warehouse: Connection) -> None:
    source.load_through(warehouse, FIRST, LAST)
    strays = one(
        warehouse,
        "select count(*) filter (where o._synced_on is distinct from l._synced_on)"
        ", count(*) filter (where o.o_orderdate <> o._synced_on)"
        " from tpch_raw.lineitem l left join tpch_raw.orders o on o.o_orderkey = l.l_orderkey",
    )
    assert strays == (0, 0)


def test_loading_again_brings_nothing(source: TpchSource, warehouse: Connection) -> None:
    source.load_reference(warehouse)
    first = source.load_through(warehouse, FIRST, LAST)
    customers = one(warehouse, "select count(*) from tpch_raw.customer")
    source.create(warehouse)
    source.load_reference(warehouse)
    assert source.load_through(warehouse, FIRST, LAST) == LoadedBatch(0, 0)
    assert in_tables(warehouse) == first
    assert one(warehouse, "select count(*) from tpch_raw.customer") == customers == (1500,)


def test_a_killed_load_is_not_doubled(
    source: TpchSource, warehouse: Connection, cluster: Cluster, database: str
) -> None:
    warehouse.execute(
        "create function die() returns trigger language plpgsql as"
        " $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$"
    )
    # The orders are in and the lines are on their way when the server cuts the connection.
    warehouse.execute(
        "create trigger die after insert on tpch_raw.lineitem for each row"
        f" when (new._synced_on = date '{LAST}') execute function die()"
    )
    with (
        pytest.raises(psycopg.OperationalError),
        cluster.connect(database) as doomed,
    ):
        source.load_through(doomed, FIRST, LAST)
    assert in_tables(warehouse) == in_files(source, FIRST, LAST - timedelta(days=1))

    warehouse.execute("drop trigger die on tpch_raw.lineitem")
    again = source.load_through(warehouse, FIRST, LAST)
    assert again == in_files(source, LAST, LAST)
    assert in_tables(warehouse) == in_files(source, FIRST, LAST)


def test_two_loads_at_once_bring_each_batch_once(
    source: TpchSource, warehouse: Connection, cluster: Cluster, database: str
) -> None:
    loaded: list[LoadedBatch] = []
    together = Barrier(2)

    def load() -> None:
        with cluster.connect(database) as mine:
            together.wait()
            loaded.append(source.load_through(mine, FIRST, LAST))

    threads = [Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = in_files(source, FIRST, LAST)
    assert in_tables(warehouse) == expected
    assert sum(batch.orders for batch in loaded) == expected.orders


def test_reference_tables_know_every_party_of_an_order(
    source: TpchSource, warehouse: Connection
) -> None:
    source.load_reference(warehouse)
    source.load_through(warehouse, FIRST, LAST)
    unknown = one(
        warehouse,
        "select count(*) from tpch_raw.orders o join tpch_raw.lineitem l on l_orderkey = o_orderkey"
        " left join tpch_raw.customer on c_custkey = o_custkey"
        " left join tpch_raw.part on p_partkey = l_partkey"
        " left join tpch_raw.supplier on s_suppkey = l_suppkey"
        " where c_custkey is null or p_partkey is null or s_suppkey is null",
    )
    assert unknown == (0,)
    stocked = one(
        warehouse,
        "select count(distinct ps_partkey) = (select count(*) from tpch_raw.part"
        " where p_size <= 10) from tpch_raw.partsupp",
    )
    assert stocked == (True,)


def test_broken_files_say_what_to_delete(tmp_path: Path, connection: Connection) -> None:
    source = TpchSource(tmp_path, 0.01)
    source.generate()
    (source.files / "orders.parquet").write_bytes(b"PAR1 and nothing else")
    source.create(connection)
    with pytest.raises(WarehouseError, match="source files") as caught:
        source.load_through(connection, FIRST, FIRST)
    assert caught.value.at == str(source.files)
    assert in_tables(connection) == LoadedBatch(0, 0)
    assert one(connection, "select count(*) from tpch_raw.load_batches") == (0,)
