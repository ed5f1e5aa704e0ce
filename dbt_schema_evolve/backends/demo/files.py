"""The dbt package and the dbt project that the demo works on, as they ship with us."""

import shutil
from pathlib import Path

import dbt_schema_evolve
from dbt_schema_evolve.errors import ProjectError

PROJECT = "integration_tests"
_PACKAGE_PARTS = ("dbt_project.yml", "macros")
_GENERATED = shutil.ignore_patterns("target", "logs", "dbt_packages", "__pycache__", ".user.yml")


def copy_project(folder: Path) -> Path:
    """Copy the package into a folder and the project beside it; return the project's folder.

    The project installs the package with `local: ../`, so the copies keep that shape.
    """
    home = _home()
    folder.mkdir(parents=True, exist_ok=True)
    for part in (*_PACKAGE_PARTS, PROJECT):
        source, copy = home / part, folder / part
        if source.is_dir():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(source, copy, ignore=_GENERATED)
        else:
            shutil.copyfile(source, copy)
    return folder / PROJECT


def _home() -> Path:
    """Return the folder that holds them: inside an installed wheel, or the repository."""
    package = Path(dbt_schema_evolve.__file__).parent
    for home in (package / "demo_files", package.parent):
        if (home / PROJECT / "dbt_project.yml").is_file():
            return home
    raise ProjectError(
        "the demo's dbt project is not part of this installation",
        at=str(package),
        remedy="reinstall: pip install --force-reinstall 'dbt-schema-evolve[demo]'",
    )
