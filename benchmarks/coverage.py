"""Which queries the workload model understands: `python -m benchmarks.coverage [--quick]`.

Every query of TPC-H, TPC-DS and the demo's users, as it is sent and as pg_stat_statements keeps it
(with `$n` for constants), must be resolved to columns of stored relations, get literals back, and
be priced by the planner twin. Prints one JSON object; what is not covered is named on stderr.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import tpc
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.demo.consumers import Day
from dbt_schema_evolve.backends.demo.defaults import FIRST_DAY, MARTS, SCHEMA
from dbt_schema_evolve.backends.demo.workload import CONSUMERS
from dbt_schema_evolve.backends.demo.world import DATABASE, DemoWorld
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.lineage.sql.bind import draws
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.lineage.sql.uses import query_uses
from dbt_schema_evolve.recommend.cost import Unpriced
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.workload import QueryUses, Skip

SCALE = 0.01

_KEPT = """
    select query from pg_stat_statements as kept
    join pg_database as database on database.oid = kept.dbid
    join pg_roles as role on role.oid = kept.userid
    where database.datname = current_database() and query ~* '^[\\s(]*(select|with)\\y'
        and query !~* 'pg_catalog|pg_stat_|schema_evolve' and rolname = any(%s)
    order by queryid
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many texts were asked about, and what is wrong with those that were not covered."""

    total: int
    faults: tuple[tuple[str, str], ...]  # the text, and why


def coverage(
    texts: Sequence[str], catalog: Catalog, twin: PlannerTwin, path: Sequence[str]
) -> Coverage:
    """Resolve, bind and price every text."""
    schema = LineageSchema(
        {each.relation: each.columns for each in (*catalog.tables, *catalog.views)},
        {view.relation: view.definition for view in catalog.views},
        tuple(path),
    )
    stored = {table.relation for table in catalog.tables}
    known = {(t.relation, s.column): s for t in catalog.tables for s in t.statistics}
    faults = []
    for text in texts:
        uses = query_uses("query", text, schema)
        fault = _fault(uses, stored)
        bound = draws(text, schema, lambda relation, column: known.get((relation, column)))
        if not fault and isinstance(bound, Skip):
            fault = f"no literals: {bound.reason}"
        elif not fault and not isinstance(bound, Skip):
            prices = twin.price(bound)
            fault = next((each.reason for each in prices if isinstance(each, Unpriced)), "")
        if fault:
            faults.append((text, fault))
    return Coverage(len(texts), tuple(faults))


def _fault(uses: QueryUses | Skip, stored: set[object]) -> str:
    """Say what is wrong with the uses of a query; empty where nothing is."""
    if isinstance(uses, Skip):
        return f"not resolved: {uses.reason}"
    if not uses.base_relations:
        return "it reads nothing"
    if strange := uses.base_relations - stored:
        return f"reads what is not stored: {sorted(map(str, strange))}"
    unused = uses.base_relations - {use.column.relation for use in uses.uses}
    return f"no use of {sorted(map(str, unused))}" if unused else ""


def sent_and_kept(connection: psycopg.Connection, texts: Sequence[str]) -> list[str]:
    """Run queries; return them, and what pg_stat_statements has made of each."""
    connection.execute("create extension if not exists pg_stat_statements")
    for text in texts:
        connection.execute(text.encode()).fetchall()
    return [*texts, *kept(connection, ["postgres"])]


def kept(connection: psycopg.Connection, roles: Sequence[str]) -> list[str]:
    """Return the queries of some roles as pg_stat_statements keeps them."""
    return [text for (text,) in connection.execute(_KEPT, [list(roles)])]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="TPC-H only")
    arguments = parser.parse_args()
    found: dict[str, Coverage] = {}
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        for workload in tpc.WORKLOADS[: 1 if arguments.quick else None]:
            print(workload, file=sys.stderr)
            found[workload] = _benchmarked(Path(folder) / workload, workload)
        if not arguments.quick:
            print("demo", file=sys.stderr)
            found["demo"] = _demo(Path(folder) / "demo")
    for name, each in found.items():
        for text, reason in each.faults:
            print(f"{name}: {reason}: {' '.join(text.split())[:200]}", file=sys.stderr)
    json.dump(_figures(found), sys.stdout, indent=2)
    print()


def _figures(found: Mapping[str, Coverage]) -> dict[str, object]:
    def figures(total: int, faults: int) -> dict[str, int]:
        return {"queries_total": total, "queries_covered": total - faults}

    total = sum(each.total for each in found.values())
    faults = sum(len(each.faults) for each in found.values())
    return {
        **figures(total, faults),
        "by_workload": {
            name: figures(each.total, len(each.faults)) for name, each in found.items()
        },
    }


def _benchmarked(folder: Path, workload: str) -> Coverage:
    cluster = Cluster(
        folder, {"shared_preload_libraries": "pg_stat_statements", "autovacuum": "off"}
    )
    cluster.start()
    try:
        cluster.create_database(workload)
        with cluster.connect(workload) as connection:
            tpc.load(connection, workload, SCALE)
            texts = sent_and_kept(connection, list(tpc.queries(workload).values()))
            catalog = read_catalog(connection)
        with PlannerTwin(cluster, catalog) as twin:
            return coverage(texts, catalog, twin, ("public",))
    finally:
        cluster.remove()


def _demo(folder: Path) -> Coverage:
    path = (MARTS, f"{SCHEMA}_intermediate", "public")
    with DemoWorld(folder, seed=1, scale=SCALE) as world:
        world.open()
        world.live(1)
        with _administrator(world) as connection:
            texts = [*_sent(connection), *kept(connection, [each.role for each in CONSUMERS])]
            catalog = read_catalog(connection)
        with PlannerTwin(folder / "twin", catalog, search_path=path) as twin:
            return coverage(texts, catalog, twin, path)


@contextmanager
def _administrator(world: DemoWorld) -> Iterator[psycopg.Connection]:
    host, port = (world.env[f"SCHEMA_EVOLVE_PG_{key}"] for key in ("HOST", "PORT"))
    with psycopg.connect(
        host=host, port=port, user="postgres", dbname=DATABASE, autocommit=True
    ) as connection:
        yield connection


def _sent(connection: psycopg.Connection) -> list[str]:
    """Return one day's queries of every user, with their literals in place."""
    day = Day(1, FIRST_DAY, tuple(range(1, 50)), tuple(range(1, 50)))
    cursor = psycopg.ClientCursor(connection)
    texts = []
    for consumer in CONSUMERS:
        for call in consumer.calls(random.Random(1), day):
            text = cursor.mogrify(call.sql, call.parameters) if call.parameters else call.sql
            texts.append(text)
    return list(dict.fromkeys(texts))


if __name__ == "__main__":
    main()
