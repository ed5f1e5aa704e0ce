"""A patch as the text that `git apply` takes, and applied to files in memory."""

import difflib
from collections.abc import Mapping

from dbt_schema_evolve.errors import PatchError
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def unified_diff(patch: ConfigPatch) -> str:
    """Return the patch as a git diff, to be written as UTF-8 without newline translation."""
    return "".join(_file_diff(edit) for edit in patch.edits if edit.before != edit.after)


def applied(patch: ConfigPatch, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files with the patch applied; all or nothing.

    Raises PatchError where a file is not what the patch was made for.
    """
    result = dict(files)
    for edit in patch.edits:
        if files.get(edit.path) != edit.before:
            raise PatchError(
                "the file has changed since the patch was made",
                at=edit.path,
                remedy="plan the patch again from the files as they are",
            )
        if edit.after is None:
            del result[edit.path]
        else:
            result[edit.path] = edit.after
    return result


def _file_diff(edit: FileEdit) -> str:
    old, new = _git_path("a/", edit.path), _git_path("b/", edit.path)
    head = [f"diff --git {old} {new}\n"]
    if edit.before is None:
        head.append("new file mode 100644\n")
    if edit.after is None:
        head.append("deleted file mode 100644\n")
    before, after = _lines(edit.before), _lines(edit.after)
    hunks = list(difflib.unified_diff(before, after, n=3))[2:]
    if hunks:
        # As git does, a tab ends a name with spaces: GNU patch would stop at the space.
        tab = "\t" if " " in edit.path else ""
        head.append(f"--- {'/dev/null' if edit.before is None else old + tab}\n")
        head.append(f"+++ {'/dev/null' if edit.after is None else new + tab}\n")
    body = (
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in hunks
    )
    return "".join((*head, *body))


def _lines(content: bytes | None) -> list[str]:
    """Split at line feeds alone, as git does: a carriage return belongs to its line."""
    text = (content or b"").decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    last = lines.pop()
    return [line + "\n" for line in lines] + ([last] if last else [])


def _git_path(prefix: str, path: str) -> str:
    """Quote a name as git does where it holds what would end it."""
    if not any(character in _ESCAPES or ord(character) < 32 for character in path):
        return prefix + path
    quoted = "".join(
        _ESCAPES.get(character) or (f"\\{ord(character):03o}" if ord(character) < 32 else character)
        for character in prefix + path
    )
    return f'"{quoted}"'
