"""Oracles on real databases: what they leave behind, what they refuse, and whom they trust."""

from collections.abc import Iterator

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.oracles.hypopg import HypoPgOracle
from dbt_schema_evolve.backends.oracles.real_indexes import RealIndexOracle
from dbt_schema_evolve.backends.postgres.shadow_schemas import make_schema
from dbt_schema_evolve.errors import OracleError
from dbt_schema_evolve.recommend.cost import CostOracle, Estimate
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

T = RelationName("public", "t")
BY_A = IndexSpec(T, (IndexKey("a"),))
BY_B = IndexSpec(T, (IndexKey("b"),))
ONE = "select * from t where a = 7"
TABLE = """
create table t as select i as a, i % 100 as b, repeat('x', i % 90) as c
from generate_series(1, 20000) as i;
"""


@pytest.fixture
def table(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute(TABLE.encode())
    connection.execute("create index by_b on t (b)")
    connection.execute("vacuum analyze t")
    return connection


@pytest.fixture
def real(table: psycopg.Connection) -> Iterator[CostOracle]:
    with RealIndexOracle(table, expendable=table.info.dbname) as oracle:
        yield oracle


def indexes(connection: psycopg.Connection) -> list[tuple[str]]:
    return connection.execute(
        "select indexname from pg_indexes where schemaname not like 'pg_%' order by 1"
    ).fetchall()


def test_indexes_are_gone_again_and_dropped_ones_are_back(
    real: CostOracle, table: psycopg.Connection
) -> None:
    (answer,) = real.price([ONE], frozenset({BY_A, DropIndexSpec(BY_B)}))
    assert isinstance(answer, Estimate)
    assert answer.used == {BY_A}
    assert real.size_bytes(BY_A) > 0
    assert indexes(table) == [("by_b",)]
    with pytest.raises(OracleError):
        real.price([ONE], frozenset({BY_A, IndexSpec(T, (IndexKey("nowhere"),))}))
    assert indexes(table) == [("by_b",)]


def test_any_method_can_be_built(real: CostOracle) -> None:
    hash_index = IndexSpec(T, (IndexKey("a"),), method="hash")
    partial = IndexSpec(T, (IndexKey("b + 1", is_expression=True),), where="a > 100")
    brin = IndexSpec(T, (IndexKey("a"),), method="brin")
    (answer,) = real.price([ONE], frozenset({hash_index, partial, brin}))
    assert isinstance(answer, Estimate)
    assert answer.used == {hash_index}
    assert real.size_bytes(brin) < real.size_bytes(hash_index)


def test_a_unique_index_on_values_that_are_not_is_refused(real: CostOracle) -> None:
    with pytest.raises(OracleError, match="could not create unique index"):
        real.price([ONE], frozenset({IndexSpec(T, (IndexKey("b"),), unique=True)}))


def test_an_index_that_backs_a_key_cannot_be_dropped(
    table: psycopg.Connection,
) -> None:
    table.execute("alter table t add primary key (a)")
    key = DropIndexSpec(IndexSpec(T, (IndexKey("a"),), unique=True))
    with (
        RealIndexOracle(table, expendable=table.info.dbname) as oracle,
        pytest.raises(OracleError, match="requires it"),
    ):
        oracle.price([ONE], frozenset({key}))


def test_an_index_of_a_partitioned_table_stands_on_each_partition(
    connection: psycopg.Connection,
) -> None:
    connection.execute("create table p (a int, b int) partition by range (b)")
    for low in (0, 50):
        connection.execute(
            f"create table p{low} partition of p for values from ({low}) to ({low + 50})".encode()
        )
    connection.execute("insert into p select i, i % 100 from generate_series(1, 40000) i")
    connection.execute("vacuum analyze p")
    spec = IndexSpec(RelationName("public", "p"), (IndexKey("a"),))
    with RealIndexOracle(connection, expendable=connection.info.dbname) as oracle:
        (before,) = oracle.price(["select * from p where a = 3"])
        (after,) = oracle.price(["select * from p where a = 3"], frozenset({spec}))
        assert isinstance(before, Estimate)
        assert isinstance(after, Estimate)
        assert after.cost < before.cost / 10
        assert after.used == {spec}
        part = IndexSpec(RelationName("public", "p0"), (IndexKey("a"),))
        assert oracle.size_bytes(spec) > 1.5 * oracle.size_bytes(part)


def test_who_waits_for_a_lock_is_told_so(table: psycopg.Connection, cluster: Cluster) -> None:
    name = table.info.dbname
    with (
        cluster.connect(name) as other,
        RealIndexOracle(table, expendable=name, lock_timeout="50ms") as oracle,
    ):
        with other.transaction():
            other.execute("lock table t in row exclusive mode")
            with pytest.raises(OracleError, match="lock timeout"):
                oracle.price([ONE], frozenset({BY_A}))
        assert oracle.price([ONE], frozenset({BY_A}))


def test_without_anybodys_word_only_a_shadow_is_touched(table: psycopg.Connection) -> None:
    make_schema(table, "shadow_after")
    table.execute("create table shadow_after.t as select * from public.t")
    table.execute("vacuum analyze shadow_after.t")
    shadow = BY_A.on(RelationName("shadow_after", "t"))
    with RealIndexOracle(table) as oracle:
        (answer,) = oracle.price(["select * from shadow_after.t where a = 7"], frozenset({shadow}))
        assert isinstance(answer, Estimate)
        assert answer.used == {shadow}
        with pytest.raises(OracleError, match="not on a shadow"):
            oracle.price([ONE], frozenset({BY_A}))
        with pytest.raises(OracleError, match="not on a shadow"):
            oracle.price([ONE], frozenset({DropIndexSpec(BY_B)}))


@pytest.mark.parametrize("kind", [HypoPgOracle, RealIndexOracle])
def test_a_word_for_another_database_is_not_taken(
    kind: type[HypoPgOracle] | type[RealIndexOracle], connection: psycopg.Connection
) -> None:
    with (
        pytest.raises(OracleError, match="said to be expendable"),
        kind(connection, expendable="another"),
    ):
        pass


@pytest.mark.parametrize("kind", [HypoPgOracle, RealIndexOracle])
@pytest.mark.parametrize("sign", ["captured facts", "a shadow"])
def test_a_database_that_dbt_serves_people_from_is_not_put_at_risk(
    kind: type[HypoPgOracle] | type[RealIndexOracle], sign: str, connection: psycopg.Connection
) -> None:
    if sign == "a shadow":
        make_schema(connection, "beside")
    else:
        connection.execute("create schema schema_evolve")
    with (
        pytest.raises(OracleError, match="looks like production"),
        kind(connection, expendable=connection.info.dbname),
    ):
        pass


def test_a_database_without_hypopg_says_how_to_get_it(connection: psycopg.Connection) -> None:
    with (
        pytest.raises(OracleError) as missing,
        HypoPgOracle(connection, expendable=connection.info.dbname),
    ):
        pass
    assert "create extension hypopg" in missing.value.remedy


@pytest.fixture
def debian_table(debian_cluster: Cluster) -> Iterator[psycopg.Connection]:
    debian_cluster.create_database("hypothetical")
    with debian_cluster.connect("hypothetical") as connection:
        connection.execute("create extension hypopg")
        connection.execute(TABLE.encode())
        connection.execute("vacuum analyze t")
        yield connection
    with debian_cluster.connect() as admin:
        admin.execute("drop database hypothetical with (force)")


def test_hypopg_leaves_no_hypothetical_index_behind(debian_table: psycopg.Connection) -> None:
    with HypoPgOracle(debian_table, expendable="hypothetical") as oracle:
        oracle.price([ONE], frozenset({BY_A, BY_B}))
        with pytest.raises(OracleError):
            oracle.price([ONE], frozenset({BY_B, IndexSpec(T, (IndexKey("nowhere"),))}))
        (answer,) = oracle.price([ONE], frozenset({BY_A}))
        assert isinstance(answer, Estimate)
        assert answer.used == {BY_A}
    assert not debian_table.execute("select * from hypopg_list_indexes").fetchall()


@pytest.mark.parametrize(
    "spec",
    [
        IndexSpec(T, (IndexKey("a"),), method="gin"),
        IndexSpec(T, (IndexKey("a"),), method="gist"),
        # HypoPG #116: these crash a server.
        IndexSpec(T, (IndexKey("a + 1", is_expression=True),), where="b > 3"),
        DropIndexSpec(BY_B),
    ],
    ids=str,
)
def test_hypopg_refuses_what_it_cannot_do_or_dies_of(
    spec: IndexSpec | DropIndexSpec, debian_table: psycopg.Connection
) -> None:
    with HypoPgOracle(debian_table, expendable="hypothetical") as oracle:
        with pytest.raises(OracleError, match="HypoPG cannot price"):
            oracle.price([ONE], frozenset({spec}))
        with pytest.raises(OracleError, match="HypoPG cannot price"):
            oracle.size_bytes(spec)
