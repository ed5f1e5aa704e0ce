"""A redacted file plans what compares columns with columns as the real database does."""

from functools import partial

import psycopg

from benchmarks import tpc
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.warehouse import ordered
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.backends.twin.agreement import plan_agreement
from dbt_schema_evolve.backends.twin_file import redacted

# Only columns are compared with columns: no literal that redaction could make a stranger.
JOINS = (
    "select count(*) from lineitem, orders where l_orderkey = o_orderkey",
    """select n_name, sum(l_extendedprice) from customer, orders, lineitem, supplier, nation, region
    where c_custkey = o_custkey and l_orderkey = o_orderkey and l_suppkey = s_suppkey
        and c_nationkey = s_nationkey and s_nationkey = n_nationkey and n_regionkey = r_regionkey
    group by n_name order by 2 desc""",
    """select p_brand, count(distinct ps_suppkey) from partsupp, part
    where p_partkey = ps_partkey group by p_brand, p_type, p_size order by 2 desc""",
    """select c_custkey, sum(l_extendedprice) from customer, orders, lineitem
    where c_custkey = o_custkey and l_orderkey = o_orderkey
        and l_shipdate < l_commitdate and o_orderdate < l_receiptdate
    group by c_custkey order by 2 desc limit 20""",
    "select * from orders as o where exists (select from lineitem where l_orderkey = o_orderkey)",
    "select * from part as p, part as q where p.p_retailprice = q.p_retailprice limit 5",
    "select l_returnflag, l_linestatus, count(*) from lineitem group by 1, 2 order by 1, 2",
    """select max(o_orderdate) from orders, customer where c_custkey = o_custkey
    group by c_mktsegment""",
)


def test_a_redacted_tpch_plans_joins_as_the_real_database_does(
    cluster: Cluster, connection: psycopg.Connection
) -> None:
    tpc.load(connection, "tpch", 0.01)
    catalog, lost = redacted(read_catalog(connection), partial(ordered, connection))
    assert len(lost) == 3  # nothing is left out
    with PlannerTwin(cluster, catalog) as twin:
        assert twin.skips == ()
        agreement = plan_agreement(twin, connection, JOINS)
    assert agreement.unpriced == ()
    assert agreement.different == ()
    assert max(abs(error) for error in agreement.cost_errors) <= 0.02
