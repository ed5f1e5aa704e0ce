"""Index advice against published advisors: `python -m benchmarks.index_advice [--quick]`.

The same queries, key width, planner and budgets as in the comparisons of the Hasso Plattner
Institute's platform: Postgres 15 with HypoPG, the starting point of `bare.py`, every query once.
The costs of every chosen set, whoever chose it and by whichever oracle, are HypoPG's. Prints one
JSON object; progress goes to stderr.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from benchmarks import peers, tpc
from benchmarks.bare import bare_database
from benchmarks.catalog_evidence import evidence_of, plain_recommenders
from benchmarks.warehouses import DEBIAN_15, warehouse
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.oracles.hypopg import HypoPgOracle
from dbt_schema_evolve.backends.oracles.real_indexes import RealIndexOracle
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.recommend import RECOMMENDERS, recommend
from dbt_schema_evolve.recommend.cost import AS_IT_IS, CostOracle, Estimate
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import Budget, Configuration, IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

MB = 10**6  # as the peers count
WIDTH = 2
QUICK_SCALE, QUICK_BUDGET_MB = 0.1, 50
DEFAULT_BUDGET_MB = {"tpch": 500, "tpcds": 100}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=tpc.WORKLOADS, default="tpch")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--budget-mb", type=float, help="in the sizes of the oracle that chooses")
    parser.add_argument(
        "--budget-real-mb",
        type=float,
        help="ours instead, in real bytes as the twin sizes them; the peers keep --budget-mb",
    )
    parser.add_argument("--oracle", choices=("hypopg", "twin"), default="hypopg")
    parser.add_argument(
        "--all-kinds", action="store_true", help="INCLUDE, partial indexes and BRIN take part"
    )
    parser.add_argument("--peers", action="store_true", help="run Extend (index-eab) as well")
    parser.add_argument("--quick", action="store_true", help=f"at scale {QUICK_SCALE}")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.scale, arguments.budget_mb = QUICK_SCALE, arguments.budget_mb or QUICK_BUDGET_MB
    if not DEBIAN_15.exists():
        sys.exit("needs Debian's packages: apt-get install postgresql-15 postgresql-15-hypopg")
    with warehouse(arguments.workload, arguments.scale, DEBIAN_15) as cluster:
        json.dump(measure(cluster, arguments), sys.stdout, indent=2)
    print()


@dataclass(frozen=True, slots=True)
class SizedBy:
    """An oracle that prices by one and sizes by another, for budgets in real bytes."""

    prices: CostOracle
    sizes: CostOracle

    def price(self, queries: Sequence[str], configuration: Configuration = AS_IT_IS) -> Any:
        """Ask the one."""
        return self.prices.price(queries, configuration)

    def size_bytes(self, spec: Any) -> int:
        """Ask the other."""
        return self.sizes.size_bytes(spec)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says of any chosen set what it costs and takes, by HypoPG and built for real."""

    queries: tuple[str, ...]
    hypopg: CostOracle
    real: CostOracle

    def figures(self, chosen: Configuration) -> dict[str, Any]:
        """Return the figures by which sets compare, whoever chose them."""
        print(f"building {len(chosen)} indexes", file=sys.stderr)
        real_cost_ratio = self._ratio(self.real, chosen)
        return {
            "cost_ratio": self._ratio(self.hypopg, chosen),
            "hypopg_bytes": sum(self.hypopg.size_bytes(spec) for spec in chosen),
            "real_cost_ratio": real_cost_ratio,
            "real_bytes": sum(self.real.size_bytes(spec) for spec in chosen),
            "indexes": sorted(str(spec) for spec in chosen),
        }

    def _ratio(self, oracle: CostOracle, chosen: Configuration) -> float:
        costs = [
            sum(a.cost for a in oracle.price(self.queries, c) if isinstance(a, Estimate))
            for c in (AS_IT_IS, chosen)
        ]
        return round(costs[1] / costs[0], 4)


def measure(cluster: Cluster, arguments: argparse.Namespace) -> dict[str, Any]:
    """Advise, let the peers advise, and judge all alike."""
    workload, name = (
        tpc.compared_queries(arguments.workload),
        bare_database(cluster, arguments.workload),
    )
    in_real_bytes = arguments.budget_real_mb is not None
    peers_mb = arguments.budget_mb or DEFAULT_BUDGET_MB[arguments.workload]
    budget_mb = arguments.budget_real_mb or peers_mb
    with ExitStack() as stack:
        connections = [stack.enter_context(cluster.connect(name)) for _ in range(3)]
        hypopg = stack.enter_context(HypoPgOracle(connections[0], expendable=name))
        real = stack.enter_context(RealIndexOracle(connections[1], expendable=name))
        judge = Judge(tuple(workload.values()), hypopg, real)
        started = time.perf_counter()
        catalog = read_catalog(connections[2])
        oracle: CostOracle = hypopg
        if arguments.oracle == "twin" or in_real_bytes:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="advice-")))
            twin: AbstractContextManager[PlannerTwin] = PlannerTwin(folder / "twin", catalog)
            oracle = stack.enter_context(twin)
            if arguments.oracle == "hypopg":
                oracle = SizedBy(hypopg, oracle)
        ready_s = time.perf_counter() - started
        ours = _advise(catalog, workload, oracle, budget_mb, all_kinds=arguments.all_kinds)
        figures = {
            "workload": arguments.workload,
            "scale": arguments.scale,
            "oracle": arguments.oracle,
            "budget_bytes": round(budget_mb * MB),
            "budget_in": "real bytes" if in_real_bytes else f"bytes of {arguments.oracle}",
            **ours.figures,
            "ready_s": round(ready_s, 2),
            **judge.figures(ours.chosen),
            "peers": {},
        }
        if arguments.peers:
            print("Extend", file=sys.stderr)
            figures["peers"] = {
                "extend": _extend(cluster, name, catalog, workload, peers_mb, judge)
            }
        return figures


@dataclass(frozen=True, slots=True)
class Advice:
    """What was chosen, and what choosing took."""

    chosen: Configuration
    figures: Mapping[str, Any]


def _advise(
    catalog: Catalog,
    workload: Mapping[int, str],
    oracle: CostOracle,
    budget_mb: float,
    *,
    all_kinds: bool,
) -> Advice:
    recommenders = RECOMMENDERS if all_kinds else plain_recommenders()
    started = time.perf_counter()
    evidence = evidence_of(catalog, workload, width=WIDTH, plain=not all_kinds)
    selection = recommend(evidence, oracle, Budget(round(budget_mb * MB)), ("index",), recommenders)
    seconds = time.perf_counter() - started
    chosen = frozenset(each.spec for each in selection.recommendations)
    return Advice(
        chosen,
        {
            "seconds": round(seconds, 2),
            "oracle_calls": selection.oracle_calls,
            "priced_queries": selection.priced_queries,
            "estimated_bytes": selection.estimated_bytes,
            "queries_total": len(workload),
            "queries_covered": len(selection.priced),
        },
    )


def _extend(
    cluster: Cluster,
    database: str,
    catalog: Catalog,
    workload: Mapping[int, str],
    budget_mb: float,
    judge: Judge,
) -> dict[str, Any]:
    task = {
        "connection": psycopg.conninfo.conninfo_to_dict(cluster.conninfo(database)),
        "schema": [
            {
                "table": table.relation.name,
                "columns": [{"name": column.name} for column in table.columns],
            }
            for table in catalog.tables
        ],
        "queries": list(workload.values()),
        "budget_mb": budget_mb,
        "width": WIDTH,
    }
    with TemporaryDirectory() as folder:
        file = Path(folder) / "task.json"
        file.write_text(json.dumps(task), encoding="utf-8")
        printed = peers.run("extend", str(file))
    chosen = frozenset(
        IndexSpec(RelationName("public", table), tuple(IndexKey(column) for column in columns))
        for table, columns in printed.pop("indexes")
    )
    return {**printed, **judge.figures(chosen)}


if __name__ == "__main__":
    main()
