"""Every index that is proposed can be built, and is known once it is there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.postgres.catalog import read_catalog
from dbt_schema_evolve.backends.twin import PlannerTwin
from dbt_schema_evolve.recommend import index, redundant_index
from dbt_schema_evolve.recommend.cost import Estimate
from dbt_schema_evolve.recommend.expression import is_immutable
from dbt_schema_evolve.records.changes import DropIndexSpec, IndexKey, IndexSpec
from dbt_schema_evolve.records.evidence import Evidence
from dbt_schema_evolve.records.relations import RelationName
from dbt_schema_evolve.workflows.catalogued import with_catalog
from tests.fakes.evidence import evidence_of

ODD = RelationName("Odd % schema", 'Tab"le.1')
DDL = '''
create schema "Ext";
create extension pg_trgm schema "Ext";
create schema "Odd % schema";
create table "Odd % schema"."Tab""le.1" (
    "Größe ""L""" int primary key,
    "select" varchar(20) not null,
    fixed char(9),
    "Name" text,
    german text collate "C.utf8",
    bytewise text collate "C",
    body text,
    at timestamp,
    zoned timestamptz,
    "is open" boolean,
    deleted_at date,
    data jsonb,
    tags text[],
    during daterange,
    place point,
    host inet,
    amount numeric(12, 2),
    serial bigint,
    note text
);
create table "Odd % schema".parts (id int, user_id int, at date) partition by range (at);
create table "Odd % schema".parts_1 partition of "Odd % schema".parts
    for values from ('2026-01-01') to ('2026-02-01');
create table "Odd % schema".parts_2 partition of "Odd % schema".parts
    for values from ('2026-02-01') to ('2026-03-01');
insert into "Odd % schema".parts
select i, i % 977, date '2026-01-01' + i % 59 from generate_series(1, 60000) as i;
create index on "Odd % schema".parts (at);
'''
T = 'Odd % schema|Tab"le.1'
COLUMNS: Mapping[str, Mapping[str, Any]] = {
    'Größe "L"': {"distinct": -1},
    "select": {"distinct": 6, "type": "character varying(20)", "width": 8},
    "fixed": {"distinct": 900, "type": "character(9)", "width": 10},
    "Name": {"distinct": -0.9, "type": "text", "width": 20},
    "german": {"distinct": -0.9, "type": "text", "width": 20},
    "bytewise": {"distinct": -0.9, "type": "text", "width": 20},
    "body": {"type": "text", "width": 900},
    "at": {"type": "timestamp without time zone", "width": 8, "correlation": 0.99},
    "zoned": {"type": "timestamp with time zone", "width": 8},
    "is open": {"distinct": 2, "type": "boolean", "width": 1},
    "deleted_at": {"nulls": 0.4, "type": "date"},
    "data": {"type": "jsonb", "width": 300},
    "tags": {"type": "text[]", "width": 60},
    "during": {"type": "daterange", "width": 14},
    "place": {"type": "point", "width": 16},
    "host": {"type": "inet", "width": 10},
    "amount": {"nulls": 0.9, "type": "numeric(12,2)", "width": 8},
    "serial": {"type": "bigint", "width": 8, "distinct": 4000},
    "note": {"type": "text", "width": 400},
}
QUERIES: Mapping[str, Mapping[str, Any]] = {
    "keys": {
        "equality": [f"{T}/select='it''s'", f"{T}/is open=true", f"{T}/deleted_at=null"],
        "one_of": [f"{T}/serial"],
        "range": [f"{T}/at", f"{T}/amount"],
        "order": [f"-{T}/at", f"{T}/serial"],
        "output": [f"{T}/Name"],
    },
    "prefixes": {"prefix": [f"{T}/{c}='Ab%'" for c in ("select", "fixed", "Name", "bytewise")]},
    "german": {"prefix": [f"{T}/german='Ab%'"], "join": [f"{T}/serial", f'{T}/Größe "L"']},
    "expressions": {
        "equality": [
            {"of": f"{T}/Name", "expression": 'lower("Name")'},
            {"of": f"{T}/data", "expression": '"data" ->> \'a "b"\''},
            {"of": f"{T}/zoned", "expression": "date_trunc('day', \"zoned\" at time zone 'UTC')"},
            {"of": f"{T}/zoned", "expression": '"zoned"::date'},
            {"of": f"{T}/at", "expression": '"at"::date'},
        ],
        "group": [f"{T}/select"],
    },
    "inside": {
        "containment": [
            {"of": f"{T}/data", "operator": "@>"},
            {"of": f"{T}/tags", "operator": "&&"},
            {"of": f"{T}/during", "operator": "@>"},
            {"of": f"{T}/host", "operator": "<<="},
            {"of": f"{T}/body", "operator": "@@", "expression": "to_tsvector('simple', \"body\")"},
        ],
        "pattern": [
            {"of": f"{T}/Name", "operator": "~~*"},
            {"of": f"{T}/body", "operator": "~~*", "expression": 'lower("body")'},
        ],
        "equality": [f"{T}/body"],
    },
    "near": {"order": [{"of": f"{T}/place", "operator": "<->"}]},
}


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[psycopg.Connection]:
    with cluster.connect() as admin:
        admin.execute("create database index_candidates")
    with cluster.connect("index_candidates") as connection:
        connection.execute(DDL.encode())
        connection.execute("vacuum analyze")
        yield connection
    with cluster.connect() as admin:
        admin.execute("drop database index_candidates with (force)")


def odd_evidence(**preferences: Any) -> Evidence:
    relation = {"rows": 9_000_000, "bytes": 9_000_000_000, "columns": COLUMNS}
    return evidence_of({"relations": {T: relation}, "queries": QUERIES, "preferences": preferences})


def parts_evidence(bytes_of_parent: int | None = 0) -> Evidence:
    # As captured: a partitioned table has no bytes, and nobody analyzed it as a whole.
    parent = {
        "kind": "partitioned table",
        "rows": None,
        "bytes": bytes_of_parent,
        "columns": {"user_id": {"width": None}, "at": {"width": None}},
    }
    part = {
        "owned": False,
        "rows": 30_000,
        "bytes": 1_300_000,
        "columns": {"user_id": {"distinct": 977}, "at": {"distinct": 31}, "id": {"distinct": -1}},
    }
    name = "Odd % schema|parts"
    return evidence_of(
        {
            "relations": {name: parent, f"{name}_1": part, f"{name}_2": part},
            "queries": {"q": {"equality": [f"{name}/user_id"], "range": [f"{name}/at"]}},
        }
    )


def specs(evidence: Evidence) -> list[IndexSpec]:
    found = [candidate.spec for candidate in index.propose(evidence)]
    assert all(isinstance(spec, IndexSpec) for spec in found)
    return [spec for spec in found if isinstance(spec, IndexSpec)]


@pytest.mark.parametrize("stock", [False, True])
def test_all_that_is_proposed_can_be_built_and_is_not_proposed_again(
    connection: psycopg.Connection, *, stock: bool
) -> None:
    evidence = with_catalog(odd_evidence(stock_indexes_only=stock), read_catalog(connection))
    proposed = specs(evidence)
    assert {spec.method for spec in proposed} == {"btree", "brin", "gin", "gist", "hash"}
    assert len(proposed) > 50
    if stock:
        assert not any(spec.where or spec.include for spec in proposed)
    with all_built(connection, proposed):
        built = with_catalog(evidence, read_catalog(connection, true_ends=False))
    assert len(built.indexes[ODD]) == len(proposed) + 1
    assert not specs(built)


@contextmanager
def all_built(connection: psycopg.Connection, wanted: Sequence[IndexSpec]) -> Iterator[None]:
    try:
        for number, spec in enumerate(wanted):
            named = spec.create_sql.replace(" on ", f" candidate_{number} on ", 1)
            # `binary` selects the protocol that takes one statement only.
            connection.execute(named.encode(), binary=True)
        yield
    finally:
        for number in range(len(wanted)):
            ddl = f'drop index if exists "Odd % schema".candidate_{number}'
            connection.execute(ddl.encode(), binary=True)


def test_the_twin_prices_all_that_is_proposed_together(
    connection: psycopg.Connection, cluster: Cluster
) -> None:
    catalog = read_catalog(connection)
    proposed = [
        spec
        for spec in specs(with_catalog(odd_evidence(), catalog))
        if spec.keys[0].term != "place"  # points have no equality, by which the twin counts values
    ]
    with PlannerTwin(cluster, catalog) as twin:
        (estimate,) = twin.price([f"select * from {ODD.sql}"], frozenset(proposed))
        assert isinstance(estimate, Estimate)
        assert all(twin.size_bytes(spec) > 0 for spec in proposed)


def test_prefixes_need_a_class_where_the_collation_is_not_bytewise(
    connection: psycopg.Connection,
) -> None:
    proposed = specs(with_catalog(odd_evidence(), read_catalog(connection)))
    classes = {
        key.term: key.operator_class
        for spec in proposed
        if spec.method == "btree" and len(spec.keys) == 1
        for key in spec.keys
    }
    assert classes["german"] == "text_pattern_ops"
    assert classes["bytewise"] == ""


def test_a_partitioned_table_is_as_large_as_its_partitions_and_indexed_as_a_whole(
    connection: psycopg.Connection, cluster: Cluster
) -> None:
    parts = RelationName("Odd % schema", "parts")
    assert not specs(parts_evidence())
    catalog = read_catalog(connection)
    evidence = with_catalog(parts_evidence(), catalog)
    row = connection.execute(
        "select sum(pg_relation_size(relid)) from pg_partition_tree('\"Odd % schema\".parts')"
    ).fetchone()
    assert row is not None
    assert evidence.relations[parts].table_bytes == row[0]
    assert evidence.relations[parts].estimated_rows == 60_000
    wanted = IndexSpec(parts, (IndexKey("user_id"),))
    proposed = specs(evidence)
    assert wanted in proposed
    assert {spec.relation for spec in proposed} == {parts}
    assert IndexSpec(parts, (IndexKey("at"),)) not in proposed
    (existing,) = evidence.indexes[parts]
    row = connection.execute(
        "select sum(pg_relation_size(indexrelid)) from pg_index"
        " where indrelid in (select relid from pg_partition_tree('\"Odd % schema\".parts'))"
    ).fetchone()
    assert row is not None
    assert existing.measured_bytes == row[0]
    with PlannerTwin(cluster, catalog) as twin:
        size = twin.size_bytes(wanted)
        with connection.transaction(force_rollback=True):
            connection.execute(wanted.create_sql.encode())
            row = connection.execute(
                "select sum(pg_relation_size(relid)) from pg_partition_tree("
                " (select indexrelid from pg_index"
                " where indrelid = '\"Odd % schema\".parts'::regclass"
                " order by indexrelid desc limit 1))"
            ).fetchone()
        assert row is not None
        assert size == pytest.approx(float(row[0]), rel=0.25)


def test_what_a_partitioned_index_a_replica_identity_or_cluster_rests_on_is_not_dropped(
    connection: psycopg.Connection,
) -> None:
    ddl = """
    create table "Odd % schema".kept (a int not null, b int, c int);
    create unique index on "Odd % schema".kept (a);
    create index on "Odd % schema".kept (b);
    create index on "Odd % schema".kept (b, c);
    create index on "Odd % schema".kept (c);
    """
    connection.execute(ddl.encode())
    connection.execute('alter table "Odd % schema".kept replica identity using index kept_a_idx')
    connection.execute('alter table "Odd % schema".kept cluster on kept_b_idx')
    found = with_catalog(
        evidence_of(
            {
                "relations": {
                    "Odd % schema|kept": {"rows": 10, "materialized": "incremental"},
                    "Odd % schema|parts_1": {"rows": 10, "materialized": "incremental"},
                },
                "queries": {"q": {"equality": ["Odd % schema|kept/a"]}},
            }
        ),
        read_catalog(connection, true_ends=False),
    )
    needed = {
        profile.name: profile.needed_for
        for profiles in found.indexes.values()
        for profile in profiles
    }
    connection.execute('drop table "Odd % schema".kept')
    assert needed["kept_a_idx"] == "the replica identity"
    assert needed["kept_b_idx"] == "clustering"
    assert needed["kept_c_idx"] == ""
    assert needed["parts_1_at_idx"] == "the index of the partitioned table"
    drops = [candidate.spec for candidate in redundant_index.propose(found)]
    terms = {d.index.keys[0].term for d in drops if isinstance(d, DropIndexSpec)}
    assert terms <= {"c", "b"}
    assert not any(isinstance(d, DropIndexSpec) and d.index.keys == (IndexKey("b"),) for d in drops)


@pytest.mark.parametrize(
    ("expression", "column"),
    [
        ('lower("Name")', "Name"),
        ('"at"::date', "at"),
        ('"zoned"::date', "zoned"),
        ("date_trunc('month', \"deleted_at\")", "deleted_at"),
        ('extract(year from "deleted_at")', "deleted_at"),
        ("date_trunc('month', \"zoned\" at time zone 'UTC')", "zoned"),
        ("to_char(\"at\", 'YYYY')", "at"),
        ("concat(\"Name\", 'x')", "Name"),
        ('"Name"::date', "Name"),
        ('"deleted_at"::text', "deleted_at"),
        ('to_tsvector("body")', "body"),
    ],
)
def test_postgres_agrees_on_which_expressions_can_be_keys(
    connection: psycopg.Connection, expression: str, column: str
) -> None:
    spec = IndexSpec(ODD, (IndexKey(expression, is_expression=True),))
    with connection.transaction(force_rollback=True):
        try:
            connection.execute(spec.create_sql.encode())
        except psycopg.errors.InvalidObjectDefinition:
            possible = False
        else:
            possible = True
    assert is_immutable(expression, {str(COLUMNS[column]["type"])}) == possible
