"""The case to learn from: an index that makes TPC-H 7 cheaper on paper, and twice as slow."""

import psycopg
import pytest

from benchmarks import tpc
from dbt_schema_evolve.backends.belief import read_prior
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.growth import grown
from dbt_schema_evolve.predict.outcomes.belief import Belief
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.recommend.judge import MAX_REGRESSION_RISK, Judge
from dbt_schema_evolve.records.catalog import Catalog
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

FIXED = {"nation", "region"}
BY_SUPPLIER = IndexSpec(
    RelationName("public", "lineitem"), (IndexKey("l_suppkey"), IndexKey("l_orderkey"))
)
TRADE_BETWEEN_TWO_NATIONS = tpc.queries("tpch")[7]


@pytest.fixture
def small(connection: psycopg.Connection) -> Catalog:
    tpc.load(connection, "tpch", 0.02)
    return read_catalog(connection)


def test_lookups_that_outgrow_the_cache_are_a_risk_that_the_planner_does_not_see(
    cluster: Cluster, small: Catalog
) -> None:
    judge: Judge = Belief(read_prior())
    risks = []
    for scale in (1.0, 50.0):
        ratios = {t.relation: scale for t in small.tables if t.relation.name not in FIXED}
        with PlannerTwin(cluster, grown(small, ratios)) as twin:
            (before,) = twin.price([TRADE_BETWEEN_TWO_NATIONS])
            (after,) = twin.price([TRADE_BETWEEN_TWO_NATIONS], frozenset({BY_SUPPLIER}))
        assert isinstance(before, Estimate)
        assert isinstance(after, Estimate)
        assert after.cost < before.cost
        risks.append(judge.regression_risk(before, after))
    at_a_fiftieth, at_scale_1 = risks
    assert at_a_fiftieth < 0.3
    assert at_scale_1 > MAX_REGRESSION_RISK
