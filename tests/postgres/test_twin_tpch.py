"""The twin against a real TPC-H database: the promise of DESIGN.md, section 2, at small scale."""

from pathlib import Path

import psycopg

from benchmarks import tpch
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import plan_agreement


def test_tpch_is_planned_as_the_real_database_plans_it(
    cluster: Cluster, connection: psycopg.Connection, tmp_path: Path
) -> None:
    tpch.load(connection, 0.01, tmp_path)
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        agreement = plan_agreement(twin, connection, tuple(tpch.QUERIES.values()))
    assert agreement.unpriced == ()
    assert agreement.compared == len(tpch.QUERIES)
    assert agreement.same_plan_ratio is not None
    assert agreement.same_plan_ratio >= 0.95
    assert agreement.median_cost_error is not None
    assert agreement.median_cost_error <= 0.02
