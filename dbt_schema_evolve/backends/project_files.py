"""A dbt project's own files on disk: read for a patch, and written by one, all or nothing."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from dbt_schema_evolve.errors import PatchError, ProjectError
from dbt_schema_evolve.records.patches import ConfigPatch, FileEdit

PROJECT_FILE = "dbt_project.yml"
_MOST_BYTES = 5_000_000  # nobody writes such a model; seeds of that size are not ours to read
_SUFFIXES = frozenset({".sql", ".yml", ".yaml", ".py"})
_NOT_OURS = frozenset({"target", "dbt_packages", "dbt_modules", "logs", ".git", ".venv"})
_PATH_KEYS = {"model-paths": "models", "seed-paths": "seeds", "snapshot-paths": "snapshots"}


def read_project_files(root: Path) -> dict[str, bytes]:
    """Return dbt_project.yml and the SQL and YAML under the configured paths, by relative path.

    Left out are packages, build output, files above 5 MB and links that lead out of the project.
    """
    project = root / PROJECT_FILE
    try:
        files = {PROJECT_FILE: project.read_bytes()}
    except OSError as error:
        raise ProjectError(
            f"there is no readable {PROJECT_FILE}: {error.strerror}",
            at=str(root),
            remedy="name the project's folder with --project-dir",
        ) from error
    home = root.resolve()
    for folder in _configured_folders(project):
        for path in _text_files(root / folder):
            if path.resolve().is_relative_to(home) and path.stat().st_size <= _MOST_BYTES:
                relative = PurePosixPath(path.relative_to(root).as_posix())
                files[str(relative)] = path.read_bytes()
    return dict(sorted(files.items()))


def write_patch(root: Path, patch: ConfigPatch) -> None:
    """Carry a patch into the project.

    Every file is compared with what the patch expects before the first is touched; each is
    replaced by a rename, and a failure puts back those that were replaced already.
    """
    for edit in patch.edits:
        _check(root, edit)
    done: list[FileEdit] = []
    try:
        for edit in patch.edits:
            _replace(root, edit.path, edit.after)
            done.append(edit)
    except OSError as error:
        for edit in reversed(done):
            with contextlib.suppress(OSError):  # the first failure is the one to report
                _replace(root, edit.path, edit.before)
        raise PatchError(
            f"the file cannot be written: {error.strerror}",
            at=str(error.filename or root),
            remedy="check the rights on it and the free space; nothing was changed",
        ) from error


def _configured_folders(project: Path) -> Sequence[str]:
    try:
        with project.open("rb") as opened:
            settings = YAML(typ="safe", pure=True).load(opened)
    except (YAMLError, ValueError) as error:
        raise ProjectError(
            f"{PROJECT_FILE} is not YAML: {' '.join(str(error).split())[:300]}",
            at=str(project),
            remedy="see that `dbt parse` takes the project",
        ) from error
    folders: list[str] = []
    for key, default in _PATH_KEYS.items():
        value = settings.get(key) if isinstance(settings, dict) else None
        folders += [str(folder) for folder in value] if isinstance(value, list) else [default]
    return sorted(set(folders))


def _text_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):  # which does not follow links
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS)
        for name in sorted(names):
            path = Path(parent, name)
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                yield path


def _check(root: Path, edit: FileEdit) -> None:
    path = root / edit.path
    if not path.resolve().is_relative_to(root.resolve()):
        raise PatchError(
            "the file lies outside of the project", at=str(path), remedy="patch it by hand"
        )
    try:
        content: bytes | None = path.read_bytes()
    except FileNotFoundError:
        content = None
    except OSError as error:
        raise PatchError(
            f"the file cannot be read: {error.strerror}",
            at=str(path),
            remedy="check the rights on it; nothing was changed",
        ) from error
    if content != edit.before:
        raise PatchError(
            "the file has changed since the patch was made",
            at=str(path),
            remedy="plan the patch again from the files as they are; nothing was changed",
        )


def _replace(root: Path, relative: str, content: bytes | None) -> None:
    path = (root / relative).resolve()  # a link within the project stays a link
    if content is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
