"""Edits to project files, with their inverse."""

from dataclasses import dataclass

from dbt_schema_evolve.records.changes import Recommendation


@dataclass(frozen=True, slots=True)
class FileEdit:
    """One file before and after; paths are relative to the project's root, with `/`."""

    path: str
    before: bytes | None  # None: the file did not exist
    after: bytes | None  # None: the file goes


@dataclass(frozen=True, slots=True)
class ConfigPatch:
    """All edits that carry a set of recommendations into a project."""

    edits: tuple[FileEdit, ...]
    recommendations: tuple[Recommendation, ...]
    # Unique ids that change only once `dbt run --full-refresh` has rebuilt them.
    full_refresh: tuple[str, ...] = ()
    # What each recommendation changes by itself, on top of those before it.
    steps: tuple[FileEdit, ...] = ()

    @property
    def inverse(self) -> "ConfigPatch":
        """The patch that restores every byte."""
        edits = tuple(FileEdit(edit.path, edit.after, edit.before) for edit in self.edits)
        return ConfigPatch(edits, self.recommendations, self.full_refresh)
