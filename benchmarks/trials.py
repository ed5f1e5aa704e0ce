"""Builds good and bad indexes for real, and records what each changed plan was measured to gain.

`python -m benchmarks.trials --workload tpch --scale 0.1 --seconds 300` works for a while and goes
on where it stopped when it is called again; rows go to `.bench/trials/`, a line each.
`python -m benchmarks.trials --pack` puts all of them into `benchmarks/data/trials.parquet`.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import psycopg

from benchmarks import tpc
from benchmarks.catalog_evidence import evidence_of
from benchmarks.hidden_indexes import PREFIX, HiddenIndexes
from benchmarks.runs import Blocks, PairedRun, paired_runs
from benchmarks.warehouses import warehouse
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.recommend import index
from dbt_schema_evolve.recommend.access import accesses
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.plans import PlanNode

RAW = Path(__file__).parents[1] / ".bench" / "trials"
PACKED = Path(__file__).parent / "data" / "trials.parquet"

PAIRS = 3
TIMEOUT_S = 8.0
MIN_ROWS = 1000  # a smaller table has no index that a plan could be wrong about
LARGEST_SET = 4


def main() -> None:
    """Measure for a while, or pack what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=tpc.WORKLOADS, default="tpch")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=300.0, help="stop after about so long")
    parser.add_argument("--indexes", type=int, default=60, help="how many are built")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack", action="store_true", help="write benchmarks/data/trials.parquet")
    arguments = parser.parse_args()
    if arguments.pack:
        figures = pack()
    else:
        figures = measure(
            arguments.workload,
            arguments.scale,
            arguments.seconds,
            arguments.indexes,
            Random(arguments.seed),
        )
    json.dump(figures, sys.stdout, indent=2)
    print()


def measure(
    workload: str, scale: float, seconds: float, most_indexes: int, rng: Random
) -> dict[str, Any]:
    """Measure changed plans that have not been measured yet, until the time is over."""
    deadline = time.monotonic() + seconds
    queries = tpc.queries(workload) if scale < 1 else tpc.compared_queries(workload)
    RAW.mkdir(parents=True, exist_ok=True)
    path = RAW / f"{workload}-{scale:g}.jsonl"
    known = {(row["query"], row["plan"]) for row in _rows(path)}
    with warehouse(workload, scale) as cluster, cluster.connect(workload) as connection:
        catalog = read_catalog(connection)
        # What an earlier call built must not change what this one draws.
        catalog = replace(
            catalog, indexes=tuple(i for i in catalog.indexes if not i.name.startswith(PREFIX))
        )
        evidence = evidence_of(catalog, queries, width=3, plain=False)
        hidden = HiddenIndexes(connection)
        pool = _pool(evidence, most_indexes, rng)
        for spec in pool:
            if time.monotonic() > deadline:
                return {"indexes": len(hidden.names), "trials": len(known)}
            hidden.build(spec)
        changed = list(_changed_plans(connection, hidden, queries, _sets(pool, rng)))
        rng.shuffle(changed)
        print(f"{len(changed)} changed plans, {len(known)} measured", file=sys.stderr)
        too_long: set[int] = set()
        blocks: dict[int, Blocks] = {}
        with path.open("a") as out:
            for number, specs, before, after in changed:
                if time.monotonic() > deadline:
                    break
                if (number, _key(after)) in known or number in too_long:
                    continue
                run = paired_runs(
                    connection,
                    queries[number],
                    lambda: hidden.show(()),
                    lambda specs=specs: hidden.show(specs),
                    pairs=PAIRS,
                    timeout_s=TIMEOUT_S,
                    known_blocks=blocks.get(number),
                )
                if run is None:
                    too_long.add(number)
                    continue
                blocks[number] = run.baseline_blocks
                known.add((number, _key(after)))
                out.write(json.dumps(_row(workload, scale, number, specs, before, after, run)))
                out.write("\n")
                out.flush()
        hidden.show(())
    return {
        "workload": workload,
        "scale": scale,
        "indexes": len(pool),
        "changed_plans": len(changed),
        "trials": len(known),
        "too_long": sorted(too_long),
    }


def pack() -> dict[str, Any]:
    """Put all trials into one compressed file, in a fixed order."""
    PACKED.parent.mkdir(exist_ok=True)
    connection = duckdb.connect()
    connection.execute(
        f"""copy (
            select * from read_json('{RAW}/*.jsonl', format = 'newline_delimited', columns = {{
                workload: 'varchar', scale: 'double', query: 'integer', indexes: 'varchar',
                plan: 'varchar', before: 'varchar', after: 'varchar', baseline_us: 'bigint[]',
                changed_us: 'bigint[]', baseline_blocks: 'bigint', changed_blocks: 'bigint',
                baseline_temp: 'bigint', changed_temp: 'bigint', cut_off: 'boolean'}})
            order by workload, scale, query, plan
        ) to '{PACKED}' (format parquet, compression zstd, compression_level 19)"""
    )
    row = connection.execute(f"select count(*) from '{PACKED}'").fetchone()
    return {"trials": row[0] if row else 0, "bytes": PACKED.stat().st_size}


def _pool(evidence: Evidence, most: int, rng: Random) -> list[IndexSpec]:
    """Draw indexes: half of our own advice, half of any one or two columns that queries use."""
    advised = [candidate.spec for candidate in index.propose(evidence)]
    advised = [spec for spec in advised if isinstance(spec, IndexSpec)]
    blind = []
    for relation, uses in accesses(evidence).items():
        profile = evidence.relations.get(relation)
        if profile is None or (profile.estimated_rows or 0) < MIN_ROWS:
            continue
        filtered = {
            column
            for access in uses
            for column in (*access.equality, *access.ranges, *access.joins, *access.groups)
        }
        used = {column for access in uses for column in access.used}
        blind += [IndexSpec(relation, (IndexKey(column),)) for column in sorted(filtered)]
        blind += [
            IndexSpec(relation, (IndexKey(first), IndexKey(second)))
            for first, second in permutations(sorted(used), 2)
            if first in filtered
        ]
    half = most // 2
    drawn = rng.sample(advised, min(half, len(advised)))
    drawn += rng.sample(blind, min(most - len(drawn), len(blind)))
    return list(dict.fromkeys(drawn))


def _sets(pool: list[IndexSpec], rng: Random) -> Iterator[tuple[IndexSpec, ...]]:
    """Each index alone, then small sets."""
    yield from ((spec,) for spec in pool)
    for _ in range(6 * len(pool)):
        yield tuple(rng.sample(pool, rng.randint(2, LARGEST_SET)))
    for _ in range(len(pool)):
        yield tuple(rng.sample(pool, len(pool) // 4))


def _changed_plans(
    connection: psycopg.Connection,
    hidden: HiddenIndexes,
    queries: dict[int, str],
    sets: Iterator[tuple[IndexSpec, ...]],
) -> Iterator[tuple[int, tuple[IndexSpec, ...], Estimate, Estimate]]:
    """Price every query under every set; yield each plan that is new."""
    hidden.show(())
    before = {n: explain(connection, text) for n, text in queries.items()}
    seen = {(n, _key(plan)) for n, plan in before.items() if isinstance(plan, Estimate)}
    for specs in sets:
        hidden.show(specs)
        for number, text in queries.items():
            old, new = before[number], explain(connection, text)
            if not isinstance(old, Estimate) or not isinstance(new, Estimate):
                continue
            if (number, _key(new)) not in seen:
                seen.add((number, _key(new)))
                yield number, specs, old, new


def _key(estimate: Estimate) -> str:
    return " | ".join(estimate.plan)


def _row(
    workload: str,
    scale: float,
    number: int,
    specs: tuple[IndexSpec, ...],
    before: Estimate,
    after: Estimate,
    run: PairedRun,
) -> dict[str, Any]:
    return {
        "workload": workload,
        "scale": scale,
        "query": number,
        "indexes": "; ".join(sorted(str(spec) for spec in specs)),
        "plan": _key(after),
        "before": json.dumps([_figures(node) for node in before.nodes]),
        "after": json.dumps([_figures(node) for node in after.nodes]),
        "baseline_us": run.baseline_us,
        "changed_us": run.changed_us,
        "baseline_blocks": run.baseline_blocks.shared,
        "changed_blocks": run.changed_blocks.shared,
        "baseline_temp": run.baseline_blocks.temp,
        "changed_temp": run.changed_blocks.temp,
        "cut_off": run.cut_off,
    }


def _figures(node: PlanNode) -> list[Any]:
    return [
        node.depth, node.kind, node.relation.name if node.relation else "",
        node.estimated_rows, node.width_bytes, node.startup_cost, node.cost,
        node.estimated_loops, node.workers,
    ]  # fmt: skip


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


if __name__ == "__main__":
    main()
