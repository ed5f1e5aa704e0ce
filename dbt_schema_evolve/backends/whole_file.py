"""Files that are replaced in one step: the whole of the new one, or the old one as it was."""

from pathlib import Path


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Put a file where another may have been; raises OSError, and leaves nothing half-written.

    `mode` is less what the umask takes, as for any file.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.touch(mode)
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
