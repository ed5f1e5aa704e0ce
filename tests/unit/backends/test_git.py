"""The commit of a project's folder is known where git knows it; nothing fails where it does not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from dbt_schema_evolve.backends.git import head_commit
from dbt_schema_evolve.records.lineage_states import Commit

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "dbt_project.yml").write_text("name: shop\n")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "A shop"]):
        named = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *named, *arguments], check=True)
    return tmp_path


def sha(folder: Path) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@needs_git
def test_a_clean_folder_is_at_its_commit(repository: Path) -> None:
    assert head_commit(repository) == Commit(sha(repository))


@needs_git
@pytest.mark.parametrize("name", ["dbt_project.yml", "new.sql"])
def test_an_edited_or_a_new_file_makes_it_dirty(repository: Path, name: str) -> None:
    (repository / name).write_text("name: other\n")
    assert head_commit(repository) == Commit(sha(repository), is_dirty=True)


@needs_git
def test_edits_beside_the_project_do_not_make_it_dirty(repository: Path) -> None:
    project = repository / "dbt"
    project.mkdir()
    (repository / "notes.txt").write_text("elsewhere")
    assert head_commit(project) == Commit(sha(repository))


def test_a_folder_that_is_no_repository_has_no_commit(tmp_path: Path) -> None:
    assert head_commit(tmp_path) is None
    assert head_commit(tmp_path / "absent") is None


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert head_commit(Path.cwd()) is None
