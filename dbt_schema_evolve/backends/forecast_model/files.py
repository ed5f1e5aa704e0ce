"""Forecast models on disk: a zip archive each, so that one is replaced whole or not at all."""

import zlib
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from dbt_schema_evolve.backends.whole_file import write_whole
from dbt_schema_evolve.errors import PredictorError
from dbt_schema_evolve.predict.bundle import REMEDY, Bundle, read_bundle, write_bundle

PRIOR = Path(__file__).parent / "prior.zip"
# Forty times the one that ships: an archive that unpacks to more is no model of ours.
_MOST_BYTES = 80_000_000


@cache
def read_prior() -> Bundle:
    """Return what was learned from the fleet; raises PredictorError where it is damaged."""
    return read_model(PRIOR)


def read_model(path: Path) -> Bundle:
    """Return the model of a file; raises PredictorError, and runs nothing of what it holds."""
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > _MOST_BYTES:
                raise _refused(f"unpacks to more than {_MOST_BYTES // 1_000_000} MB", path)
            files = {entry.filename: archive.read(entry) for entry in entries}
    except FileNotFoundError as error:
        raise _refused("does not exist", path) from error
    # RuntimeError, NotImplementedError: encrypted, or packed in a way that zipfile cannot unpack.
    except (BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise _refused("is cut off, damaged, or none: a model is a zip archive", path) from error
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror}", path) from error
    if len(files) < len(entries):
        raise _refused("holds two files of one name", path)
    return read_bundle(files, str(path))


def write_model(bundle: Bundle, path: Path) -> None:
    """Put a model where another may have been: the whole of it, or nothing."""
    try:
        write_whole(path, _packed(write_bundle(bundle)))
    except OSError as error:
        raise PredictorError(
            f"the forecast model cannot be written: {error.strerror}",
            at=str(path),
            remedy="check the rights of its folder: what was there is still in use",
        ) from error


def _packed(files: dict[str, bytes]) -> bytes:
    """Return the same bytes for the same files: an entry's time is that of no clock."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            entry = ZipInfo(name)
            entry.compress_type = ZIP_DEFLATED
            archive.writestr(entry, data)
    return packed.getvalue()


def _refused(reason: str, path: Path) -> PredictorError:
    return PredictorError(f"the forecast model {reason}", at=str(path), remedy=REMEDY)
