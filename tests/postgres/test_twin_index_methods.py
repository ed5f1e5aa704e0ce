"""Hypothetical indexes of every method cost what a real one of the same statistics costs."""

from collections.abc import Iterator

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.postgres.explain import explain
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

EVENTS = RelationName("public", "events")
ROWS = 60_000

DDL = f"""
create extension pg_trgm;
create function draw(i bigint, size bigint, salt bigint) returns bigint language sql immutable
    return (hashint8extended(i, salt) & 4611686018427387903) % size;
create table events as
select
    i as serial,
    timestamp '2024-01-01' + i * interval '1 minute' as happened_at,
    md5(i::text)::uuid as id,
    draw(i, 300, 1) as kind,
    array['tag' || draw(i, 40, 2), 'tag' || draw(i, 900, 3)] as tags,
    jsonb_build_object('user', draw(i, 700, 4), 'page', '/p/' || draw(i, 50, 5)) as payload,
    to_tsvector('simple', 'w' || draw(i, 90, 6) || ' v' || draw(i, 2000, 7)) as words,
    'customer ' || substr(md5(i::text), 1, 5) as line,
    point(draw(i, 1000, 9), draw(i, 1000, 10)) as place,
    case when i % 9 = 0 then i end as rarely
from generate_series(1::bigint, {ROWS}) as i;
vacuum analyze events;
"""


def index(*keys: IndexKey | str, method: str = "btree", **details: object) -> IndexSpec:
    columns = tuple(IndexKey(key) if isinstance(key, str) else key for key in keys)
    return IndexSpec(EVENTS, columns, method=method, **details)  # type: ignore[arg-type]


TRIGRAMS = IndexKey("line", operator_class="public.gin_trgm_ops")
CASES = {
    "brin": (
        index("happened_at", method="brin"),
        "select * from events where happened_at between '2024-01-09' and '2024-01-10'",
    ),
    "hash": (
        index("id", method="hash"),
        "select * from events where id = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'",
    ),
    "hash of many equal": (
        index("kind", method="hash"), "select * from events where kind = 7"
    ),
    "gin of arrays": (
        index("tags", method="gin"), "select * from events where tags @> '{tag700}'"
    ),
    "gin of two elements": (
        index("tags", method="gin"), "select * from events where tags @> '{tag700,tag3}'"
    ),
    "gin of jsonb": (
        index("payload", method="gin"), """select * from events where payload @> '{"user": 9}'"""
    ),
    "gin of jsonb paths": (
        index(IndexKey("payload", operator_class="jsonb_path_ops"), method="gin"),
        """select * from events where payload @> '{"user": 9}'""",
    ),
    "gin of words": (
        index("words", method="gin"), "select * from events where words @@ 'v77'::tsquery"
    ),
    "gin of trigrams": (
        index(TRIGRAMS, method="gin"), "select * from events where line like '%abcde%'"
    ),
    "gist of points": (
        index("place", method="gist"),
        "select * from events where place <@ box '(1,1),(9,9)'",
    ),
    "gist of nearest points": (
        index("place", method="gist"),
        "select * from events order by place <-> point '(5,5)' limit 5",
    ),
    "btree, descending": (
        index(IndexKey("kind", descending=True, nulls_first=True), "serial"),
        "select kind from events order by kind desc, serial limit 10",
    ),
    "btree, nulls last": (
        index(IndexKey("rarely", descending=True)),
        "select rarely from events order by rarely desc nulls last limit 10",
    ),
    "btree, included": (
        index("kind", include=("serial",)), "select serial from events where kind = 7"
    ),
    "btree, operator class": (
        index(IndexKey("line", operator_class="text_pattern_ops")),
        "select * from events where line like 'customer abc%'",
    ),
    "btree, partial": (
        index("serial", where="kind = 7"),
        "select * from events where kind = 7 and serial < 5000",
    ),
    "btree, expression": (
        index(IndexKey("serial % 1000", is_expression=True)),
        "select * from events where serial % 1000 = 5",
    ),
    "gin, partial": (
        index("tags", method="gin", where="serial > 50000"),
        "select * from events where tags @> '{tag700}' and serial > 50000",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(cluster: Cluster) -> Iterator[psycopg.Connection]:
    cluster.create_database("index_methods")
    with cluster.connect("index_methods") as connection:
        for statement in DDL.split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database index_methods with (force)")


@pytest.fixture(scope="module")
def twin(cluster: Cluster, warehouse: psycopg.Connection) -> Iterator[PlannerTwin]:
    with PlannerTwin(cluster, read_catalog(warehouse)) as running:
        yield running


def priced_for_real(warehouse: psycopg.Connection, query: str, *ddl: str) -> Estimate:
    with warehouse.transaction(force_rollback=True):
        for statement in ddl:
            warehouse.execute(statement.encode())
        answer = explain(warehouse, query)
    assert isinstance(answer, Estimate)
    return answer


@pytest.mark.parametrize(("spec", "query"), CASES.values(), ids=CASES)
def test_a_hypothetical_index_costs_what_a_real_one_does(
    twin: PlannerTwin, warehouse: psycopg.Connection, spec: IndexSpec, query: str
) -> None:
    (priced,) = twin.price([query], frozenset({spec}))
    real = priced_for_real(warehouse, query, spec.create_sql)
    assert isinstance(priced, Estimate)
    assert priced.used == {spec}
    assert priced.plan == real.plan
    assert priced.cost == pytest.approx(real.cost, rel=0.03)


def test_any_mixture_is_undone_exactly(twin: PlannerTwin) -> None:
    queries = [query for _, query in CASES.values()]
    before = twin.price(queries)
    some = frozenset(spec for spec, _ in list(CASES.values())[::2])
    with_some = twin.price(queries, some)
    with_all = twin.price(queries, frozenset(spec for spec, _ in CASES.values()))
    assert twin.price(queries, some) == with_some
    assert twin.price(queries) == before
    for alone, mixed, all_of_them in zip(before, with_some, with_all, strict=True):
        assert isinstance(alone, Estimate)
        assert isinstance(mixed, Estimate)
        assert isinstance(all_of_them, Estimate)
        assert all_of_them.cost <= mixed.cost <= alone.cost


@pytest.mark.parametrize("method", ["brin", "gin", "hash", "gist"])
def test_an_index_that_exists_is_planned_and_dropped_like_the_real_one(
    cluster: Cluster, warehouse: psycopg.Connection, method: str
) -> None:
    spec, query = next(case for case in CASES.values() if case[0].method == method)
    without = priced_for_real(warehouse, query)
    warehouse.execute(spec.create_sql.encode())
    try:
        with_it = priced_for_real(warehouse, query)
        with PlannerTwin(cluster, read_catalog(warehouse)) as twin:
            (today,) = twin.price([query])
            (dropped,) = twin.price([query], frozenset({DropIndexSpec(spec)}))
    finally:
        (name,) = warehouse.execute(
            "select indexrelid::regclass::text from pg_index where indrelid = 'events'::regclass"
        ).fetchone() or ("",)
        warehouse.execute(f"drop index {name}".encode())
    assert isinstance(today, Estimate)
    assert isinstance(dropped, Estimate)
    assert today.plan == with_it.plan
    assert today.cost == pytest.approx(with_it.cost, rel=0.03)
    assert dropped.plan == without.plan
    assert dropped.cost == pytest.approx(without.cost, rel=0.001)
