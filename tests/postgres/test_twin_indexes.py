"""The twin's index files: valid to Postgres, and of the size that a build would give them."""

from collections.abc import Iterator

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

T = RelationName("public", "t")
ROWS = 60_000

DDL = f"""
create table t as
select
    i as serial,
    (i * 7919::bigint) % 30000 as key_of_two,
    i % 20 as low,
    case when i % 10 = 0 then i end as mostly_null,
    case when i % 3 > 0 then 'k' || i % 50 end as text_and_null,
    md5(i::text) as hash,
    'user' || (i % 9000) || repeat('x', i % 37) as name,
    (random() * random() * 20000)::int as skewed,
    date '2020-01-01' + i / 200 as day,
    (i % 12000)::numeric(12, 2) as price,
    i % 3 = 0 as flag,
    timestamp '2020-01-01' + i * interval '1 minute' as moment,
    repeat('wide ', 20 + i % 20) || i % 5000 as wide
from generate_series(1, {ROWS}) as i
"""


def index(*columns: str, include: tuple[str, ...] = (), where: str = "") -> IndexSpec:
    return IndexSpec(T, tuple(IndexKey(column) for column in columns), include, where)


SPECS = (
    index("serial"),
    index("key_of_two"),
    index("low"),
    index("mostly_null"),
    index("text_and_null"),
    index("hash"),
    index("name"),
    index("skewed"),
    index("day"),
    index("price"),
    index("flag"),
    index("moment"),
    index("wide"),
    index("day", "serial"),
    index("low", "flag"),
    index("low", "name"),
    index("mostly_null", "text_and_null"),
    index("skewed", "low"),
    index("serial", include=("price", "name")),
    index("day", where="low = 3"),
    index("key_of_two", where="mostly_null is not null"),
)


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as admin:
        admin.execute("create database index_sizes")
    with cluster.connect("index_sizes") as connection:
        connection.execute("select setseed(0.5)")
        connection.execute(DDL.encode())
        connection.execute("create index on t (serial)")
        connection.execute("create index on t (hash, name)")
        connection.execute("create index on t (flag) where low > 99")
        connection.execute("vacuum analyze t")
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database index_sizes with (force)")


@pytest.fixture(scope="module")
def twin(cluster: Cluster, warehouse: psycopg.Connection) -> Iterator[PlannerTwin]:
    with PlannerTwin(cluster, read_catalog(warehouse), database="twin of indexes") as running:
        yield running


@pytest.mark.parametrize("spec", SPECS[1:], ids=str)
def test_a_modelled_size_is_within_a_quarter_of_the_real_one(
    twin: PlannerTwin, warehouse: psycopg.Connection, spec: IndexSpec
) -> None:
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(spec.create_sql.encode())
        (real,) = warehouse.execute(
            "select pg_relation_size(indexrelid) from pg_index where indrelid = 't'::regclass"
            " order by indexrelid desc limit 1"
        ).fetchone() or (0,)
    assert twin.size_bytes(spec) == pytest.approx(real, rel=0.25)


def test_every_index_of_the_twin_is_a_valid_btree(twin: PlannerTwin, cluster: Cluster) -> None:
    twin.price(["select * from t"], frozenset(SPECS))
    with cluster.connect("twin of indexes") as inside:
        inside.execute("set ignore_checksum_failure = on")
        inside.execute("create extension amcheck")
        inside.execute("create extension pageinspect")
        # amcheck looks at valid indexes alone, and ours are hidden by that flag.
        inside.execute("begin")
        inside.execute(
            "update pg_index set indisvalid = true where indrelid = 'public.t'::regclass"
        )
        checked = inside.execute(
            "select bt_index_check(indexrelid), (bt_metap(indexrelid::regclass::text)).level"
            " from pg_index where indrelid = 'public.t'::regclass"
        ).fetchall()
        inside.execute("rollback")
        inside.execute("drop extension amcheck, pageinspect")
    assert len(checked) == len(SPECS) - 1 + 3
    assert max(level for _, level in checked) == 2


def test_the_height_of_an_index_is_that_of_the_real_one(
    twin: PlannerTwin, cluster: Cluster, warehouse: psycopg.Connection
) -> None:
    levels = (
        "select relname, (bt_metap(oid::regclass::text)).level from pg_class"
        " where relname = any(%s)"
    )
    names = ["t_serial_idx", "t_hash_name_idx", "t_flag_idx"]
    found = []
    inside = cluster.connect("twin of indexes")
    for connection in (inside, warehouse):
        connection.execute("set ignore_checksum_failure = on")
        connection.execute("create extension pageinspect")
        found.append(sorted(connection.execute(levels, (names,)).fetchall()))
        connection.execute("drop extension pageinspect")
    inside.close()
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_the_planner_finds_the_true_ends_of_a_column(twin: PlannerTwin) -> None:
    beyond, within = twin.price(
        [
            f"select * from t where serial > {ROWS + 10}",
            f"select * from t where serial > {ROWS // 2}",
        ]
    )
    assert isinstance(beyond, Estimate)
    assert isinstance(within, Estimate)
    assert beyond.rows == 1
    assert within.rows == pytest.approx(ROWS / 2, rel=0.02)


def test_values_that_break_an_expression_do_not_keep_it_from_being_indexed(
    twin: PlannerTwin,
) -> None:
    # The smallest serial is one of the twin's two rows.
    spec = IndexSpec(T, (IndexKey("10 / (serial - 1)", is_expression=True),), where="serial > 1")
    total = IndexSpec(T, (IndexKey("10 / (serial - 1)", is_expression=True),))
    for wanted, query in (
        (spec, "select * from t where 10 / (serial - 1) = 3 and serial > 1"),
        (total, "select * from t where 10 / (serial - 1) = 3"),
    ):
        (answer,) = twin.price([query], frozenset({wanted}))
        assert isinstance(answer, Estimate)
        assert answer.used == {wanted}


def test_methods_other_than_btree_are_planned_too(twin: PlannerTwin) -> None:
    brin = IndexSpec(T, (IndexKey("day"),), method="brin")
    by_hash = IndexSpec(T, (IndexKey("hash"),), method="hash")
    assert 0 < twin.size_bytes(brin) < 100_000
    (ranged,) = twin.price(["select * from t where day = '2020-05-05'"], frozenset({brin}))
    (equal,) = twin.price([f"select * from t where hash = '{'0' * 32}'"], frozenset({by_hash}))
    assert isinstance(ranged, Estimate)
    assert isinstance(equal, Estimate)
    assert ranged.used == {brin}
    assert equal.used == {by_hash}
