"""Projects and targets are found where dbt finds them, or refused with a way out."""

from pathlib import Path

import pytest

from dbt_schema_evolve.backends.dbt_project import DbtProject, find_project, find_target
from dbt_schema_evolve.errors import ProjectError

PROFILES = """
shop:
  target: "{{ env_var('SHOP_TARGET', 'dev') }}"
  outputs:
    dev:
      type: postgres
      host: db.example
      port: "{{ env_var('SHOP_PORT') | as_number }}"
      user: analyst
      password: "{{ env_var('SHOP_PASSWORD') }}"
      dbname: shop
      schema: dev
    lake: {type: snowflake, account: x}
"""
ENV = {"SHOP_PORT": "6543", "SHOP_PASSWORD": "it's a \\ secret"}


@pytest.fixture
def project(tmp_path: Path) -> DbtProject:
    (tmp_path / "dbt_project.yml").write_text("name: shop\nvars: {schema_evolve: {budget: 1GB}}\n")
    (tmp_path / "profiles.yml").write_text(PROFILES)
    return find_project(tmp_path, env={})


def test_settings_come_from_the_project_vars(project: DbtProject) -> None:
    assert project.settings == {"budget": "1GB"}


def test_profile_jinja_is_rendered_from_the_environment(project: DbtProject) -> None:
    target = find_target(project, project.folder, env=ENV)
    assert "port=6543" in target.conninfo
    assert r"password='it\'s a \\ secret'" in target.conninfo


def test_raw_output_and_repr_hold_no_secret(project: DbtProject) -> None:
    target = find_target(project, project.folder, env=ENV)
    assert "env_var" in target.raw["password"]
    assert "secret" not in repr(target)


def test_missing_environment_variable_is_named(project: DbtProject) -> None:
    with pytest.raises(ProjectError, match="SHOP_PORT") as caught:
        find_target(project, project.folder, env={"SHOP_PASSWORD": "x"})
    assert "export SHOP_PORT" in caught.value.remedy


def test_target_of_another_warehouse_is_refused(project: DbtProject) -> None:
    with pytest.raises(ProjectError, match="'snowflake'; we work on Postgres"):
        find_target(project, project.folder, target="lake", env=ENV)


def test_unknown_target_lists_the_known_ones(project: DbtProject) -> None:
    with pytest.raises(ProjectError) as caught:
        find_target(project, project.folder, target="prod", env=ENV)
    assert "dev, lake" in caught.value.remedy


@pytest.mark.parametrize("text", ["", "name: [", "- a list", "\x00"])
def test_broken_project_file_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "dbt_project.yml").write_text(text)
    with pytest.raises(ProjectError) as caught:
        find_project(tmp_path, env={})
    assert str(tmp_path) in caught.value.at


def test_folder_without_a_project_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"dbt_project.yml not found") as caught:
        find_project(tmp_path, env={})
    assert "--project-dir" in caught.value.remedy
