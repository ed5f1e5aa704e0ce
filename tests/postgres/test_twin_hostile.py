"""A catalog that somebody edited does nothing outside the twin's database, and never hangs it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.twin import PlannerTwin, confined
from dbt_schema_evolve.errors import TwinError
from dbt_schema_evolve.recommend.cost import Estimate, Unpriced
from dbt_schema_evolve.records.catalog import (
    Catalog,
    ColumnStatistics,
    IndexShape,
    TableShape,
    ViewShape,
)
from dbt_schema_evolve.records.changes import IndexKey, IndexSpec
from dbt_schema_evolve.records.relations import Column, RelationKind, RelationName

TABLE = RelationName("raw", "t")
SPEC = IndexSpec(TABLE, (IndexKey("i"),))
STATISTICS = (ColumnStatistics("i", False, 0.0, 4, -1.0, histogram_bounds=("1", "500", "999")),)
PLAIN = TableShape(
    TABLE, RelationKind.TABLE, (Column("i", "integer"),), 999.0, 5, 5, STATISTICS, file_pages=5
)
HONEST = Catalog(180000, (), (), (PLAIN,), (), ())
FUNCTION = "create function raw.f(i integer) returns integer immutable"


@pytest.fixture
def outside(cluster: Cluster, connection: psycopg.Connection, tmp_path: Path) -> Iterator[Path]:
    """What must not be touched: a database beside the twin's, its roles, and a folder."""
    connection.execute("create table canary as select 1 as alive")
    roles = "select count(*) from pg_roles where rolsuper"
    before = connection.execute(roles).fetchone()
    mark = tmp_path / "mark"
    tmp_path.chmod(0o777)
    yield mark
    assert connection.execute("select alive from canary").fetchone() == (1,)
    assert connection.execute(roles).fetchone() == before
    assert not mark.exists()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "STATEMENT_TIMEOUT", "1s")
    monkeypatch.setattr("dbt_schema_evolve.backends.twin.twin.STATEMENT_TIMEOUT", "1s")
    monkeypatch.setattr(confined, "_PATIENCE_S", 3.0)
    monkeypatch.setattr(confined, "_GLANCE_S", 0.1)


def view(definition: str) -> Catalog:
    relation = RelationName("raw", "v")
    return replace(HONEST, views=(ViewShape(relation, (Column("a", "text"),), definition),))


def type_of(ddl: str) -> Catalog:
    return replace(HONEST, types=(ddl,))


def index(create_sql: str) -> Catalog:
    return replace(HONEST, indexes=(IndexShape(SPEC, "x", create_sql, 999.0, 5),))


REFUSED = {
    "a second statement": view("select 1; drop schema raw cascade"),
    "another database": type_of('drop database "{database}"'),
    "a program": type_of("copy (select 1) to program 'touch {mark}'"),
    "a program in a view": view("copy (select 1) to program 'touch {mark}'"),
    "a file": type_of("copy (select 1) to '{mark}'"),
    "C code": type_of("create function f() returns int language c as '{mark}', 'f'"),
    "an untrusted extension": replace(HONEST, extensions=(("file_fdw", "raw"),)),
    "a way to other servers": replace(HONEST, extensions=(("dblink", "raw"),)),
    "more rights": type_of("alter role {role} superuser"),
    "a role of its own": type_of("create role evil superuser"),
    "another's rights": type_of("set session authorization postgres"),
    "a setting of the server": type_of("alter system set archive_command = 'touch {mark}'"),
    "our own functions": type_of(
        "create or replace function schema_evolve_rights.flip(indexes oid[]) returns void"
        " language sql as 'select 1'"
    ),
    "a column that runs": replace(
        HONEST,
        tables=(replace(PLAIN, columns=(Column("i", "integer default lo_import('{mark}')"),)),),
    ),
    "a column that ends the statement": replace(
        HONEST, tables=(replace(PLAIN, columns=(Column("i", "integer); drop schema raw; --"),)),)
    ),
    "an index that is none": index("create table raw.x (i integer); drop table raw.t"),
    "a foreign key that is none": replace(
        HONEST, foreign_keys=((TABLE, "x", "check (i > 0) not valid; drop table raw.t"),)
    ),
}  # fmt: skip


def filled(catalog: Catalog, **names: str) -> Catalog:
    """Put names into the texts of a catalog."""

    def fill(text: str) -> str:
        for key, value in names.items():
            text = text.replace("{" + key + "}", value)
        return text

    return replace(
        catalog,
        types=tuple(map(fill, catalog.types)),
        views=tuple(replace(v, definition=fill(v.definition)) for v in catalog.views),
        tables=tuple(
            replace(t, columns=tuple(replace(c, type=fill(c.type)) for c in t.columns))
            for t in catalog.tables
        ),
        foreign_keys=tuple((r, n, fill(d)) for r, n, d in catalog.foreign_keys),
    )


@pytest.mark.parametrize("catalog", REFUSED.values(), ids=REFUSED)
def test_what_needs_rights_is_left_out_and_named(
    cluster: Cluster, database: str, outside: Path, catalog: Catalog
) -> None:
    names = {"database": database, "mark": str(outside), "role": "hostile"}
    with PlannerTwin(cluster, filled(catalog, **names), database="hostile") as twin:
        assert twin.skips
        if catalog.tables == HONEST.tables:
            assert isinstance(twin.price(["select * from raw.t where i < 9"])[0], Estimate)


def test_a_catalog_is_not_read_through_a_view_that_stands(cluster: Cluster, outside: Path) -> None:
    body = "begin perform pg_read_file('/etc/passwd'); return 1; end"
    hostile = replace(
        view("select f.a::text from (select raw.f(1) as a) as f"),
        types=(f"{FUNCTION} language plpgsql as $$ {body} $$",),
    )
    with PlannerTwin(cluster, hostile) as twin:
        (answer,) = twin.price(["select * from raw.v"])
    assert isinstance(answer, Unpriced)
    assert answer.reason == "permission denied for function pg_read_file"


ENDLESS = {
    "sleep": "begin perform pg_sleep(1000); return 1; end",
    "recursion": "begin return raw.f(i + 1); end",
    "a series": "begin perform count(*) from generate_series(1, 1e15::bigint); return 1; end",
}


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.usefixtures("impatient")
def test_a_function_that_does_not_end_costs_its_own_query_and_index(
    cluster: Cluster, outside: Path, body: str
) -> None:
    hostile = replace(
        index("create index x on raw.t (raw.f(i))"),
        types=(f"{FUNCTION} language plpgsql as $$ {body} $$",),
    )
    with PlannerTwin(cluster, hostile) as twin:
        assert [skip.subject for skip in twin.skips] == [str(SPEC)]
        slow, fast = twin.price(["select * from raw.t where i = raw.f(1)", "select * from raw.t"])
    assert isinstance(slow, Unpriced)
    assert isinstance(fast, Estimate)


UNSTOPPABLE = """
begin
    loop
        begin
            perform set_config('statement_timeout', '0', false);
            perform pg_sleep(1000);
        exception when query_canceled then
            null;
        end;
    end loop;
end
"""


@pytest.mark.usefixtures("impatient")
def test_a_function_that_ignores_its_timeout_ends_the_session(
    cluster: Cluster, outside: Path
) -> None:
    catalog = type_of(f"{FUNCTION} language plpgsql as $$ {UNSTOPPABLE} $$")
    with (
        pytest.raises(TwinError, match=r"does not end: explain .* raw\.f\(1\)"),
        PlannerTwin(cluster, catalog) as twin,
    ):
        twin.price(["select * from raw.t where i = raw.f(1)"])


def test_indexes_of_the_server_itself_stay_as_they_are(cluster: Cluster) -> None:
    flip = "select schema_evolve_rights.flip(array['pg_catalog.pg_class_oid_index'::regclass])"
    catalog = replace(
        HONEST, types=(f"do $$ begin perform {flip.removeprefix('select ')}; end $$",)
    )
    with (
        PlannerTwin(cluster, catalog, database="hostile") as twin,
        cluster.connect("hostile") as admin,
    ):
        row = admin.execute(
            "select indisvalid from pg_index where indexrelid = 'pg_class_oid_index'::regclass"
        ).fetchone()
        assert row == (True,)
        assert twin.skips == ()


def test_nothing_of_a_twin_is_left_on_a_server_that_goes_on(cluster: Cluster) -> None:
    with cluster.connect() as admin:
        before = admin.execute("select rolname from pg_roles order by 1").fetchall()
        with PlannerTwin(cluster, HONEST, database="gone soon"):
            assert admin.execute("select rolname from pg_roles order by 1").fetchall() != before
        assert admin.execute("select rolname from pg_roles order by 1").fetchall() == before
