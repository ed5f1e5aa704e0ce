"""The diff in the hands of the real git: it applies, backwards too, byte for byte."""

import subprocess
from pathlib import Path

import pytest

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.patch.diff import applied, unified_diff
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit

LONG = "".join(f"line {number}\n" for number in range(40))

EDITS = {
    "plain": FileEdit("models/a.sql", b"one\ntwo\n", b"one\n2\n"),
    "two hunks": FileEdit(
        "a.yml",
        LONG.encode(),
        LONG.replace("line 3\n", "line 3\nnew\n").replace("line 35\n", "").encode(),
    ),
    "no final newline": FileEdit("a.sql", b"one\ntwo", b"{{ config() }}\n\none\ntwo"),
    "last line changes": FileEdit("a.sql", b"one\ntwo", b"one\n2"),
    "final newline appears": FileEdit("a.sql", b"one", b"one\n"),
    "crlf": FileEdit("a.sql", b"one\r\ntwo\r\n", b"one\r\nnew\r\ntwo\r\n"),
    "mixed ends and bom": FileEdit("a.yml", b"\xef\xbb\xbfa\r\nb\nc", b"\xef\xbb\xbfa\r\nB\nc"),
    "other line breaks": FileEdit("a.sql", "a\x0bb\x85c\u2028d\n".encode(), b"e\n"),
    "new": FileEdit("models/new.sql", None, b"select 1\n"),
    "new without newline": FileEdit("models/new.sql", None, b"select 1"),
    "gone": FileEdit("models/old.sql", b"select 1\n", None),
    "emptied": FileEdit("a.sql", b"select 1\n", b""),
    "filled": FileEdit("a.sql", b"", b"select 1\n"),
    "spaces": FileEdit("mo dels/a b.sql", b"one\n", b"two\n"),
    "non-ascii": FileEdit("modèles/Ünï cødé.sql", "é\n".encode(), "ß\n".encode()),
    "quotes": FileEdit('mod"els/back\\slash.sql', b"one\n", b"two\n"),
    "tab": FileEdit("models/a\tb.sql", b"one\n", b"two\n"),
    "not utf-8": FileEdit("a.sql", b"caf\xe9\nx\n", b"caf\xe9\ny\n"),
}


def git(folder: Path, *arguments: str, text: str = "") -> None:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        input=text.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()


def lay_out(folder: Path, edits: tuple[FileEdit, ...]) -> None:
    for edit in edits:
        if edit.before is not None:
            (folder / edit.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / edit.path).write_bytes(edit.before)


def found(folder: Path, edit: FileEdit) -> bytes | None:
    path = folder / edit.path
    return path.read_bytes() if path.exists() else None


@pytest.mark.parametrize("name", EDITS)
def test_git_applies_the_diff_and_the_diff_of_the_inverse(tmp_path: Path, name: str) -> None:
    edit = EDITS[name]
    patch = ConfigPatch((edit,), ())
    lay_out(tmp_path, patch.edits)
    git(tmp_path, "init", "-q")
    git(tmp_path, "apply", "--whitespace=nowarn", "-", text=unified_diff(patch))
    assert found(tmp_path, edit) == edit.after
    git(tmp_path, "apply", "--whitespace=nowarn", "-", text=unified_diff(patch.inverse))
    assert found(tmp_path, edit) == edit.before


def test_git_applies_several_files_at_once_and_outside_of_a_repository(tmp_path: Path) -> None:
    chosen = {edit.path: edit for edit in EDITS.values()}
    patch = ConfigPatch(tuple(chosen.values()), ())
    lay_out(tmp_path, patch.edits)
    git(tmp_path, "apply", "--whitespace=nowarn", "-", text=unified_diff(patch))
    assert [found(tmp_path, edit) for edit in patch.edits] == [edit.after for edit in patch.edits]


def test_an_edit_that_changes_nothing_is_no_diff() -> None:
    assert unified_diff(ConfigPatch((FileEdit("a", b"x", b"x"),), ())) == ""


def test_files_that_are_not_what_the_patch_expects_are_refused() -> None:
    patch = ConfigPatch((FileEdit("a", b"x", b"y"), FileEdit("b", b"x", b"y")), ())
    with pytest.raises(PatchError) as error:
        applied(patch, {"a": b"x", "b": b"changed"})
    assert error.value.at == "b"


def test_a_new_file_does_not_overwrite_one_that_is_there() -> None:
    with pytest.raises(PatchError):
        applied(ConfigPatch((FileEdit("a", None, b"y"),), ()), {"a": b"x"})
