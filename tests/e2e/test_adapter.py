"""The adapter `pgevolve` in a real dbt project, and the same project back on `postgres`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from tests.tiny_project import DbtRun, TinyProject

MATERIALIZED = """\
{{ config(materialized='materialized_view', indexes=[
  {'columns': ['Shop', 'id desc'], 'include': ['id'], 'where': "note <> 'it''s; ok'"},
  {'columns': ['lower(note)']},
]) }}
select * from {{ ref('orders') }}"""
COVERING = (
    "CREATE UNIQUE INDEX USING btree (id) INCLUDE (\"Prei.s\", shop) WHERE (note ~~ 'a%'::text)"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> TinyProject:
    tiny = TinyProject(tmp_path_factory.mktemp("tiny"), cluster)
    tiny.configure(
        dispatch=[{"macro_namespace": "dbt", "search_order": ["tiny", "schema_evolve", "dbt"]}]
    )
    tiny.write(
        "models/orders.sql",
        """\
{{ config(
  materialized='table',
  indexes=[{
    'columns': ['id'], 'include': ['"Prei.s"', 'shop'], 'where': "note like 'a%'", 'unique': true,
  }],
  meta={'schema_evolve': {'indexes': [{'columns': ['shop desc'], 'where': 'id > 5'}]}},
) }}
select i as id, i % 7 as shop, i * 1.5 as "Prei.s", 'a;\\\\' || i as note
from generate_series(1, 1000) as i -- a comment; with a semicolon""",
    )
    tiny.write(
        "models/by_shop.sql", "select shop, count(*) as n from {{ ref('orders') }} group by 1"
    )
    tiny.write("models/seen.sql", MATERIALIZED)
    # The planner itself fails on a constant division by zero; creating a view does not plan it.
    tiny.write("models/unplannable.sql", "select 1 / 0 as x")
    for target in ("evolve", "stock"):
        cluster.create_database(f"adapter_{target}")
    tiny.add_target("evolve", "adapter_evolve", type="pgevolve", schema="Märts")
    tiny.add_target("stock", "adapter_stock", schema="Märts")
    tiny.link_package()
    return tiny


@dataclass(frozen=True)
class Built:
    run: DbtRun
    responses: dict[str, dict[str, Any]]
    connection: psycopg.Connection

    def indexes(self, relation: str) -> list[str]:
        """Definitions without the names, which are new at each build."""
        found = self.connection.execute(
            "select regexp_replace(indexdef, ' INDEX .* USING', ' INDEX USING') from pg_indexes"
            " where tablename = %s order by 1",
            [relation],
        )
        return [definition for (definition,) in found]


@pytest.fixture(scope="module")
def built(project: TinyProject, cluster: Cluster) -> Iterator[Built]:
    run = project.dbt("run", "--target", "evolve")
    assert run.exit_code == 0, run.output
    with cluster.connect("adapter_evolve") as connection:
        yield Built(run, project.responses(), connection)


def test_tables_get_partial_and_covering_indexes_from_either_place(built: Built) -> None:
    assert built.indexes("orders") == [
        "CREATE INDEX USING btree (shop DESC) WHERE (id > 5)",
        COVERING,
    ]


def test_a_response_tells_what_the_planner_expected(built: Built) -> None:
    plan = built.responses["by_shop"]["plan"]
    assert plan["estimated_rows"] > 0
    assert {"Seq Scan", "Aggregate"} <= {node["type"] for node in plan["nodes"]}
    (scan,) = [node for node in plan["nodes"] if node["type"] == "Seq Scan"]
    assert (scan["schema"], scan["relation"]) == ("Märts", "orders")
    assert plan["estimated_cost"] >= scan["estimated_cost"] > 0
    assert built.responses["orders"]["plan"]["nodes"][0]["type"] == "Function Scan"
    assert built.responses["orders"]["rows_affected"] == 1000


def test_a_model_that_cannot_be_planned_is_built_without_a_plan(built: Built) -> None:
    assert built.responses["unplannable"] == {
        "_message": "CREATE VIEW",
        "code": "CREATE VIEW",
        "rows_affected": -1,
    }


def test_an_unchanged_materialized_view_keeps_its_indexes(
    project: TinyProject, built: Built
) -> None:
    names = "select indexname from pg_indexes where tablename = 'seen' order by 1"
    before = built.connection.execute(names).fetchall()
    assert len(before) == 2
    again = project.dbt("run", "--target", "evolve", "--select", "seen")
    assert again.exit_code == 0, again.output
    assert project.responses()["seen"]["code"] == "REFRESH MATERIALIZED VIEW"
    assert built.connection.execute(names).fetchall() == before


def test_a_changed_predicate_replaces_just_that_index(project: TinyProject, built: Built) -> None:
    names = "select indexname from pg_indexes where tablename = 'seen'"
    before = set(built.connection.execute(names).fetchall())
    project.write("models/seen.sql", MATERIALIZED.replace("ok", "good"))
    changed = project.dbt("run", "--target", "evolve", "--select", "seen")
    assert changed.exit_code == 0, changed.output
    assert len(set(built.connection.execute(names).fetchall()) & before) == 1
    assert built.indexes("seen") == [
        "CREATE INDEX USING btree (lower(note))",
        "CREATE INDEX USING btree (shop, id DESC) INCLUDE (id) WHERE (note <> 'it''s; good'::text)",
    ]


def test_a_bad_index_is_refused_before_the_table_is_built(
    project: TinyProject, built: Built
) -> None:
    project.write(
        "models/refused.sql",
        "{{ config(materialized='table', indexes=[{'columns': ['x'], 'where': 'where x > 1'}]) }}"
        "select 1 as x",
    )
    project.write(
        "models/unknown.sql",
        "{{ config(materialized='table', indexes=[{'columns': ['x'], 'whree': 'x > 1'}]) }}"
        "select 1 as x",
    )
    try:
        run = project.dbt("run", "--target", "evolve", "--select", "refused", "unknown")
    finally:
        for name in ("refused", "unknown"):
            (project.folder / "models" / f"{name}.sql").unlink()
    assert run.exit_code == 1
    assert "`where` takes the predicate alone, without the word `where`" in run.output
    assert "'whree' was unexpected" in run.output
    assert not run.statements("refused__dbt_tmp")
    assert not run.statements("unknown__dbt_tmp")


def test_the_project_still_builds_on_postgres(
    project: TinyProject, built: Built, cluster: Cluster
) -> None:
    run = project.dbt("run", "--target", "stock", "--exclude", "seen")
    assert run.exit_code == 0, run.output
    assert "plan" not in project.responses()["by_shop"]
    with cluster.connect("adapter_stock") as connection:
        stock = Built(run, {}, connection)
        # `where` and `include` through our package's macro; what stands in `meta` only we read.
        assert stock.indexes("orders") == [
            COVERING,
        ]
