"""How well the planner twin stands for the real database: `python -m benchmarks.twin [--quick]`.

TPC-H and TPC-DS with all their queries, each loaded at two scales. The twin has the statistics of
the larger one and must plan as that does; then it has those of the smaller one, projected, and
must still. Prints one JSON object; progress goes to stderr.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from benchmarks import tpc
from benchmarks.warehouses import warehouse
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import Agreement, plan_agreement
from dbt_schema_evolve.backends.twin.growth import grown
from dbt_schema_evolve.recommend.cost import Estimate, Unpriced
from dbt_schema_evolve.records.catalog import Catalog

TODAY, TOMORROW = 0.1, 1.0
QUICK_TODAY, QUICK_TOMORROW = 0.01, 0.05

SECONDARY = {
    "tpch": (
        "create index on lineitem (l_shipdate)",
        "create index on lineitem (l_partkey, l_suppkey) include (l_quantity)",
        "create index on lineitem (l_orderkey) where l_returnflag = 'R'",
        "create index on orders (o_custkey, o_orderdate desc)",
        "create index on orders (extract(year from o_orderdate))",
        "create index on customer (substr(c_phone, 1, 2), c_acctbal)",
        "create index on part (p_brand, p_container)",
        "create index on supplier using hash (s_nationkey)",
    ),
    "tpcds": (
        "create index on store_sales (ss_sold_date_sk)",
        "create index on store_sales (ss_customer_sk, ss_sold_date_sk)",
        "create index on catalog_sales using brin (cs_sold_date_sk)",
        "create index on web_sales (ws_bill_customer_sk) where ws_ship_mode_sk is not null",
        "create index on inventory (inv_item_sk, inv_warehouse_sk)",
        "create index on customer_address (substr(ca_zip, 1, 5))",
        "create index on date_dim (d_year, d_moy)",
        "create index on item (i_category, i_class) include (i_brand)",
    ),
}
"""What a warehouse in use has beside its primary keys."""

Plans = Sequence[Estimate | Unpriced]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found of one workload."""

    queries: dict[int, str]
    same: Agreement  # the twin with the same statistics
    indexed: Agreement  # the same, of a warehouse with secondary indexes
    projected: Agreement  # the twin with the smaller scale's statistics, grown
    today: float  # the share of plans that are the same at both scales
    analyzed_again: float  # the share of plans that another ANALYZE leaves as they are
    ready_s: float
    disk_bytes: int
    real_disk_bytes: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="at small scales")
    scales = (QUICK_TODAY, QUICK_TOMORROW) if parser.parse_args().quick else (TODAY, TOMORROW)
    with tempfile.TemporaryDirectory(prefix="twin-benchmark-") as folder:
        found = {w: measure(w, *scales, Path(folder) / w) for w in tpc.WORKLOADS}
    together = {
        **_summary(tuple(found.values())),
        "scales": scales,
        **{workload: _details(figures) for workload, figures in found.items()},
    }
    json.dump(together, sys.stdout, indent=2)
    print()


def measure(workload: str, today: float, tomorrow: float, folder: Path) -> Figures:
    """Compare the twin with a real database, and its projection with a larger one."""
    queries = tpc.queries(workload)
    texts = tuple(queries.values())
    with warehouse(workload, today) as cluster, cluster.connect(workload) as connection:
        plans_today = _plans(connection, texts)
        catalog_today = read_catalog(connection)
    with warehouse(workload, tomorrow) as cluster:
        with cluster.connect(workload) as connection:
            print(f"comparing {workload} with its twin", file=sys.stderr)
            plans = _plans(connection, texts)
            started = time.perf_counter()
            catalog = read_catalog(connection)
            with PlannerTwin(folder / "twin", catalog) as twin:
                ready_s = time.perf_counter() - started
                same = plan_agreement(twin, connection, texts)
                disk_bytes = _disk_bytes(folder / "twin")
            with PlannerTwin(folder / "grown", _projected(catalog_today, catalog)) as twin:
                projected = plan_agreement(twin, connection, texts)
            real_disk_bytes = _disk_bytes(cluster.data)
        print(f"comparing {workload} with secondary indexes", file=sys.stderr)
        with _copy(cluster, workload) as connection:
            connection.execute("analyze")
            plans_again = _plans(connection, texts)
            for index in SECONDARY[workload]:
                connection.execute(index.encode())
            connection.execute("analyze")
            _plans(connection, texts)
            with PlannerTwin(folder / "indexed", read_catalog(connection)) as twin:
                indexed = plan_agreement(twin, connection, texts)
    return Figures(
        queries,
        same,
        indexed,
        projected,
        _share_of_same(plans_today, plans),
        _share_of_same(plans_again, plans),
        ready_s,
        disk_bytes,
        real_disk_bytes,
    )


def _plans(connection: psycopg.Connection[Any], texts: Sequence[str]) -> Plans:
    plans = [explain(connection, text) for text in texts]
    # A warehouse has been in use, and its counters say so: planning looks into the indexes.
    connection.execute("select pg_stat_force_next_flush()")
    return plans


def _projected(today: Catalog, tomorrow: Catalog) -> Catalog:
    """Today's catalog with tomorrow's rows: as if the row forecast had been perfect."""
    rows = {table.relation: table.rows for table in today.tables}
    return grown(today, {t.relation: t.rows / rows[t.relation] for t in tomorrow.tables})


@contextmanager
def _copy(cluster: Cluster, workload: str) -> Iterator[psycopg.Connection[Any]]:
    """A database that may be changed, unlike the one that other benchmarks share."""
    with cluster.connect() as admin:
        admin.execute("drop database if exists changed")
        admin.execute(f"create database changed template {workload} strategy file_copy".encode())
        try:
            with cluster.connect("changed") as connection:
                yield connection
        finally:
            admin.execute("drop database changed")


def _share_of_same(some: Plans, others: Plans) -> float:
    pairs = zip(some, others, strict=True)
    return sum(_plan(one) == _plan(other) for one, other in pairs) / len(some)


def _plan(answer: Estimate | Unpriced) -> object:
    return answer.plan if isinstance(answer, Estimate) else answer


def _summary(found: Sequence[Figures]) -> dict[str, Any]:
    queries = sum(len(figures.queries) for figures in found)

    def share(ratios: Sequence[float | None]) -> float:
        pairs = zip(ratios, found, strict=True)
        return round(sum((ratio or 0) * len(f.queries) for ratio, f in pairs) / queries, 4)

    return {
        "queries": queries,
        "same_plan_ratio": share([f.same.same_plan_ratio for f in found]),
        "median_cost_error": _median_error([f.same for f in found]),
        "projected_same_plan_ratio": share([f.projected.same_plan_ratio for f in found]),
        "projected_median_cost_error": _median_error([f.projected for f in found]),
        "today_same_plan_ratio": share([f.today for f in found]),
        "analyzed_again_same_plan_ratio": share([f.analyzed_again for f in found]),
        "indexed_same_plan_ratio": share([f.indexed.same_plan_ratio for f in found]),
        "indexed_median_cost_error": _median_error([f.indexed for f in found]),
        "ready_s": round(max(f.ready_s for f in found), 2),
        "disk_bytes": sum(f.disk_bytes for f in found),
        "real_disk_bytes": sum(f.real_disk_bytes for f in found),
    }


def _details(figures: Figures) -> dict[str, Any]:
    return {
        **_summary([figures]),
        "worst_cost_error": max(abs(error) for error in figures.same.cost_errors),
        "different": _numbers(figures, figures.same),
        "indexed_different": _numbers(figures, figures.indexed),
        "projected_different": _numbers(figures, figures.projected),
    }


def _numbers(figures: Figures, agreement: Agreement) -> list[int]:
    return [number for number, text in figures.queries.items() if text in agreement.different]


def _median_error(agreements: Sequence[Agreement]) -> float:
    errors = [abs(error) for agreement in agreements for error in agreement.cost_errors]
    return round(median(errors), 5)


def _disk_bytes(folder: Path) -> int:
    return sum(
        (Path(root) / name).lstat().st_blocks * 512
        for root, _, names in os.walk(folder)
        for name in names
    )


if __name__ == "__main__":
    main()
