"""The shadow target builds beside production, in schemas of its own, or not at all."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbt_schema_evolve.backends.cluster import Cluster
from dbt_schema_evolve.backends.dbt_project import find_project, find_target
from dbt_schema_evolve.backends.dbt_runner import DbtRunner
from dbt_schema_evolve.backends.shadow import ShadowTarget
from dbt_schema_evolve.errors import BusyError, DbtError, ProjectError, WarehouseError
from dbt_schema_evolve.ports import Side
from dbt_schema_evolve.records.relations import RelationName
from tests.tiny_project import TinyProject

MODELS = {
    "models/orders.sql": "{{ config(materialized='table') }} select 1 as id, 'ä' as \"Näme\"",
    "models/daily.sql": "select count(*) as orders from {{ ref('orders') }}",
}


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DbtRunner]:
    folder = tmp_path_factory.mktemp("dbt")
    with DbtRunner(folder, folder / "dbt.log") as runner:
        yield runner


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, database: str) -> TinyProject:
    tiny = TinyProject(tmp_path / "project", cluster)
    tiny.write("packages.yml", "packages: []\n")
    tiny.configure()
    tiny.add_target("prod", database, schema="marts")
    for path, text in MODELS.items():
        tiny.write(path, text)
    return tiny


def shadow_of(project: TinyProject, dbt: DbtRunner, folder: Path) -> ShadowTarget:
    found = find_project(project.folder)
    return ShadowTarget(found, find_target(found, project.folder), dbt, folder / "shadow")


def schemas(connection: psycopg.Connection[tuple[object, ...]]) -> set[object]:
    rows = connection.execute("select nspname from pg_namespace where nspname !~ '^(pg_|info)'")
    return {name for (name,) in rows}


def test_both_sides_are_built_compared_and_gone_afterwards(
    project: TinyProject,
    dbt: DbtRunner,
    tmp_path: Path,
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    before = sorted(path.name for path in project.folder.rglob("*"))
    with shadow_of(project, dbt, tmp_path) as shadow:
        base = shadow.prepare(Side.BASELINE, {})
        other = MODELS["models/orders.sql"].replace("1 as id", "2 as id").encode()
        patched = shadow.prepare(Side.PATCHED, {"models/orders.sql": other})
        assert shadow.build(Side.BASELINE).keys() == base.keys()
        shadow.build(Side.PATCHED)
        shadow.settle()
        orders = "model.tiny.orders"
        assert base[orders] == RelationName("marts__shadow_base", "orders")
        assert shadow.columns(base[orders]) == ("id", "Näme")
        assert shadow.relation_digest(base[orders], ["Näme"]) == shadow.relation_digest(
            patched[orders], ["Näme"]
        )
        assert shadow.relation_digest(base[orders], ["id"]) != shadow.relation_digest(
            patched[orders], ["id"]
        )
        assert "marts" not in schemas(connection)
    assert schemas(connection) == {"public"}
    assert not (tmp_path / "shadow").exists()
    assert sorted(path.name for path in project.folder.rglob("*")) == before


def test_project_that_ignores_the_targets_schema_is_refused_before_it_is_built(
    project: TinyProject,
    dbt: DbtRunner,
    tmp_path: Path,
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    project.write(
        "macros/names.sql",
        "{% macro generate_schema_name(custom_schema_name, node) %}production{% endmacro %}",
    )
    with (
        shadow_of(project, dbt, tmp_path) as shadow,
        pytest.raises(ProjectError, match=r"outside the shadow schema"),
    ):
        shadow.prepare(Side.BASELINE, {})
    assert schemas(connection) == {"public"}


def test_schema_of_that_name_that_we_did_not_make_is_left_alone(
    project: TinyProject,
    dbt: DbtRunner,
    tmp_path: Path,
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    connection.execute("create schema marts__shadow_base; create table marts__shadow_base.theirs()")
    with (
        shadow_of(project, dbt, tmp_path) as shadow,
        pytest.raises(WarehouseError, match="exists and is not ours"),
    ):
        shadow.prepare(Side.BASELINE, {})
    assert connection.execute("select * from marts__shadow_base.theirs").fetchall() == []


def test_project_that_does_not_compile_is_one_error(
    project: TinyProject, dbt: DbtRunner, tmp_path: Path
) -> None:
    project.write("models/broken.sql", "select {{ ref('nowhere') }}")
    with (
        shadow_of(project, dbt, tmp_path) as shadow,
        pytest.raises(DbtError, match="nowhere") as caught,
    ):
        shadow.prepare(Side.BASELINE, {})
    assert "dbt.log" in caught.value.remedy


def test_second_validation_of_a_database_is_told_to_wait(
    project: TinyProject, dbt: DbtRunner, tmp_path: Path
) -> None:
    with (
        shadow_of(project, dbt, tmp_path),
        pytest.raises(BusyError, match="another validation"),
        shadow_of(project, dbt, tmp_path),
    ):
        pass
