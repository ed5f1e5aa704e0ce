"""dbt's artifacts on disk: the files of one target folder."""

from pathlib import Path

from dbt_schema_evolve.errors import ArtifactError

KINDS = ("manifest", "run_results", "catalog")


def artifact_files(target_path: Path) -> dict[str, tuple[bytes, str]]:
    """Return the content and the path of each artifact that is there, by kind.

    The manifest must be there; raises ArtifactError where it is not.
    """
    found = {}
    for kind in KINDS:
        path = target_path / f"{kind}.json"
        try:
            found[kind] = (path.read_bytes(), str(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ArtifactError(
                f"cannot be read: {error.strerror}", at=str(path), remedy="check its rights"
            ) from error
    if "manifest" not in found:
        raise ArtifactError(
            "there is no manifest.json",
            at=str(target_path),
            remedy="run `dbt build` or `dbt compile` first, or pass --project-dir",
        )
    return found
