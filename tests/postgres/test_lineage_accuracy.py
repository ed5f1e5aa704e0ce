"""The accuracy harness itself, on one real package and on a claim that is known to be wrong."""

from pathlib import Path

import pytest

from benchmarks.lineage_accuracy import compared
from benchmarks.lineage_claims import Artifacts, Claim, artifacts, claims
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from dbt_schema_evolve.records.workload import Skip

PACKAGE = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "artifacts" / "xero"

pytestmark = pytest.mark.skipif(not PACKAGE.exists(), reason=f"no real artifacts in {PACKAGE}")


def test_postgres_agrees_with_the_lineage_of_a_real_package(cluster: Cluster) -> None:
    with cluster.connect() as connection:  # the models name the database `postgres`
        found = compared(connection, artifacts(PACKAGE), step=2)
    assert found["models_resolved"] == found["models"] == 44
    assert found["plain_exact"] == found["plain_columns"] > 100
    assert found["outside_pg_depend"] == found["unexplained_pg_depend"] == 0
    assert found["perturbation_misses"] == found["models_not_run"] == 0
    assert found["direct_edges_moved"] > found["direct_edges"] / 2


def test_the_harness_sees_an_edge_that_is_lost_and_one_that_is_made_up(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(found: Artifacts) -> tuple[list[Claim], list[Skip]]:
        (claim,) = (each for each in claims(found)[0] if each.model.endswith(".stg_xero__account"))
        claim.direct["account_name"] = {}
        claim.indirect.add(ColumnName(RelationName("public_xero_dev", "nowhere"), "x"))
        return [claim], []

    monkeypatch.setattr("benchmarks.lineage_accuracy.claims", wrong)
    with cluster.connect() as connection:
        found = compared(connection, artifacts(PACKAGE), step=1)
    assert found["plain_exact"] == found["plain_columns"] - 1
    assert found["perturbation_misses"] == 1
    assert found["outside_pg_depend"] == 1
