"""Postgres itself says whether lineage reads SQL as it does: through views, results and plans."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from benchmarks.lineage_oracle import origins
from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.lineage.sql.bind import bind
from dbt_schema_evolve.lineage.sql.resolve import resolved
from dbt_schema_evolve.lineage.sql.rows import IDENTITY
from dbt_schema_evolve.records.catalog import ColumnStatistics
from dbt_schema_evolve.records.relations import ColumnName, RelationName
from tests.unit.lineage.shop import SCHEMA_SQL, Case, cases, shop

Connection = psycopg.Connection[tuple[Any, ...]]

# What cannot stand in a view, or is not understood on purpose.
ELSEWHERE = {"dialects", "extensions", "left_out", "unknown_relations", "writing"}
READABLE = [
    case for case in cases() if case.file.stem not in ELSEWHERE and case.name != "writing_cte"
]
# A reference to a whole row depends on the relation in pg_depend, on no column.
WHOLE_ROWS = {
    "a_row_and_its_text", "a_row_is_null", "count_of_rows", "whole_row", "whole_rows_as_json",
}  # fmt: skip
# A view cannot have columns of the pseudo-type `record`, nor we know those of a composite type.
NO_VIEWS = {
    "a_row_of_a_derived_table", "a_row_of_values", "all_fields_of_a_composite_column",
    "recursive_search", "row_constructor",
}  # fmt: skip
# The parser reads date_part() as extract(), and Postgres names the column after the function.
MISNAMED = {"functions"}

DEPENDENCIES = """
    select distinct namespace.nspname, relation.relname, attribute.attname
    from pg_depend
    join pg_rewrite on pg_rewrite.oid = pg_depend.objid
    join pg_class as relation on relation.oid = pg_depend.refobjid
    join pg_namespace as namespace on namespace.oid = relation.relnamespace
    left join pg_attribute as attribute
        on attribute.attrelid = relation.oid
        and attribute.attnum = pg_depend.refobjsubid
        and pg_depend.refobjsubid > 0
    where pg_rewrite.ev_class = 'shop.looked_at'::regclass
        and pg_depend.classid = 'pg_rewrite'::regclass
        and pg_depend.refclassid = 'pg_class'::regclass
        and relation.oid <> pg_rewrite.ev_class
        and relation.relkind <> 'c'
"""

ROWS = """
    insert into shop.customers
    select n, 'name ' || n, 'a' || n || '@b.c', (array['DE', 'FR', 'IT'])[1 + n % 3],
        date '1950-01-01' + n * 20, n % 5 = 0,
        jsonb_build_object('city', 'c' || n % 7, 'id', 'x'), array['x', 't' || n % 9],
        (array['good', 'it''s bad']::shop.mood[])[1 + n % 2]
    from generate_series(1, 900) as n;
    insert into shop.orders
    select n, 1 + n % 900, (array['open', 'done', 'it''s', 'void'])[1 + n % 4],
        timestamptz '2023-01-01' + n * interval '1 hour', (n % 977) - 100.25,
        case when n % 3 > 0 then 'note ' || n % 50 end, gen_random_uuid()
    from generate_series(1, 5000) as n;
    insert into shop.items
    select n, 1 + n % 3, 1 + n % 200, n % 10, n % 99 from generate_series(1, 5000) as n;
    insert into shop.products
    select n, 'product ' || n, (array['toys', 'tools', '100%'])[1 + n % 3], n / 7.0
    from generate_series(1, 200) as n;
    insert into shop."Odd Tablé" select n, 'v' || n % 5, n, 'x' from generate_series(1, 200) as n;
    refresh materialized view shop.daily;
    analyze;
"""


@pytest.fixture(scope="module")
def shop_connection(cluster: Cluster) -> Iterator[Connection]:
    """A database with the shop in it and rows in its tables."""
    cluster.create_database("lineage_shop")
    with cluster.connect("lineage_shop") as connection:
        connection.execute(SCHEMA_SQL)
        connection.execute(ROWS)
        connection.execute("set search_path to shop, public")
        yield connection
    with cluster.connect() as connection:
        connection.execute("drop database lineage_shop with (force)")


@pytest.fixture(scope="module")
def statistics(
    shop_connection: Connection,
) -> Callable[[RelationName, str], ColumnStatistics | None]:
    rows = shop_connection.execute(
        """
        select schemaname, tablename, attname, inherited, null_frac, avg_width, n_distinct,
            most_common_vals::text::text[], most_common_freqs::float[],
            histogram_bounds::text::text[], correlation
        from pg_stats where schemaname = 'shop'
        """
    ).fetchall()
    found = {
        (RelationName(row[0], row[1]), row[2]): ColumnStatistics(
            row[2], row[3], row[4], row[5], row[6],
            tuple(row[7]) if row[7] else None,
            tuple(row[8]) if row[8] else None,
            tuple(row[9]) if row[9] else None,
            row[10],
        )
        for row in rows
    }  # fmt: skip
    return lambda relation, column: found.get((relation, column))


def bound(case: Case, statistics: Callable[..., ColumnStatistics | None], draw: int = 0) -> str:
    text = bind(case.sql, shop(), statistics, draw)
    assert isinstance(text, str), text
    return text


VIEWABLE = [case for case in READABLE if case.name not in NO_VIEWS]


@pytest.mark.parametrize("case", VIEWABLE, ids=lambda case: case.id)
def test_edges_are_columns_that_the_view_depends_on(
    shop_connection: Connection,
    statistics: Callable[..., ColumnStatistics | None],
    case: Case,
) -> None:
    """Make a view of the statement, and look up what Postgres says it needs."""
    text = bound(case, statistics)
    _, resolver, rows = resolved(text, shop(), expand=False)
    names = sql.SQL(", ").join(sql.Identifier(f"c{at}") for at in range(len(rows.outputs)))
    try:
        shop_connection.execute("drop view if exists shop.looked_at")
        shop_connection.execute(
            sql.SQL("create view shop.looked_at ({}) as {}").format(names, sql.SQL(text))
        )
        needed = shop_connection.execute(DEPENDENCIES).fetchall()
    finally:
        shop_connection.execute("drop view if exists shop.looked_at")
    columns = {ColumnName(RelationName(s, r), c) for s, r, c in needed if c}
    direct = {column.name for output in rows.outputs for column in output.sources}
    indirect = {column.name for column, _ in resolver.notes.indirect}
    if case.name in WHOLE_ROWS:
        assert {column.relation for column in direct} <= {RelationName(s, r) for s, r, _ in needed}
    else:
        assert direct | indirect <= columns
    # A WITH query that nobody reads is in pg_depend, and never executed.
    if case.name != "unused_is_not_executed":
        assert {RelationName(s, r) for s, r, _ in needed} == resolver.notes.reads


@pytest.mark.parametrize("case", VIEWABLE, ids=lambda case: case.id)
def test_a_column_that_the_server_names_is_the_only_one_and_only_passed_on(
    shop_connection: Connection,
    statistics: Callable[..., ColumnStatistics | None],
    case: Case,
) -> None:
    """The description of a result says which table's column each plain column is."""
    text = bound(case, statistics).partition(" -- ")[0]
    _, _, rows = resolved(text, shop(), expand=False)
    for output, (_, origin) in zip(rows.outputs, origins(shop_connection, text), strict=True):
        if origin is not None:
            assert {column.name: rank for column, rank in output.sources.items()} == {
                origin: IDENTITY
            }


@pytest.mark.parametrize("case", VIEWABLE, ids=lambda case: case.id)
def test_outputs_have_the_names_that_postgres_gives_them(
    shop_connection: Connection,
    statistics: Callable[..., ColumnStatistics | None],
    case: Case,
) -> None:
    if case.name in MISNAMED:
        pytest.xfail("date_part() is read as extract()")
    text = bound(case, statistics).partition(" -- ")[0]
    description = shop_connection.execute(f"select * from ({text}) as q limit 0").description  # type: ignore[call-overload]
    assert [output.name for output in resolved(text, shop(), expand=False)[2].outputs] == [
        column.name for column in description
    ]


PARAMETERISED = [case for case in READABLE if "$" in case.sql]


@pytest.mark.parametrize("draw", [0, 1, 2])
@pytest.mark.parametrize("case", PARAMETERISED, ids=lambda case: case.id)
def test_a_bound_statement_is_one_that_postgres_plans(
    shop_connection: Connection,
    statistics: Callable[..., ColumnStatistics | None],
    case: Case,
    draw: int,
) -> None:
    shop_connection.execute("explain " + bound(case, statistics, draw))  # type: ignore[call-overload]


@pytest.mark.parametrize("case", PARAMETERISED, ids=lambda case: case.id)
def test_without_statistics_a_bound_statement_is_still_one_that_postgres_plans(
    shop_connection: Connection, case: Case
) -> None:
    shop_connection.execute("explain " + bound(case, lambda *_: None))  # type: ignore[call-overload]
