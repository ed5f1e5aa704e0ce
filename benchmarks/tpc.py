"""TPC-H and TPC-DS as their standards have them: tables with primary keys, rows, and all queries.

Rows and query texts come from DuckDB's extensions (`duckdb-extension-tpch`, `-tpcds`). Postgres
takes every text as it is.
"""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import duckdb
import psycopg

WORKLOADS = ("tpch", "tpcds")

# Queries that the published comparisons of index advisors leave out, because they run for hours
# without an index or need a view: hyrise/index_selection_evaluation, and TPC-H 15.
LEFT_OUT = {
    "tpch": frozenset({2, 15, 17, 20}),
    "tpcds": frozenset({4, 6, 9, 10, 11, 32, 35, 41, 95}),
}

# A dimension of TPC-DS has its surrogate key first.
_KEYS = {
    "tpch": {
        "region": "r_regionkey",
        "nation": "n_nationkey",
        "part": "p_partkey",
        "supplier": "s_suppkey",
        "partsupp": "ps_partkey, ps_suppkey",
        "customer": "c_custkey",
        "orders": "o_orderkey",
        "lineitem": "l_orderkey, l_linenumber",
    },
    "tpcds": {
        "store_sales": "ss_item_sk, ss_ticket_number",
        "store_returns": "sr_item_sk, sr_ticket_number",
        "catalog_sales": "cs_item_sk, cs_order_number",
        "catalog_returns": "cr_item_sk, cr_order_number",
        "web_sales": "ws_item_sk, ws_order_number",
        "web_returns": "wr_item_sk, wr_order_number",
        "inventory": "inv_date_sk, inv_item_sk, inv_warehouse_sk",
    },
}
_TYPES = {"BIGINT": "integer", "DOUBLE": "double precision"}


def queries(workload: str) -> dict[int, str]:
    """Return every query of a workload by its number in the standard."""
    with _generator(workload) as source:
        rows = source.execute(f"select query_nr, query from {workload}_queries()").fetchall()
    return {number: text.strip().rstrip(";") for number, text in sorted(rows)}


def compared_queries(workload: str) -> dict[int, str]:
    """Return the queries on which published advisors are compared."""
    left_out = LEFT_OUT[workload]
    return {n: text for n, text in queries(workload).items() if n not in left_out}


def load(connection: psycopg.Connection, workload: str, scale: float) -> None:
    """Create the tables, fill them, add the primary keys, and analyze."""
    with _generator(workload) as source, tempfile.TemporaryDirectory() as folder:
        source.execute(f"call {'dbgen' if workload == 'tpch' else 'dsdgen'}(sf = {scale})")
        tables = source.execute("select table_name from duckdb_tables() order by 1").fetchall()
        for (table,) in tables:
            file = Path(folder) / f"{table}.csv"
            source.execute(f"copy {table} to '{file}' (format csv, header false)")
            connection.execute(_create(source, table).encode())
            _copy(connection, table, file)
            file.unlink()
            key = _KEYS[workload].get(table) or _columns(source, table)[0][0]
            connection.execute(f"alter table {table} add primary key ({key})".encode())
    # Vacuum takes no page for visible to all while the log of its rows is still on its way.
    connection.execute("set synchronous_commit = on")
    connection.execute("vacuum analyze")


def _generator(workload: str) -> duckdb.DuckDBPyConnection:
    package = find_spec(f"duckdb_extension_{workload}")
    assert package, f"pip install duckdb-extension-{workload}"
    (extension,) = Path(str(package.origin)).parent.rglob(f"{workload}.duckdb_extension")
    source = duckdb.connect()
    source.execute(f"load '{extension}'")
    return source


def _columns(source: duckdb.DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return source.execute(
        "select column_name, data_type from duckdb_columns() where table_name = ?"
        " order by column_index",
        [table],
    ).fetchall()


def _create(source: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = ", ".join(f"{name} {_TYPES.get(t, t)}" for name, t in _columns(source, table))
    return f"create table {table} ({columns})"


def _copy(connection: psycopg.Connection, table: str, file: Path) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} from stdin (format csv)") as copy,
        file.open("rb") as rows,
    ):
        while block := rows.read(1 << 20):
            copy.write(block)
