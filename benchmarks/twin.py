"""How well the planner twin stands for the real database: `python -m benchmarks.twin [--quick]`.

It loads TPC-H into an embedded Postgres, makes a twin of it, and compares plans, costs and index
sizes. Prints one JSON object; progress goes to stderr.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks import tpch
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import plan_agreement
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

QUICK_SCALE, FULL_SCALE = 0.05, 0.5
_PRICES = 200

INDEXES = (
    ("lineitem", ("l_suppkey",), (), ""),
    ("lineitem", ("l_quantity",), (), ""),
    ("lineitem", ("l_shipmode",), (), ""),
    ("lineitem", ("l_comment",), (), ""),
    ("lineitem", ("l_orderkey",), (), ""),
    ("lineitem", ("l_extendedprice",), (), ""),
    ("lineitem", ("l_returnflag", "l_linestatus"), (), ""),
    ("lineitem", ("l_shipdate", "l_receiptdate"), (), ""),
    ("lineitem", ("l_suppkey", "l_shipdate"), (), ""),
    ("lineitem", ("l_partkey",), ("l_quantity", "l_extendedprice"), ""),
    ("lineitem", ("l_orderkey",), (), "l_returnflag = 'R'"),
    ("orders", ("o_clerk",), (), ""),
    ("orders", ("o_totalprice",), (), ""),
    ("orders", ("o_custkey", "o_orderdate"), (), ""),
    ("customer", ("c_name",), (), ""),
    ("part", ("p_type", "p_size"), (), ""),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"at scale {QUICK_SCALE}")
    parser.add_argument("--scale", type=float, help=f"of TPC-H; {FULL_SCALE} by default")
    arguments = parser.parse_args()
    scale = arguments.scale or (QUICK_SCALE if arguments.quick else FULL_SCALE)
    with tempfile.TemporaryDirectory(prefix="twin-benchmark-") as folder:
        figures = measure(scale, Path(folder))
    json.dump({"workload": "tpch", "scale": scale, **figures}, sys.stdout, indent=2)
    print()


def measure(scale: float, folder: Path) -> dict[str, Any]:
    """Return the figures of issue 4 that this version can measure, and a few beside them."""
    with Cluster(folder / "real") as cluster, cluster.connect() as connection:
        print(f"loading TPC-H at scale {scale}", file=sys.stderr)
        tpch.load(connection, scale, folder / "rows")
        # A warehouse has been in use: planning alone looks into the indexes.
        for query in tpch.QUERIES.values():
            connection.execute(f"explain {query}".encode())
        connection.execute("select pg_stat_force_next_flush()")
        started = time.perf_counter()
        catalog = read_catalog(connection)
        with PlannerTwin(folder / "twin", catalog) as twin:
            ready_s = time.perf_counter() - started
            print("comparing plans", file=sys.stderr)
            agreement = plan_agreement(twin, connection, tuple(tpch.QUERIES.values()))
            print("comparing index sizes", file=sys.stderr)
            errors = [_size_error(twin, connection, spec) for spec in _specs()]
            return {
                "queries": agreement.compared,
                "same_plan_ratio": agreement.same_plan_ratio,
                "median_cost_error": agreement.median_cost_error,
                "worst_cost_error": max(abs(error) for error in agreement.cost_errors),
                "ready_s": round(ready_s, 2),
                "disk_bytes": _disk_bytes(folder / "twin"),
                "real_disk_bytes": _disk_bytes(folder / "real"),
                "index_sizes": len(errors),
                "median_size_error": round(median(errors), 4),
                "sizes_within_a_quarter_ratio": sum(e <= 0.25 for e in errors) / len(errors),
                "price_ms": round(_price_ms(twin), 2),
            }


def _specs() -> tuple[IndexSpec, ...]:
    return tuple(
        IndexSpec(
            RelationName("public", table), tuple(IndexKey(key) for key in keys), include, where
        )
        for table, keys, include, where in INDEXES
    )


def _size_error(twin: PlannerTwin, connection: psycopg.Connection, spec: IndexSpec) -> float:
    with connection.transaction(force_rollback=True):
        connection.execute(spec.create_sql.encode())
        row = connection.execute(
            "select pg_relation_size(indexrelid) from pg_index where indrelid = %s::regclass"
            " order by indexrelid desc limit 1",
            (spec.relation.sql,),
        ).fetchone()
    assert row is not None
    return abs(twin.size_bytes(spec) / float(row[0]) - 1)


def _price_ms(twin: PlannerTwin) -> float:
    """A lookup under one of several configurations that were met before."""
    query = ["select * from lineitem where l_suppkey = 5"]
    configurations = [frozenset({spec}) for spec in _specs()]
    started = time.perf_counter()
    for number in range(_PRICES):
        twin.price(query, configurations[number % len(configurations)])
    return (time.perf_counter() - started) / _PRICES * 1000


def _disk_bytes(folder: Path) -> int:
    return sum(
        (Path(root) / name).lstat().st_blocks * 512
        for root, _, names in os.walk(folder)
        for name in names
    )


if __name__ == "__main__":
    main()
