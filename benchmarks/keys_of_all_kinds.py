"""Tables whose keys are hard to size, and the indexes on them by what makes them so."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import psycopg

from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import RelationName

SCHEMA = "keys"

# Values follow from the row's number alone, so that two runs build the same files. `spread` visits
# every number once in an order that looks random, `draw` draws, `tail` does so from Zipf's law.
DDL = """
create extension if not exists pg_trgm;
create schema keys;
create type keys.mood as enum ('good', 'fair', 'poor', 'unknown');
create function keys.spread(i bigint, size bigint) returns bigint language sql immutable
    return (i * 7368787) % size;
create function keys.draw(i bigint, size bigint, salt bigint) returns bigint language sql immutable
    return (hashint8extended(i, salt) & 4611686018427387903) % size;
create function keys.tail(i bigint, most bigint, salt bigint) returns bigint language sql immutable
    return floor(most ^ (keys.draw(i, 1000000, salt) / 1e6::float8));

create table keys.numbers as
select
    i as serial,
    keys.spread(i, {rows}) as shuffled,
    keys.draw(i, {rows} / 2, 1) as pairs,
    keys.draw(i, {rows} / 30, 2) as thirty_each,
    keys.draw(i, 20, 3) as low,
    i / 50 as appended,
    keys.tail(i, 1000, 4) as zipf,
    keys.tail(i, {rows}, 5) as long_tail,
    (keys.draw(i, 1000000, 6) / 100.0)::numeric(12, 2) as price,
    keys.draw(i, {rows}, 7)::float8 / 7 as measure,
    keys.draw(i, 30000, 8)::smallint as small,
    keys.draw(i, 3, 9) = 0 as flag,
    (array['good', 'fair', 'poor', 'unknown']::keys.mood[])[keys.tail(i, 5, 10)] as mood,
    case when i % 10 = 0 then keys.spread(i, {rows}) end as mostly_null,
    case when i % 2 = 0 then keys.draw(i, 500, 11) end as half_null,
    case when i % 200 = 0 then 'note ' || i end as rarely_noted
from generate_series(1::bigint, {rows}) as i;

create table keys.moments as
select
    timestamptz '2023-01-01' + i * interval '37 seconds' as logged_at,
    timestamptz '2023-01-01' + keys.spread(i, {rows}) * interval '37 seconds' as happened_at,
    date '2023-01-01' + (i / 150)::int as loaded_on,
    date '2023-01-01' + keys.draw(i, 1000, 12)::int as ordered_on,
    date '2023-01-01' + (keys.draw(i, 1000, 12) + keys.draw(i, 20, 13))::int as shipped_on,
    date '1950-01-01' + keys.draw(i, 20000, 14)::int as born_on,
    date_trunc('hour', timestamp '2023-01-01' + i * interval '37 seconds') as hour,
    keys.draw(i, 86400, 15) * interval '1 second' as lasted
from generate_series(1::bigint, {rows}) as i;

create table keys.texts as
select
    md5(keys.spread(i, {rows})::text)::uuid as id,
    md5(i::text) as hash,
    'https://shop.example.org/products/' || keys.draw(i, 20000, 16) as url,
    'c' || keys.draw(i, 200, 17) as code,
    chr(97 + keys.draw(i, 26, 29)::int) as letter,
    'user' || keys.draw(i, 40000, 18) || '@' || repeat('m', (i % 17)::int) || '.org' as email,
    repeat('wide ', (20 + i % 20)::int) || keys.spread(i, {rows}) as wide,
    repeat('same ', 40) || keys.draw(i, 100, 31) as wide_and_rare,
    case when i % 3 > 0 then 'k' || keys.draw(i, 50, 28) end as tag,
    'd' || keys.draw(i, 200, 17) / 10 as department,
    md5(i::text)::bytea as bytes,
    ('x' || keys.draw(i, 9, 30))::varchar(10) as short,
    ('10.' || i % 200 || '.' || keys.draw(i, 250, 19) || '.1')::inet as address
from generate_series(1::bigint, {rows}) as i;

create table keys.documents as
select
    array(
        select 'tag' || keys.tail(i * 10 + n, 800, 20) from generate_series(1, 1 + i % 6) as n
    ) as tags,
    array(
        select keys.draw(i * 10 + n, {rows}, 21)::int from generate_series(1, 3) as n
    ) as members,
    jsonb_build_object(
        'kind', 'k' || i % 12, 'user', keys.draw(i, 5000, 22),
        'detail', jsonb_build_object('page', '/p/' || keys.draw(i, 900, 23), 'ok', i % 7 > 0)
    ) as payload,
    to_tsvector('simple', (
        select string_agg('w' || keys.tail(i * 20 + n, 9000, 24), ' ')
        from generate_series(1, 12) as n
    )) as words,
    'customer ' || substr(md5(i::text), 1, 6) || ' street ' || keys.draw(i, 3000, 25) as line,
    int8range(keys.spread(i, {rows}), keys.spread(i, {rows}) + 1 + i % 50) as span,
    tstzrange(
        timestamptz '2023-01-01' + i * interval '1 minute',
        timestamptz '2023-01-01' + (i + 30) * interval '1 minute'
    ) as during,
    point(keys.draw(i, 100000, 26), keys.draw(i, 100000, 27)) as place,
    i as serial
from generate_series(1::bigint, {half}) as i;
"""


def load(connection: psycopg.Connection, rows: int) -> None:
    """Create and fill the tables, in place of those of an earlier run."""
    connection.execute(f"drop schema if exists {SCHEMA} cascade".encode())
    connection.execute(DDL.format(rows=rows, half=rows // 2).encode())
    for table in ("numbers", "moments", "texts", "documents"):
        connection.execute(f"vacuum analyze {SCHEMA}.{table}".encode())


def _index(
    table: str,
    *keys: str,
    include: tuple[str, ...] = (),
    where: str = "",
    method: str = "btree",
    operator_class: str = "",
) -> IndexSpec:
    return IndexSpec(
        RelationName(SCHEMA, table),
        tuple(
            IndexKey(
                key.strip("()").removesuffix(" desc") if not key.startswith("(") else key[1:-1],
                is_expression=key.startswith("("),
                descending=key.endswith(" desc"),
                nulls_first=key.endswith(" desc"),
                operator_class=operator_class,
            )
            for key in keys
        ),
        include,
        where,
        method=method,
    )


def _each(table: str, *columns: str, method: str = "btree") -> tuple[IndexSpec, ...]:
    return tuple(_index(table, column, method=method) for column in columns)


INDEXES: Mapping[str, tuple[IndexSpec, ...]] = {
    "integers": _each(
        "numbers", "serial", "shuffled", "pairs", "thirty_each", "low", "appended", "small", "flag"
    ),
    "skewed": _each("numbers", "zipf", "long_tail", "mood"),
    "not deduplicated": _each("numbers", "price", "measure"),
    "null-rich": (
        *_each("numbers", "mostly_null", "half_null", "rarely_noted"),
        *_each("texts", "tag"),
        _index("numbers", "mostly_null", "half_null"),
        _index("texts", "tag", "letter"),
    ),
    "moments": _each(
        "moments", "logged_at", "happened_at", "loaded_on", "ordered_on", "shipped_on", "born_on",
        "hour", "lasted",
    ),
    "text": _each(
        "texts", "id", "hash", "url", "code", "letter", "email", "short", "address", "bytes"
    ),
    "wide": (
        *_each("texts", "wide", "wide_and_rare"),
        _index("texts", "wide_and_rare", "code"),
    ),
    "arrays": _each("documents", "tags", "members"),
    "several keys": (
        _index("numbers", "low", "flag"),
        _index("numbers", "zipf", "low"),
        _index("numbers", "thirty_each", "zipf"),
        _index("numbers", "appended", "shuffled"),
        _index("numbers", "low", "mood", "flag"),
        _index("texts", "code", "email"),
        _index("texts", "letter", "short", "code"),
        _index("moments", "ordered_on", "born_on"),
    ),
    "correlated keys": (
        _index("numbers", "appended", "serial"),
        _index("numbers", "pairs", "thirty_each"),
        _index("texts", "code", "department"),
        _index("moments", "ordered_on", "shipped_on"),
        _index("moments", "loaded_on", "hour"),
        _index("moments", "loaded_on", "logged_at"),
    ),
    "include": (
        _index("numbers", "serial", include=("price", "low")),
        _index("numbers", "low", include=("zipf",)),
        _index("texts", "code", include=("email", "letter")),
        _index("moments", "ordered_on", include=("logged_at",)),
    ),
    "partial": (
        _index("numbers", "serial", where="low = 3"),
        _index("numbers", "thirty_each", where="mostly_null is not null"),
        _index("numbers", "zipf", where="flag"),
        _index("numbers", "mostly_null", where="mostly_null is not null"),
        _index("texts", "email", where="code = 'c7'"),
        _index("moments", "ordered_on", where="loaded_on > date '2023-06-01'"),
    ),
    "expression": (
        _index("texts", "(upper(code))"),
        _index("texts", "(lower(email))"),
        _index("moments", "(date_trunc('day'::text, hour))"),
        _index("numbers", "(serial % 100)"),
        _index("documents", "(payload ->> 'user'::text)"),
    ),
    "descending": (
        _index("numbers", "shuffled desc"),
        _index("moments", "ordered_on desc", "logged_at"),
        _index("numbers", "half_null desc"),
    ),
    "hash": (
        *_each("numbers", "shuffled", "thirty_each", "zipf", "mostly_null", method="hash"),
        *_each("texts", "id", "url", "letter", method="hash"),
    ),
    "brin": (
        *_each("numbers", "serial", "appended", method="brin"),
        *_each("moments", "logged_at", "loaded_on", method="brin"),
        *_each("texts", "email", method="brin"),
        _index("moments", "loaded_on", "hour", method="brin"),
    ),
    "gin": (
        *_each("documents", "tags", "members", "payload", "words", method="gin"),
        _index("documents", "payload", method="gin", operator_class="jsonb_path_ops"),
        _index("documents", "line", method="gin", operator_class="public.gin_trgm_ops"),
    ),
    "gist": (
        *_each("documents", "span", "during", "place", "words", method="gist"),
        _index("documents", "line", method="gist", operator_class="public.gist_trgm_ops"),
    ),
}  # fmt: skip


_TPCH_COLUMNS: Mapping[str, str] = {
    "lineitem": "orderkey partkey suppkey linenumber quantity extendedprice discount tax"
    " returnflag linestatus shipdate commitdate receiptdate shipinstruct shipmode",
    "orders": "orderkey custkey orderstatus totalprice orderdate orderpriority clerk",
    "customer": "custkey name address nationkey phone acctbal mktsegment",
    "part": "partkey name mfgr brand type size container retailprice",
    "partsupp": "partkey suppkey availqty supplycost",
    "supplier": "suppkey name address nationkey phone acctbal",
}
_PREFIXES = {"lineitem": "l", "orders": "o", "customer": "c", "part": "p", "partsupp": "ps"}
_TPCH_OTHERS: Mapping[str, tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...]] = {
    "tpch include": (
        ("lineitem", ("l_partkey",), ("l_quantity", "l_extendedprice"), ""),
        ("orders", ("o_custkey",), ("o_totalprice",), ""),
    ),
    "tpch partial": (
        ("lineitem", ("l_orderkey",), (), "l_returnflag = 'R'"),
        ("orders", ("o_orderdate",), (), "o_orderstatus = 'O'"),
    ),
}


def tpch_indexes() -> Mapping[str, tuple[IndexSpec, ...]]:
    """Return an index on every column but comments, on every two of a table, and a few more."""
    columns = {
        table: [f"{_PREFIXES.get(table, table[0])}_{name}" for name in names.split()]
        for table, names in _TPCH_COLUMNS.items()
    }
    return {
        "tpch single": tuple(_tpch(t, (name,)) for t, names in columns.items() for name in names),
        "tpch pair": tuple(_pairs(columns)),
        **{kind: tuple(_tpch(*each) for each in some) for kind, some in _TPCH_OTHERS.items()},
        "tpch hash": tuple(
            replace(_tpch("lineitem", (name,)), method="hash")
            for name in ("l_orderkey", "l_partkey", "l_shipmode")
        ),
        "tpch brin": tuple(
            replace(_tpch("lineitem", (name,)), method="brin")
            for name in ("l_orderkey", "l_shipdate", "l_comment")
        ),
    }


def _pairs(columns: Mapping[str, list[str]]) -> Iterator[IndexSpec]:
    for table, names in columns.items():
        for pair in itertools.combinations(names, 2):
            yield _tpch(table, pair)


def _tpch(
    table: str, keys: tuple[str, ...], include: tuple[str, ...] = (), where: str = ""
) -> IndexSpec:
    relation = RelationName("public", table)
    return IndexSpec(relation, tuple(IndexKey(key) for key in keys), include, where)
