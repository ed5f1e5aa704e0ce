"""Reading a project from disk, and writing a patch to it: all or nothing."""

from pathlib import Path

import pytest

from dbt_schema_evolve.backends import project_files
from dbt_schema_evolve.backends.project_files import read_project_files, write_patch
from dbt_schema_evolve.errors import PatchError, ProjectError
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a folder for models that is not called models."""
    folder = tmp_path / "my project"
    (folder / "transform" / "Ünï cødé").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text("name: shop\nmodel-paths: [transform]\n")
    (folder / "transform" / "a.sql").write_bytes(b"select 1\r\n")
    (folder / "transform" / "Ünï cødé" / "b c.yml").write_bytes(b"\xef\xbb\xbfversion: 2")
    return folder


def test_the_configured_folders_are_read_as_they_are(root: Path) -> None:
    assert read_project_files(root) == {
        "dbt_project.yml": b"name: shop\nmodel-paths: [transform]\n",
        "transform/a.sql": b"select 1\r\n",
        "transform/Ünï cødé/b c.yml": b"\xef\xbb\xbfversion: 2",
    }


def test_packages_output_large_files_and_links_out_of_the_tree_are_left_out(
    root: Path, tmp_path: Path
) -> None:
    for folder in ("target", "dbt_packages", "logs"):
        (root / "transform" / folder).mkdir()
        (root / "transform" / folder / "x.sql").write_text("select 1")
    (root / "transform" / "large.sql").write_text("-" * 5_000_001)
    (root / "transform" / "data.csv").write_text("a\n1\n")
    (tmp_path / "secret.sql").write_text("select 1")
    (root / "transform" / "link.sql").symlink_to(tmp_path / "secret.sql")
    (root / "transform" / "inside.sql").symlink_to(root / "transform" / "a.sql")
    (root / "transform" / "dangling.sql").symlink_to(root / "nowhere.sql")
    assert set(read_project_files(root)) == {
        "dbt_project.yml",
        "transform/a.sql",
        "transform/Ünï cødé/b c.yml",
        "transform/inside.sql",
    }


def test_a_folder_outside_of_the_project_is_not_read(root: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "x.sql").write_text("select 1")
    (root / "dbt_project.yml").write_text("model-paths: ['../shared', 'nowhere']\n")
    assert set(read_project_files(root)) == {"dbt_project.yml"}


@pytest.mark.parametrize("content", [None, "a: [", "a: b: c"])
def test_a_project_without_a_readable_project_file_is_one_clear_error(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "dbt_project.yml").write_text(content)
    with pytest.raises(ProjectError, match=r"dbt_project\.yml") as error:
        read_project_files(tmp_path)
    assert error.value.remedy


def test_a_patch_is_written_and_its_inverse_restores_rights_and_bytes(root: Path) -> None:
    before = read_project_files(root)
    script = root / "transform" / "a.sql"
    script.chmod(0o640)
    patch = ConfigPatch(
        (
            FileEdit("transform/a.sql", b"select 1\r\n", b"select 2\r\n"),
            FileEdit("transform/new/c.sql", None, b"select 3"),
        ),
        (),
    )
    write_patch(root, patch)
    assert script.read_bytes() == b"select 2\r\n"
    assert script.stat().st_mode & 0o777 == 0o640
    assert (root / "transform" / "new" / "c.sql").read_bytes() == b"select 3"
    write_patch(root, patch.inverse)
    assert read_project_files(root) == before
    assert sorted(path.name for path in (root / "transform").rglob(".*")) == []


def test_a_link_within_the_project_stays_a_link(root: Path) -> None:
    link = root / "transform" / "link.sql"
    link.symlink_to(root / "transform" / "a.sql")
    edit = FileEdit("transform/link.sql", b"select 1\r\n", b"select 2\r\n")
    write_patch(root, ConfigPatch((edit,), ()))
    assert link.is_symlink()
    assert (root / "transform" / "a.sql").read_bytes() == b"select 2\r\n"


@pytest.mark.parametrize(
    "edit",
    [
        FileEdit("transform/Ünï cødé/b c.yml", b"something else", b"x"),
        FileEdit("transform/missing.sql", b"select 1", b"x"),
        FileEdit("transform/a.sql", None, b"x"),
        FileEdit("../outside.sql", None, b"x"),
    ],
    ids=["changed", "missing", "in the way", "outside"],
)
def test_nothing_is_written_when_one_file_is_not_as_expected(root: Path, edit: FileEdit) -> None:
    before = read_project_files(root)
    good = FileEdit("dbt_project.yml", before["dbt_project.yml"], b"name: x")
    with pytest.raises(PatchError):
        write_patch(root, ConfigPatch((good, edit), ()))
    assert read_project_files(root) == before
    assert not (root.parent / "outside.sql").exists()


def test_a_failure_in_the_middle_puts_back_what_was_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full by the second file; root may write anywhere, so rights cannot show it."""
    before = read_project_files(root)
    whole, calls = project_files._replace, []

    def full(folder: Path, relative: str, content: bytes | None) -> None:
        calls.append(relative)
        if len(calls) == 2:
            raise OSError(28, "No space left on device", relative)
        whole(folder, relative, content)

    monkeypatch.setattr(project_files, "_replace", full)
    edits = (
        FileEdit("dbt_project.yml", before["dbt_project.yml"], b"name: x"),
        FileEdit("transform/a.sql", b"select 1\r\n", b"select 2"),
    )
    with pytest.raises(PatchError, match="No space left"):
        write_patch(root, ConfigPatch(edits, ()))
    assert read_project_files(root) == before
