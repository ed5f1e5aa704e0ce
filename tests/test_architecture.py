"""What ARCHITECTURE.md promises and no linter checks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dbt_schema_evolve"


def modules_loaded_by(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return {name.partition(".")[0] for name in done.stdout.splitlines()}


def test_every_dbt_command_imports_us_for_nothing() -> None:
    """dbt 1.x imports each top-level module whose name starts with `dbt_`."""
    grown = modules_loaded_by("import dbt_schema_evolve") - modules_loaded_by("pass")
    assert grown == {"dbt_schema_evolve"}


def test_dbt_is_not_loaded_to_print_help() -> None:
    assert not modules_loaded_by("import dbt_schema_evolve.cli") & {"dbt", "torch", "lightgbm"}


def test_every_folder_of_the_package_is_on_the_map() -> None:
    map_of_code = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    folders = [path.parent for path in PACKAGE.glob("*/__init__.py")]
    folders += [path.parent for path in PACKAGE.glob("backends/*/__init__.py")]
    for folder in folders:
        assert f"`{folder.relative_to(PACKAGE)}/`" in map_of_code, folder


@pytest.mark.parametrize("path", sorted((PACKAGE / "backends/postgres/sql").glob("*.sql")), ids=str)
def test_every_query_says_its_server_and_names_us(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^-- .*Oldest server: 1[3-9]\b", text, re.MULTILINE)
    assert re.search(r"^-- .*Privilege: ", text, re.MULTILINE)
    assert "/* schema_evolve */" in text


def test_nothing_is_pickled() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert "pickle" not in path.read_text(encoding="utf-8"), path
