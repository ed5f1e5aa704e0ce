"""What changes rows is priced by EXPLAIN, which changes none."""

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.lineage.sql.rewrite import with_stand_ins
from dbt_schema_evolve.lineage.sql.schema import LineageSchema
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationName

EVENTS = RelationName("public", "events")
SCHEMA = LineageSchema({EVENTS: (Column("id", "integer"), Column("note", "text"))})
WRITES = {
    "delete": 'delete from events where (id) in (select (id) from "events__dbt_tmp1")',
    "delete_using": "delete from events using events__dbt_tmp1"
    " where events__dbt_tmp1.id = events.id",
    "merge": "merge into events as dest using events__dbt_tmp1 as src on (src.id = dest.id)"
    " when matched then update set note = src.note"
    " when not matched then insert (id, note) values (src.id, src.note)",
    "update": "update events set note = s.note from events__dbt_tmp1 as s where s.id = events.id",
}


@pytest.mark.parametrize("text", WRITES.values(), ids=WRITES)
def test_an_index_on_the_key_makes_an_incremental_runs_changes_cheaper(
    cluster: Cluster, connection: psycopg.Connection, text: str
) -> None:
    connection.execute("create table events as select i as id, repeat('x', 90) as note"
                       " from generate_series(1, 50000) as i")  # fmt: skip
    connection.execute("vacuum analyze events")
    sql = with_stand_ins(text, EVENTS, 20, SCHEMA)
    with PlannerTwin(cluster, read_catalog(connection)) as twin:
        (before,) = twin.price([sql])
        (after,) = twin.price([sql], frozenset({IndexSpec(EVENTS, (IndexKey("id"),))}))
        assert twin.price([sql]) == (before,)  # nothing was changed
    assert isinstance(before, Estimate)
    assert isinstance(after, Estimate)
    assert after.cost < before.cost / 3
