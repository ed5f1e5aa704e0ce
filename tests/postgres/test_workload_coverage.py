"""Every query of TPC-H and TPC-DS is understood, as sent and as pg_stat_statements keeps it."""

import pytest

from benchmarks import tpc
from benchmarks.coverage import coverage, sent_and_kept
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin


@pytest.mark.parametrize(("workload", "queries"), [("tpch", 22), ("tpcds", 99)])
def test_every_query_is_resolved_bound_and_priced(
    cluster: Cluster, workload: str, queries: int
) -> None:
    """Without rows: `benchmarks/coverage.py` asks the same with statistics."""
    database = f"coverage_{workload}"
    cluster.create_database(database)
    try:
        with cluster.connect(database) as connection:
            tpc.load(connection, workload, 0)
            texts = sent_and_kept(connection, list(tpc.queries(workload).values()))
            catalog = read_catalog(connection)
        with PlannerTwin(cluster, catalog) as twin:
            found = coverage(texts, catalog, twin, ("public",))
    finally:
        with cluster.connect() as connection:
            connection.execute(f"drop database {database} with (force)".encode())
    assert found.faults == ()
    assert found.total == 2 * queries
