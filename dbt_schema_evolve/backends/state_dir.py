"""The folder beside a dbt project where our own files live."""

from pathlib import Path


def make_state_dir(folder: Path) -> None:
    """Make the folder; git is told not to look into it."""
    folder.mkdir(exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
