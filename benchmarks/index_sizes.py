"""How well index sizes are foretold: `python -m benchmarks.index_sizes [--quick] [--scale S]`.

Every index of `keys_of_all_kinds` is built for real in a transaction that is rolled back, on TPC-H
and on synthetic tables, and compared with what the planner twin says from statistics alone. Where
Debian's PostgreSQL 15 has HypoPG, its estimates are compared likewise. Prints one JSON object.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg

from benchmarks import keys_of_all_kinds
from benchmarks.warehouses import DEBIAN_15, warehouse
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.records.changes import IndexSpec

QUICK_SCALE, FULL_SCALE = 0.05, 0.1
_ROWS_PER_SCALE = 2_000_000  # of each synthetic table
_MOST_ROWS = 400_000
_QUICK_PAIRS = 6  # of so many pairs of TPC-H's columns, one
_NEAR = 0.25
_PRICES = 300

Kinds = Mapping[str, tuple[IndexSpec, ...]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One index: its real size, and how far the twin is off."""

    kind: str
    spec: IndexSpec
    bytes: int
    error: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"at scale {QUICK_SCALE}")
    parser.add_argument("--scale", type=float, help=f"of TPC-H; {FULL_SCALE} by default")
    parser.add_argument("--each", action="store_true", help="one line an index on stderr")
    arguments = parser.parse_args()
    scale = arguments.scale or (QUICK_SCALE if arguments.quick else FULL_SCALE)
    kinds = _kinds(quick=arguments.quick)
    measured, speed = measure(scale, kinds)
    measured.sort(key=lambda each: -abs(each.error))
    if arguments.each:
        for each in measured:
            print(f"{each.error:+.3f} {each.bytes:>11} {each.kind}: {each.spec}", file=sys.stderr)
    figures = {
        "scale": scale,
        **_figures(measured),
        "worst_index": str(measured[0].spec),
        **speed,
        "hypopg_median_error": _hypopg_median_error(scale, kinds),
        "by_kind": {
            kind: _figures([each for each in measured if each.kind == kind]) for kind in kinds
        },
    }
    json.dump(figures, sys.stdout, indent=2)
    print()


def _kinds(*, quick: bool) -> Kinds:
    tpch = dict(keys_of_all_kinds.tpch_indexes())
    if quick:
        tpch["tpch pair"] = tpch["tpch pair"][::_QUICK_PAIRS]
    return {**tpch, **keys_of_all_kinds.INDEXES}


def measure(scale: float, kinds: Kinds) -> tuple[list[Measured], dict[str, float]]:
    """Build and compare every index on the embedded server; say how fast the twin is."""
    measured, made_s = [], []
    with (
        warehouse("tpch", scale) as cluster,
        cluster.connect("tpch") as connection,
    ):
        keys_of_all_kinds.load(connection, min(_MOST_ROWS, round(_ROWS_PER_SCALE * scale)))
        with PlannerTwin(cluster, read_catalog(connection)) as twin:
            for kind, specs in kinds.items():
                print(f"{kind}: {len(specs)} indexes", file=sys.stderr)
                for spec in specs:
                    started = time.perf_counter()
                    bytes_ = twin.size_bytes(spec)
                    made_s.append(time.perf_counter() - started)
                    real = real_bytes(connection, spec)
                    measured.append(Measured(kind, spec, real, bytes_ / real - 1))
            specs = [each.spec for each in measured]
            speed = {
                "median_make_ms": round(median(made_s) * 1000, 2),
                "prices_per_second": round(_prices_per_second(twin, specs)),
            }
        connection.execute(f"drop schema {keys_of_all_kinds.SCHEMA} cascade".encode())
    return measured, speed


def _prices_per_second(twin: PlannerTwin, specs: Sequence[IndexSpec]) -> float:
    """Price one lookup under configurations of three indexes each, all different."""
    lookup = ["select * from orders where o_custkey = 5"]
    configurations = [
        frozenset(specs[(number * step) % len(specs)] for step in (1, 7, 31))
        for number in range(1, _PRICES + 1)
    ]
    started = time.perf_counter()
    for configuration in configurations:
        twin.price(lookup, configuration)
    return _PRICES / (time.perf_counter() - started)


def real_bytes(connection: psycopg.Connection, spec: IndexSpec) -> int:
    """Build it, ask for its size, and forget it."""
    with connection.transaction(force_rollback=True):
        connection.execute(spec.create_sql.encode())
        row = connection.execute(
            "select pg_relation_size(indexrelid) from pg_index where indrelid = %s::regclass"
            " order by indexrelid desc limit 1",
            (spec.relation.sql,),
        ).fetchone()
    assert row is not None
    return int(row[0])


def _hypopg_median_error(scale: float, kinds: Kinds) -> float | None:
    """The same for HypoPG on TPC-H's btrees; None where it is not installed."""
    if not DEBIAN_15.is_dir():
        return None
    errors: list[float] = []
    with (
        warehouse("tpch", scale, DEBIAN_15) as cluster,
        cluster.connect("tpch") as connection,
    ):
        connection.execute("create extension if not exists hypopg")
        for kind, specs in kinds.items():
            if kind.startswith("tpch"):
                errors += [_hypopg_error(connection, spec) for spec in specs]
    return round(median(abs(error) for error in errors), 4)


def _hypopg_error(connection: psycopg.Connection, spec: IndexSpec) -> float:
    row = connection.execute(
        "select hypopg_relation_size(indexrelid) from hypopg_create_index(%s)", (spec.create_sql,)
    ).fetchone()
    connection.execute("select hypopg_reset()")
    assert row is not None
    return int(row[0]) / real_bytes(connection, spec) - 1


def _figures(measured: list[Measured]) -> dict[str, Any]:
    errors = [each.error for each in measured]
    return {
        "indexes": len(errors),
        "within_25_percent_ratio": round(sum(abs(e) <= _NEAR for e in errors) / len(errors), 4),
        "median_error": round(median(abs(error) for error in errors), 4),
        "worst_error": round(max(errors, key=abs), 4),
    }


if __name__ == "__main__":
    main()
